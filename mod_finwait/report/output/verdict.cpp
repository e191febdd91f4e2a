// SPDX-License-Identifier: Apache-2.0
#include "report/output/verdict.hpp"

#include "presentation/text.hpp"
#include "report/analysis/judge.hpp"
#include "report/output/figures.hpp"

namespace finwait::report {

namespace {

constexpr std::size_t kNamedMax = 3;
constexpr std::size_t kNameMax = 80;  // bytes

std::string name_with_product(const Row& row) {
    std::string name = clipped(title_of(row), kNameMax);
    if (!row.product.empty() && !row.name.starts_with(row.product))
        name += " (" + clipped(row.product, kNameMax) + ")";
    return name;
}

std::string others_text(const Report& report) {
    const Share& others = report.others_stuck;
    if (others.whole < report.sample_min) return "there are no other clients to compare with";
    return "of the other clients' " + percent_text(others.value());
}

std::string accusation(const Report& report, const Row& culprit) {
    return name_with_product(culprit) +
           " leaves your sockets in FIN_WAIT_2: " + percent_text(culprit.stuck().value()) +
           " of its " + grouped(culprit.tally.closes) + " closes got stuck, " +
           others_text(report) + ". It caused " + percent_text(report.cost_share(culprit)) +
           " of all time in FIN_WAIT_2.";
}

std::string accusation(const Report& report, const std::vector<const Row*>& culprits) {
    Share stuck;
    double cost = 0;
    std::string names;
    for (std::size_t i = 0; i < culprits.size(); ++i) {
        stuck.part += culprits[i]->stuck().part;
        stuck.whole += culprits[i]->stuck().whole;
        cost += report.cost_share(*culprits[i]);
        if (i < kNamedMax) names += (i == 0 ? "" : ", ") + name_with_product(*culprits[i]);
    }
    if (culprits.size() > kNamedMax)
        names += " and " + std::to_string(culprits.size() - kNamedMax) + " more";
    return std::to_string(culprits.size()) + " clients leave your sockets in FIN_WAIT_2: " + names +
           ". " + percent_text(stuck.value()) + " of their closes got stuck, " +
           others_text(report) + ". They caused " + percent_text(cost) +
           " of all time in FIN_WAIT_2.";
}

std::string acquittal(const Report& report) {
    const Share stuck = report.all.stuck();
    const std::string counted = grouped(stuck.part) + " of " + grouped(stuck.whole) +
                                " closes got stuck (" + percent_text(stuck.value()) + ")";
    if (!is_client(report.by)) return counted + ".";
    if (stuck.interval().low <= kNotable) {
        return "No client leaves your sockets in FIN_WAIT_2 to speak of: " + counted + ".";
    }
    if (stuck.whole < report.sample_min)
        return "Too few closes to tell who leaves your sockets in FIN_WAIT_2: " + counted + ".";
    return "No client stands out, though " + counted +
           ": what all have in common may be the cause, such as a firewall or a proxy.";
}

}  // namespace

std::string verdict_of(const Report& report) {
    if (report.all.tally.closes == 0) return "No close of a connection is told here.";
    const auto culprits = report.culprits();
    if (culprits.empty()) return acquittal(report);
    return culprits.size() == 1 ? accusation(report, *culprits.front())
                                : accusation(report, culprits);
}

}  // namespace finwait::report
