// SPDX-License-Identifier: Apache-2.0
#include "module/status/collect.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "finwait/network.hpp"
#include "finwait/version.hpp"
#include "module/status/read_accounts.hpp"

namespace finwait {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

nanoseconds ns(std::uint64_t number) {
    return nanoseconds(static_cast<nanoseconds::rep>(number));
}

milliseconds ms(std::uint64_t number) {
    return milliseconds(static_cast<milliseconds::rep>(number));
}

// The time since `then`; none where the books say something that is still to come.
nanoseconds since(std::uint64_t then, nanoseconds now) {
    return std::max(now - std::clamp(ns(then), nanoseconds::zero(), now), nanoseconds::zero());
}

template <std::size_t N>
void copy_counters(const std::array<Counter, N>& from, std::array<std::uint64_t, N>& to) {
    for (std::size_t i = 0; i < N; ++i) to[i] = read(from[i]);
}

void fill_counters(const CloserCounters& counters, CloserTotals& totals) {
    totals.received = read(counters.received);
    totals.bad_messages = read(counters.bad_messages);
    totals.rescued = read(counters.rescued);
    totals.held_up = read(counters.held_up);
    totals.records = read(counters.records);
    totals.tallied = read(counters.tallied);
    totals.unlogged = read(counters.unlogged);
    totals.dropped = read(counters.dropped);
    totals.shed = read(counters.shed);
    totals.evicted = read(counters.evicted);
    totals.half_written = read(counters.half_written);
    totals.lost = read(counters.lost);
    copy_counters(counters.remedies, totals.remedies);
    totals.remedies_refused = read(counters.remedies_refused);
    copy_counters(counters.causes, totals.words.causes);
    copy_counters(counters.drains, totals.words.drains);
    copy_counters(counters.outcomes, totals.words.outcomes);
}

ModuleTotals totals_of(const ModuleCounters& counters) {
    ModuleTotals totals{read(counters.closes),
                        read(counters.handoffs),
                        read(counters.ended),
                        counters.outgoing.forgotten(),
                        {}};
    copy_counters(counters.declined, totals.declined);
    return totals;
}

bool is_running(const CloserCounters& counters, std::size_t slot) {
    return read(counters.running[slot]) != 0;
}

bool is_no_process(std::uint64_t pid) {
    return ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

std::string trouble_of(const StatusSources& sources, const Pulse& pulse) {
    const std::string closer = "the closer (process " + std::to_string(pulse.pid) + ")";
    if (pulse.turns == 0 || pulse.pid == 0 || pulse.pid > INT32_MAX) return "no closer has run yet";
    if (sources.closer_is_gone || !is_running(sources.closer, sources.slot) ||
        is_no_process(pulse.pid))
        return closer + " has ended";
    const nanoseconds silent = since(pulse.monotonic_ns, sources.monotonic);
    if (silent < kPulseMissed) return {};
    return closer + " has not been heard of for " +
           std::to_string(duration_cast<seconds>(silent).count()) + " s: it hangs or was stopped";
}

// A pulse that was caught half-written says enough.
Pulse pulse_of(const CloserBooks& closer) {
    Pulse pulse;
    static_cast<void>(closer.pulse.read(pulse));
    return pulse;
}

void fill_process(const StatusSources& sources, const Pulse& pulse, ProcessView& process) {
    process.pid = static_cast<std::int64_t>(pulse.pid);
    process.uptime = duration_cast<seconds>(since(pulse.started_ns, sources.monotonic));
    process.started = ms(pulse.started_ms);
    process.cpu_time = duration_cast<milliseconds>(ns(pulse.cpu_ns));
    process.resident_bytes = pulse.resident_bytes;
    process.descriptor_limit = pulse.descriptor_limit;
    process.unsent_notices = pulse.unsent_notices;
    process.confinement = pulse.confinement;
    process.closers = 0;
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot) {
        process.unwritten_closes += read(sources.closer.unwritten[slot]);
        process.closers += read(sources.closer.running[slot]);
    }
}

WaitingLogsView view_of(const WaitingLogs& logs, const StatusSources& sources) {
    if (logs.count == 0) return {};
    const nanoseconds at = sources.realtime - since(logs.since_ns, sources.monotonic);
    return {logs.count, std::string(logs.name.text()), duration_cast<milliseconds>(at), logs.lines};
}

SocketCounts counts_of(const OpenSockets& open) {
    return {open.fin_wait_1, open.fin_wait_2, 0};
}

SocketView view_of(const OldSocket& old, nanoseconds now) {
    SocketView view;
    view.phase = word_at<Phase>(old.phase).value_or(Phase::draining);
    view.state = word_at<TcpState>(old.state).value_or(TcpState::unknown);
    view.peer = old.peer;
    if (view.peer.family != Endpoint::Family::ipv4 && view.peer.family != Endpoint::Family::ipv6)
        view.peer = {};
    view.cookie = old.cookie;
    view.age = since(old.half_close_ns, now);
    view.user_agent = old.user_agent.text();
    view.vhost = old.vhost.text();
    if (old.is_proxy != 0) view.proxy = address_text(view.peer);
    return view;
}

void add_oldest(const CloserBooks& closer, nanoseconds now, std::vector<SocketView>& oldest) {
    OldSockets old;
    if (!closer.oldest.read(old)) return;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(old.count, old.sockets.size()));
    for (const OldSocket& socket : std::span(old.sockets).first(count))
        oldest.push_back(view_of(socket, now));
}

void keep_oldest(std::vector<SocketView>& oldest) {
    std::ranges::stable_sort(oldest, std::ranges::greater(), &SocketView::age);
    if (oldest.size() > kOldestShown) oldest.resize(kOldestShown);
}

