// SPDX-License-Identifier: Apache-2.0
#include "closer/status/collect.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "closer/drain/tcp_socket.hpp"
#include "closer/status/present.hpp"
#include "closer/status/verdict.hpp"
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
    for (const Counter& unwritten : sources.counters.unwritten)
        process.unwritten_records += read(unwritten);
    for (const Counter& untold : sources.counters.untold) process.untold_closes += read(untold);
    process.closers = 0;
    for (const Counter& running : sources.counters.running) process.closers += read(running);
}

void fill_counters(const CloserCounters& counters, CloserTotals& totals) {
    totals.received = read(counters.received);
    totals.bad_messages = read(counters.bad_messages);
    totals.records = read(counters.records);
    totals.tallied = read(counters.tallied);
    totals.unlogged = read(counters.unlogged);
    totals.dropped = read(counters.dropped);
    totals.shed = read(counters.shed);
    totals.evicted = read(counters.evicted);
    totals.lost = read(counters.lost);
    copy_counters(counters.remedies, totals.remedies);
    totals.remedies_refused = read(counters.remedies_refused);
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
        (held.drain.is_waiting() ? view.waiting : view.draining).add(state);
        present.add({held.handoff.user_agent(), held.handoff.vhost()}, state,
                    held.drain.fin_wait_2_time(now));
    });
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot)
        if (slot != sources.slot) view.held_by_other_closers += read(sources.counters.held[slot]);
}

std::uint64_t more_than(std::uint64_t all, std::uint64_t some) {
    return all - std::min(all, some);
}

void fill_unattributed(const std::optional<SocketCounts>& on_ports, StatusView& view) {
    if (!on_ports) return;
    SocketCounts held = view.draining;
    held += view.waiting;
    view.unattributed = {more_than(on_ports->fin_wait_1, held.fin_wait_1),
                         more_than(on_ports->fin_wait_2, held.fin_wait_2),
                         more_than(on_ports->closing, held.closing)};
}

SocketView shown(const HeldSocket& held, Time now) {
    const EndFacts facts = end_facts(held.socket.get());
    SocketView socket;
    socket.is_waiting = held.drain.is_waiting();
    socket.state = facts.state;
    socket.cookie = facts.cookie;
    socket.peer = held.handoff.peer();
    socket.age = now - held.drain.half_close();
    socket.user_agent = held.handoff.user_agent();
    socket.vhost = held.handoff.vhost();
    return socket;
}

void fill_oldest(const HeldSockets& sockets, Time now, std::vector<SocketView>& oldest) {
    std::vector<const HeldSocket*> all;
    all.reserve(sockets.size());
    sockets.visit_all([&](const HeldSocket& held) { all.push_back(&held); });
    const auto count = static_cast<std::ptrdiff_t>(std::min(all.size(), kOldestShown));
    std::ranges::partial_sort(all, all.begin() + count, {},
                              [](const HeldSocket* held) { return held->drain.half_close(); });
    for (const HeldSocket* held : std::span(all).first(static_cast<std::size_t>(count)))
        oldest.push_back(shown(*held, now));
}

TimeHistogram histogram_of(const Tally& tally) {
    TimeHistogram times;
    for (std::size_t i = 0; i < kFinWait2BoundsMs.size(); ++i)
        times.buckets.push_back({kFinWait2BoundsMs[i] / 1000.0, tally.fin_wait_2[i]});
    times.beyond = tally.fin_wait_2.back();
    return times;
}

FinishedCloses finished_of(const Balance& balance) {
    const Tally& tally = balance.tally;
    FinishedCloses finished;
    finished.closes = tally.closes;
    finished.stuck = tally.stuck;
    finished.requests = tally.requests;
    finished.drained_bytes = tally.drained_bytes;
    finished.socket_seconds = static_cast<double>(tally.fin_wait_2_ns) / 1e9;
    finished.addresses = balance.addresses.estimate();
    finished.words = {tally.causes, tally.drains, tally.outcomes};
    finished.fin_wait_2 = histogram_of(tally);
    finished.remedied_closes = tally.remedied.closes;
    finished.remedied_stuck = tally.remedied.stuck;
    finished.remedied_socket_seconds = static_cast<double>(tally.remedied.fin_wait_2_ns) / 1e9;
    return finished;
}

AccountView view_of(const Account& account) {
    AccountView view;
    view.user_agent = account.user_agent;
    view.vhost = account.vhost;
    view.finished = finished_of(account.balance);
    view.opened = account.opened;
    view.last_seen = account.last_seen;
    return view;
}

