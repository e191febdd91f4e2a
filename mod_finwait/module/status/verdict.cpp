// SPDX-License-Identifier: Apache-2.0
#include "module/status/verdict.hpp"

#include <algorithm>
#include <cctype>

#include "finwait/tally.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

// Beyond the one the kernel resets what is closed, beyond the other it forgets it. Names those that
// are half reached; "" if none is.
std::string limits_near(const KernelView& kernel) {
    std::string text;
    const auto look_at = [&](std::string_view name, const auto& now, const auto& max,
                             std::string_view beyond) {
        if (!now || !max || *max == 0 || *now < *max / 2) return;
        text.append(" ").append(name).append(" is at ").append(std::to_string(*now));
        text += " of " + std::to_string(*max) + ": beyond it the kernel ";
        text.append(beyond).append(".");
    };
    look_at("tcp_max_orphans", kernel.orphans, kernel.max_orphans, "resets what is closed");
    look_at("tcp_max_tw_buckets", kernel.tw_buckets, kernel.max_tw_buckets,
            "forgets what is closed");
    return text;
}

std::string sockets(std::uint64_t number) {
    return std::to_string(number) + (number == 1 ? " socket" : " sockets");
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
    return std::to_string((100 * part + whole / 2) / whole) + " %";
}

void accuse(Verdict& verdict, const Culprit& culprit, std::uint64_t all) {
    verdict.user_agent = culprit.client;
    if (2 * culprit.sockets >= all) {
        verdict.after = " holds " + std::to_string(culprit.sockets) + " of " + sockets(all) +
                        " in FIN_WAIT_2 on this server's ports (" +
                        percent_text(culprit.sockets, all) + ")";
        return;
    }
    verdict.before =
        sockets(all) +
        " in FIN_WAIT_2 on this server's ports, and no one client holds most of them: ";
    verdict.after = " comes first with " + std::to_string(culprit.sockets);
}

// Who has most: sockets that httpd closed and the backend did not.
std::string backends_text(const ForeignSockets& foreign) {
    const std::uint64_t all = foreign.to_backends().fin_wait_2;
    if (all == 0) return {};
    const auto& first = *std::ranges::max_element(
        foreign.backends, {}, [](const auto& backend) { return backend.sockets.fin_wait_2; });
    std::string text = " " + sockets(all) + " to backends " + (all == 1 ? "is" : "are") +
                       " in FIN_WAIT_2: httpd has closed, " + endpoint_text(first.address);
    if (!first.name.empty()) text += " (" + first.name + ")";
    return text + " has not closed " + std::to_string(first.sockets.fin_wait_2) + ".";
}

// "" if none waits.
std::string logs_text(const WaitingLogsView& logs) {
    if (logs.count == 0) return {};
    std::string text = " Log " + logs.name + " has taken nothing since " + time_text(logs.since) +
                       ": " + std::to_string(logs.lines) + " lines wait for it";
    if (logs.count > 1) text += ", and others for " + std::to_string(logs.count - 1) + " more logs";
    return text + ".";
}

std::string trouble_text(const StatusView& view) {
    if (view.trouble.empty()) return {};
    std::string text = view.trouble + ". ";
    if (view.figures_of.count() != 0)
        text += "The figures are of " + time_text(view.figures_of) + ". ";
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

}  // namespace

std::string shown_client(const std::string& user_agent, const std::string& proxy) {
    return proxy.empty() ? user_agent_text(user_agent) : proxy_text(proxy);
}

std::string_view name_of(Verdict::Level level) {
    switch (level) {
        case Verdict::Level::calm:
            return "calm";
        case Verdict::Level::watch:
            return "watch";
        case Verdict::Level::bad:
            return "bad";
    }
    return "unknown";
}

Verdict verdict_of(const StatusView& view) {
    const std::uint64_t all = view.on_ports().fin_wait_2;
    const std::uint64_t unattributed = view.foreign.unattributed.fin_wait_2;
    const std::uint64_t to_backends = view.foreign.to_backends().fin_wait_2;
    Verdict verdict;
    const std::string limits = limits_near(view.kernel);
    if (!limits.empty() || !view.trouble.empty() || view.waiting_logs.count != 0)
        verdict.level = Verdict::Level::bad;
    else if (std::max(all, to_backends) >= kFewSockets)
        verdict.level = Verdict::Level::watch;
    if (all == 0)
        verdict.before = "No socket is in FIN_WAIT_2 on this server's ports";
    else if (unattributed > all / 2)
        verdict.before =
            std::to_string(unattributed) + " of " + sockets(all) +
            " in FIN_WAIT_2 on this server's ports are not the closer's: httpd or another program "
            "closed them, or a closer that is gone";
    else if (view.culprit.sockets == 0)
        verdict.before = sockets(all) + " in FIN_WAIT_2 on this server's ports";
    else
        accuse(verdict, view.culprit, all);
    verdict.before.insert(0, trouble_text(view));
    if (!view.knows_foreign()) verdict.after += "; those that are not the closer's are not known";
    verdict.after += '.';
    verdict.after += backends_text(view.foreign);
    verdict.after += limits;
    verdict.after += logs_text(view.waiting_logs);
    return verdict;
}

}  // namespace finwait
