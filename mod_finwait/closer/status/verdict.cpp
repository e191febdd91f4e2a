// SPDX-License-Identifier: Apache-2.0
#include "closer/status/verdict.hpp"

#include <algorithm>
#include <map>

#include "closer/status/present.hpp"

namespace finwait {

namespace {

std::uint64_t unattributed_now(const StatusView& view) {
    return view.unattributed ? view.unattributed->fin_wait_2 : 0;
}

// Those of replaced closers are our own, though this closer does not know whose they are.
std::uint64_t foreign_now(const StatusView& view) {
    return unattributed_now(view) - std::min(unattributed_now(view), view.held_by_other_closers);
}

std::uint64_t fin_wait_2_now(const StatusView& view) {
    return view.draining.fin_wait_2 + view.waiting.fin_wait_2 + unattributed_now(view);
}

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
    verdict.user_agent = shown_user_agent(culprit.user_agent);
    if (2 * culprit.sockets >= all) {
        verdict.after = " holds " + std::to_string(culprit.sockets) + " of " + sockets(all) +
                        " in FIN_WAIT_2 (" + percent_text(culprit.sockets, all) + ")";
        return;
    }
    verdict.before = sockets(all) + " in FIN_WAIT_2, and no one client holds most of them: ";
    verdict.after = " comes first with " + std::to_string(culprit.sockets);
}

}  // namespace

std::string shown_user_agent(const std::string& user_agent) {
    return user_agent.empty() ? "(no User-Agent)" : user_agent;
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

// A client can call itself "(other)"; no virtual host can.
Culprit culprit_of(const std::vector<AccountView>& accounts) {
    std::map<std::string_view, std::uint64_t> sockets;
    for (const AccountView& account : accounts)
        if (account.vhost != kOtherPresent) sockets[account.user_agent] += account.now.fin_wait_2;
    const auto most =
        std::ranges::max_element(sockets, {}, [](const auto& one) { return one.second; });
    if (most == sockets.end() || most->second == 0) return {};
    return {std::string(most->first), most->second};
}

Verdict verdict_of(const StatusView& view) {
    const std::uint64_t all = fin_wait_2_now(view);
    Verdict verdict;
    const std::string limits = limits_near(view.kernel);
    if (!limits.empty())
        verdict.level = Verdict::Level::bad;
    else if (all >= kFewSockets)
        verdict.level = Verdict::Level::watch;
    if (all == 0)
        verdict.before = "No socket is in FIN_WAIT_2";
    else if (foreign_now(view) > all / 2)
        verdict.before =
            std::to_string(foreign_now(view)) + " of " + sockets(all) +
            " in FIN_WAIT_2 were closed by another program, or before this closer began";
    else if (view.culprit.sockets == 0)
        verdict.before = sockets(all) + " in FIN_WAIT_2";
    else
        accuse(verdict, view.culprit, all);
    if (!view.unattributed) verdict.after += "; those that are not the closer's are not known";
    verdict.after += '.';
    verdict.after += limits;
    return verdict;
}

}  // namespace finwait