void fill_ledger(const Ledger& ledger, StatusView& view) {
    view.finished = finished_of(ledger.totals().total());
    for (const Account* account : ledger.ranked(kAccountsShownMax))
        view.accounts.push_back(view_of(*account));
    view.accounts_left_out = ledger.size() - view.accounts.size();
    if (const Account other = ledger.other(); other.balance.tally.closes != 0)
        view.other = view_of(other);
    for (const auto& [name, balance] : ledger.totals().by_name())
        view.vhosts.push_back({name, finished_of(balance)});
}

void add_present(const Present::Account& present, AccountView& account) {
    account.now = present.sockets;
    account.open_socket_seconds = to_seconds(present.fin_wait_2_time);
}

// An account that ranks low by what has finished may rank high by what it holds.
AccountView unranked_account(const Ledger& ledger, const Present::Key& key, StatusView& view) {
    const AccountId id = ledger.find({key.first, key.second});
    if (id != kOther) {
        --view.accounts_left_out;
        return view_of(ledger.at(id));
    }
    AccountView account;
    account.user_agent = key.first;
    account.vhost = key.second;
    return account;
}

// The sockets there are now, beside what the ledger says of the same account.
void fill_present(const Ledger& ledger, StatusView& view, Present& present) {
    for (AccountView& account : view.accounts)
        add_present(present.take({account.user_agent, account.vhost}), account);
    for (const auto& [key, counts] : present.accounts()) {
        view.accounts.push_back(unranked_account(ledger, key, view));
        add_present(counts, view.accounts.back());
    }
    if (present.others().sockets.all() == 0) return;
    AccountView& others = view.accounts.emplace_back();
    others.user_agent = others.vhost = kOtherPresent;
    add_present(present.others(), others);
}

bool holds_more_now(const AccountView& one, const AccountView& other) {
    return one.now.fin_wait_2 > other.now.fin_wait_2;
}

// After days of finished closes a new culprit has cost little yet: it must be seen all the same.
void bring_holders_forward(std::vector<AccountView>& accounts) {
    if (accounts.size() <= kRankedByTime + kRankedByNow) return;
    const auto holders = accounts.begin() + kRankedByTime;
    const auto others = holders + kRankedByNow;
    std::ranges::partial_sort(holders, others, accounts.end(), holds_more_now);
    std::ranges::stable_sort(others, accounts.end(), std::ranges::greater(),
                             &AccountView::socket_seconds);
}

void rank_accounts(StatusView& view) {
    std::ranges::stable_sort(view.accounts, std::ranges::greater(), &AccountView::socket_seconds);
    bring_holders_forward(view.accounts);
    if (view.accounts.size() <= kAccountsShownMax) return;
    view.accounts_left_out += view.accounts.size() - kAccountsShownMax;
    view.accounts.resize(kAccountsShownMax);
}

RemedyView view_of(const GivenRemedy& given) {
    RemedyView view;
    view.user_agent = given.user_agent;
    view.vhost = given.vhost;
    view.network = network_text(given.sentence.network);
    view.remedy = given.sentence.remedy;
    view.on_trial = given.on_trial;
    view.since = given.since;
    view.until = given.ends;
    view.closes = given.sentence.seen.closes;
    view.stuck = given.sentence.seen.stuck;
    view.requests = given.sentence.seen.requests;
    view.networks = given.networks;
    return view;
}

void fill_remedies(const Remedies& remedies, StatusView& view) {
    for (const GivenRemedy* given : remedies.given()) {
        if (!given->on_trial)
            ++view.remedies_active[static_cast<std::size_t>(given->sentence.remedy)];
        view.remedies.push_back(view_of(*given));
    }
    std::ranges::stable_sort(view.remedies, std::ranges::greater(), [](const RemedyView& remedy) {
        return std::pair(!remedy.on_trial, remedy.since);
    });
    if (view.remedies.size() > kRemediesShown) view.remedies.resize(kRemediesShown);
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

StatusView collect(const StatusSources& sources, const Question& question, Moment now) {
    StatusView view;
    Present present;
    view.version = kVersion;
    view.now = to_ms(now.realtime);
    view.module = question.module;
    fill_process(sources, now, view.process);
    fill_counters(sources.counters, view.closer);
    fill_held(sources, now.monotonic, view, present);
    fill_unattributed(question.on_ports, view);
    fill_oldest(sources.held, now.monotonic, view.oldest);
    fill_ledger(sources.ledger, view);
    fill_present(sources.ledger, view, present);
    view.culprit = culprit_of(view.accounts);
    rank_accounts(view);
    fill_remedies(sources.remedies, view);
    view.kernel = read_kernel();
    view.hour = sources.history.points(now.monotonic);
    fill_notices(sources.notices, now, view.notices);
    return view;
}

}  // namespace finwait