// What two closers had at one time is added; both end with the present step.
void add_history(const CloserBooks& closer, nanoseconds now, bool has_ended,
                 std::vector<HistoryPoint>& hour) {
    History history;
    if (!closer.history.read(history)) return;
    const std::vector<HistoryPoint> points = history.points(now, has_ended);
    if (points.size() > hour.size())
        hour.insert(hour.begin(), points.size() - hour.size(), HistoryPoint());
    for (std::size_t i = 1; i <= points.size(); ++i)
        hour[hour.size() - i] += points[points.size() - i];
}

void add_remedies(const CloserBooks& closer, StatusView& view) {
    for (const Part<BookedRemedy>& entry : closer.used_remedies()) {
        BookedRemedy booked;
        if (!entry.read(booked) || booked.is_used == 0) continue;
        RemedyView remedy;
        remedy.user_agent = booked.user_agent.text();
        remedy.vhost = booked.vhost.text();
        remedy.network = network_text(Network{booked.network});
        remedy.remedy = word_at<Remedy>(booked.remedy).value_or(Remedy::none);
        remedy.on_trial = booked.on_trial != 0;
        remedy.since = ms(booked.since_ms);
        remedy.until = ms(booked.until_ms);
        remedy.closes = booked.closes;
        remedy.stuck = booked.stuck;
        remedy.requests = booked.requests;
        remedy.networks = booked.networks;
        if (!remedy.on_trial) ++view.remedies_active[static_cast<std::size_t>(remedy.remedy)];
        view.remedies.push_back(std::move(remedy));
    }
}

void rank_remedies(std::vector<RemedyView>& remedies) {
    std::ranges::stable_sort(remedies, std::ranges::greater(), [](const RemedyView& remedy) {
        return std::pair(!remedy.on_trial, remedy.since);
    });
    if (remedies.size() > kRemediesShown) remedies.resize(kRemediesShown);
}

NoticeLevel level_of(std::uint8_t number) {
    const auto level = static_cast<NoticeLevel>(number);
    return level < NoticeLevel::error || level > NoticeLevel::info ? NoticeLevel::error : level;
}

void add_notices(const CloserBooks& closer, const StatusSources& sources,
                 std::vector<NoticeView>& notices) {
    BookedNotices booked;
    if (!closer.notices.read(booked)) return;
    const std::uint64_t kept = std::min<std::uint64_t>(booked.told, kNoticesKept);
    for (std::uint64_t i = 1; i <= kept; ++i) {
        const BookedNotice& notice =
            booked.ring[static_cast<std::size_t>((booked.told - i) % kNoticesKept)];
        const nanoseconds at = sources.realtime - since(notice.at_ns, sources.monotonic);
        notices.push_back({duration_cast<milliseconds>(at), level_of(notice.level),
                           std::string(notice.text.text())});
    }
}

void keep_latest(std::vector<NoticeView>& notices) {
    std::ranges::stable_sort(notices, std::ranges::greater(), &NoticeView::at);
    if (notices.size() > kNoticesKept) notices.resize(kNoticesKept);
}

void add_slot(const StatusSources& sources, std::size_t slot, SlotClock& clock, StatusView& view) {
    const CloserBooks& closer = sources.books->closers[slot];
    const Pulse pulse = pulse_of(closer);
    const bool is_present = slot == sources.slot;
    clock.holds = is_running(sources.closer, slot);
    // What has died holds nothing that grows older.
    const bool is_current = !is_present || view.trouble.empty();
    clock.now_ns =
        is_current ? static_cast<std::uint64_t>(sources.monotonic.count()) : pulse.monotonic_ns;
    add_notices(closer, sources, view.notices);
    add_history(closer, sources.monotonic, !clock.holds, view.hour);
    if (is_present) add_remedies(closer, view);
    if (!clock.holds) return;
    add_oldest(closer, sources.monotonic, view.oldest);
}

void fill_from_books(const StatusSources& sources, StatusView& view) {
    const Pulse pulse = pulse_of(sources.books->closers[sources.slot]);
    view.held_max = pulse.held_max;
    fill_process(sources, pulse, view.process);
    view.waiting_logs = view_of(pulse.waiting_logs, sources);
    SlotClocks clocks;
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot)
        add_slot(sources, slot, clocks[slot], view);
    keep_oldest(view.oldest);
    keep_latest(view.notices);
    rank_remedies(view.remedies);
    read_accounts(*sources.books, clocks, view);
}

}  // namespace

CloserState state_of_closer(const StatusSources& sources) {
    CloserState state;
    state.trouble = sources.why_no_books;
    for (std::size_t slot = 0; sources.books != nullptr && slot < kCloserSlots; ++slot) {
        const Pulse pulse = pulse_of(sources.books->closers[slot]);
        if (slot == sources.slot) {
            state.trouble = trouble_of(sources, pulse);
            state.figures_of = ms(pulse.realtime_ms);
        }
        if (!is_running(sources.closer, slot)) continue;
        state.draining += counts_of(pulse.open[static_cast<std::size_t>(Phase::draining)]);
        state.waiting += counts_of(pulse.open[static_cast<std::size_t>(Phase::waiting)]);
    }
    return state;
}

StatusView collect(const StatusSources& sources) {
    StatusView view;
    view.version = kVersion;
    view.now = duration_cast<milliseconds>(sources.realtime);
    view.module = totals_of(sources.module);
    view.kernel = read_kernel();
    fill_counters(sources.closer, view.closer);
    const CloserState state = state_of_closer(sources);
    view.trouble = state.trouble;
    view.figures_of = state.figures_of;
    view.draining = state.draining;
    view.waiting = state.waiting;
    if (sources.books != nullptr) fill_from_books(sources, view);
    fill_foreign(sources.closing, view);
    return view;
}

}  // namespace finwait
