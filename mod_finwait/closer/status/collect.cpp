// SPDX-License-Identifier: Apache-2.0
#include "closer/status/collect.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "closer/status/present.hpp"
#include "closer/tcp_socket.hpp"
#include "finwait/version.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;

milliseconds to_ms(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<milliseconds>(time);
}

double to_seconds(Time time) {
    return std::chrono::duration<double>(time).count();
}

std::optional<std::uint64_t> read_number(const std::string& file) {
    std::uint64_t number = 0;
    if (!(std::ifstream(file) >> number)) return std::nullopt;
    return number;
}

template <std::size_t N>
void copy_counters(const std::array<Counter, N>& from, std::array<std::uint64_t, N>& to) {
    for (std::size_t i = 0; i < N; ++i) to[i] = read(from[i]);
}

void fill_process(const StatusSources& sources, Moment now, ProcessView& process) {
    process.pid = ::getpid();
    process.uptime =
        std::chrono::duration_cast<std::chrono::seconds>(now.monotonic - sources.started);
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
        process.cpu_time +=
            std::chrono::seconds(time.tv_sec) + to_ms(std::chrono::microseconds(time.tv_usec));
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    if (std::ifstream("/proc/self/statm") >> pages >> resident)
        process.resident_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    process.descriptor_limit = sources.descriptor_limit;
    process.unsent_notices = sources.notices.unsent();
    process.unanswered_questions = sources.unanswered_questions;
    process.unwritten_lines = read(sources.counters.unwritten[sources.slot]);
    process.closers = 0;
    for (const Counter& running : sources.counters.running) process.closers += read(running);
}

void fill_counters(const CloserCounters& counters, CloserTotals& totals) {
    totals.received = read(counters.received);
    totals.bad_messages = read(counters.bad_messages);
    totals.records = read(counters.records);
    totals.unlogged = read(counters.unlogged);
    totals.dropped = read(counters.dropped);
    totals.shed = read(counters.shed);
    totals.lost = read(counters.lost);
    copy_counters(counters.causes, totals.words.causes);
    copy_counters(counters.drains, totals.words.drains);
    copy_counters(counters.outcomes, totals.words.outcomes);
}

// Nothing is read between the half-close and the client's FIN or RST, which ends the drain: so a
// held socket is in FIN_WAIT_1 until the acknowledgement moves it to the other list.
TcpState state_of(const HeldSocket& held) {
    return held.drain.is_in_fin_wait_2() ? TcpState::fin_wait_2 : TcpState::fin_wait_1;
}

void fill_held(const StatusSources& sources, Time now, StatusView& view, Present& present) {
    view.held_max = sources.held_max;
    sources.held.visit_all([&](const HeldSocket& held) {
        const TcpState state = state_of(held);
        ++(state == TcpState::fin_wait_2 ? view.held.fin_wait_2 : view.held.fin_wait_1);
        present.add({held.handoff.user_agent(), held.handoff.vhost()}, state,
                    held.drain.fin_wait_2_time(now));
    });
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot)
        if (slot != sources.slot) view.held_by_other_closers += read(sources.counters.held[slot]);
}

SocketView shown(const HeldSocket& held, Time now) {
    const EndFacts facts = end_facts(held.socket.get());
    SocketView socket;
    socket.owner = SocketOwner::held;
    socket.state = facts.state;
    socket.cookie = facts.cookie;
    socket.peer = held.handoff.peer();
    socket.age = now - held.drain.half_close();
    socket.user_agent = held.handoff.user_agent();
    socket.vhost = held.handoff.vhost();
    return socket;
}

void fill_oldest_held(const HeldSockets& sockets, Time now, std::vector<SocketView>& oldest) {
    std::vector<const HeldSocket*> all;
    all.reserve(sockets.size());
    sockets.visit_all([&](const HeldSocket& held) { all.push_back(&held); });
    const auto count = static_cast<std::ptrdiff_t>(std::min(all.size(), kOldestShown));
    std::ranges::partial_sort(all, all.begin() + count, {},
                              [](const HeldSocket* held) { return held->drain.half_close(); });
    for (const HeldSocket* held : std::span(all).first(static_cast<std::size_t>(count)))
        oldest.push_back(shown(*held, now));
}

