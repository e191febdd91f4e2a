// SPDX-License-Identifier: Apache-2.0
//
// A made-up state of a busy server, with one culprit and one client whose User-Agent attacks the
// page.
#pragma once

#include "module/status/verdict.hpp"
#include "module/status/view.hpp"

namespace finwait::test {

inline constexpr char kHostileUserAgent[] =
    "</bdi></b><script>document.title='pwned'</script><img src=x "
    "onerror=\"document.title='pwned'\">"
    "' \" & \xff\xc3 \x1b[31m";

inline AccountView account(std::string user_agent, std::uint64_t now, double socket_seconds) {
    AccountView account;
    account.user_agent = std::move(user_agent);
    account.vhost = "www.example.org";
    account.now.fin_wait_2 = now;
    account.finished.closes = 10 * now + 7;
    account.finished.stuck = now;
    account.finished.requests = 30 * now;
    account.finished.drained_bytes = 1'400'000;
    account.finished.socket_seconds = socket_seconds;
    account.finished.addresses = 3;
    account.finished.words.outcomes[static_cast<std::size_t>(Outcome::timeout)] = now;
    account.finished.words.causes[static_cast<std::size_t>(Cause::keepalive_timeout)] = now;
    account.finished.fin_wait_2.buckets = {{0.1, 5}, {1, 2}, {10, 3}};
    account.finished.fin_wait_2.beyond = now;
    account.opened = std::chrono::milliseconds(1'700'000'000'000);
    account.last_seen = std::chrono::milliseconds(1'700'003'599'000);
    return account;
}

inline StatusView a_view() {
    StatusView view;
    view.version = "0.1.0";
    view.now = std::chrono::milliseconds(1'700'003'600'000);
    view.process = {
        4711, std::chrono::hours(5), std::chrono::milliseconds(1234), 5'300'000, 524'288, 0, 2, 1,
        {}};
    view.process.confinement.uid = 33;
    view.process.confinement.landlock_abi = 6;
    view.process.confinement.add(Restriction::landlock);
    view.process.started = view.now - view.process.uptime;
    view.module = {15'432, 15'000, 430, {}};
    view.module.declined.back() = 2;
    view.closer.received = 15'430;
    view.closer.records = 15'000;
    view.closer.words.outcomes = {20, 14'000, 0, 5, 300, 12, 0, 0, 93};
    view.closer.words.causes[static_cast<std::size_t>(Cause::keepalive_timeout)] = 15'000;
    view.draining = {12, 200, 1};
    view.held_max = 100'000;
    view.waiting = {3, 215, 0};
    view.module.backends_forgotten = 4;
    view.foreign_unknown.clear();
    view.foreign_of = view.now - std::chrono::milliseconds(2100);
    view.foreign.unattributed = {0, 15, 0};
    view.foreign.backends = {{{Endpoint::Family::ipv4, 8009, {198, 51, 100, 3}},
                              "ajp://app<1>.example.org:8009",
                              {1, 20, 0}}};
    view.foreign.other_programs = {0, 3, 0};
    view.kernel = {32'768, 18, 65'536, 430, 60};
    view.accounts = {account("python-requests/2.28.1", 412, 35'000),
                     account(kHostileUserAgent, 2, 60), account("", 1, 2)};
    view.culprit = {view.accounts[0].user_agent, 412};
    view.finished = view.accounts[0].finished;
    view.vhosts = {{"www.example.org", view.finished}, {"quoted\"\\\nname", view.finished}};
    SocketView oldest{Phase::draining,
                      TcpState::fin_wait_2,
                      {Endpoint::Family::ipv4, 40'000, {192, 0, 2, 7}},
                      0x1f3a,
                      std::chrono::seconds(14),
                      kHostileUserAgent,
                      "www.example.org"};
    view.oldest = {oldest};
    view.notices = {
        {std::chrono::milliseconds(1'700'003'000'000), NoticeLevel::warning, "a <b>notice</b>"}};
    for (std::uint32_t i = 0; i < kHistoryPoints; ++i) view.hour.push_back({i, 2 * i});
    return view;
}

}  // namespace finwait::test