// To be filled from the follower: the sockets in each state, their accounts in `present`, the
// oldest.
void fill_followed(StatusView& view, Present& present) {
    static_cast<void>(present);
    view.following.is_on = false;
    view.following.why_not = "this version does not follow a socket after its drain";
}

// To be filled from the ledger: `finished`, `vhosts`, and the accounts it has with their
// `finished`.
void fill_ledger(StatusView& view) {
    static_cast<void>(view);
}

void add_present(const Present::Account& present, AccountView& account) {
    account.now = present.sockets;
    account.open_socket_seconds = to_seconds(present.fin_wait_2_time);
}

// The sockets there are now, beside what the ledger says of the same account.
void fill_present(StatusView& view, Present& present) {
    for (AccountView& account : view.accounts)
        add_present(present.take({account.user_agent, account.vhost}), account);
    for (const auto& [key, counts] : present.accounts()) {
        AccountView account;
        account.user_agent = key.first;
        account.vhost = key.second;
        add_present(counts, account);
        view.accounts.push_back(std::move(account));
    }
}

void rank_accounts(StatusView& view) {
    std::ranges::stable_sort(view.accounts, std::ranges::greater(), &AccountView::socket_seconds);
    if (view.accounts.size() <= kAccountsShownMax) return;
    view.accounts_left_out = view.accounts.size() - kAccountsShownMax;
    view.accounts.resize(kAccountsShownMax);
}

void keep_oldest(std::vector<SocketView>& oldest) {
    std::ranges::stable_sort(oldest, std::ranges::greater(), &SocketView::age);
    if (oldest.size() > kOldestShown) oldest.resize(kOldestShown);
}

void fill_notices(const Notices& notices, Moment now, std::vector<NoticeView>& view) {
    for (const KeptNotice& notice : notices.kept())
        view.push_back(
            {to_ms(now.realtime - (now.monotonic - notice.at)), notice.level, notice.text});
}

}  // namespace

// net/ipv4/proc.c, sockstat_seq_show(): "TCP: inuse 5 orphan 0 tw 3 alloc 8 mem 1".
KernelView read_kernel(const std::string& proc) {
    KernelView kernel;
    const std::string ipv4 = proc + "/sys/net/ipv4/";
    kernel.max_orphans = read_number(ipv4 + "tcp_max_orphans");
    kernel.max_tw_buckets = read_number(ipv4 + "tcp_max_tw_buckets");
    kernel.fin_timeout_s = read_number(ipv4 + "tcp_fin_timeout");
    std::ifstream sockstat(proc + "/net/sockstat");
    for (std::string line; std::getline(sockstat, line);) {
        if (!line.starts_with("TCP:")) continue;
        std::istringstream words(line.substr(4));
        std::uint64_t value = 0;
        for (std::string word; words >> word >> value;) {
            if (word == "orphan") kernel.orphans = value;
            if (word == "tw") kernel.tw_buckets = value;
        }
    }
    return kernel;
}

StatusView collect(const StatusSources& sources, const ModuleTotals& module, Moment now) {
    StatusView view;
    Present present;
    view.version = kVersion;
    view.now = to_ms(now.realtime);
    view.module = module;
    fill_process(sources, now, view.process);
    fill_counters(sources.counters, view.closer);
    fill_held(sources, now.monotonic, view, present);
    fill_oldest_held(sources.held, now.monotonic, view.oldest);
    fill_followed(view, present);
    keep_oldest(view.oldest);
    fill_ledger(view);
    fill_present(view, present);
    rank_accounts(view);
    view.kernel = read_kernel();
    view.hour = sources.history.points(now.monotonic);
    fill_notices(sources.notices, now, view.notices);
    return view;
}

}  // namespace finwait
