// SPDX-License-Identifier: Apache-2.0
//
// What the closer says of itself in the books, for the status page. A few stores in each turn; what
// costs system calls once in kPulseInterval.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "closer/closer.hpp"
#include "closer/sandbox/steps.hpp"

namespace finwait {

namespace {

std::uint64_t to_ns(std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

std::uint64_t cpu_ns() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::chrono::nanoseconds all{};
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
        all += std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    return to_ns(all);
}

OldSocket shown(const HeldSocket& held) {
    Close now = held.whole_close();
    note_tcp_facts(now, held.socket.get());
    OldSocket socket;
    socket.phase =
        static_cast<std::uint8_t>(held.drain.is_waiting() ? Phase::waiting : Phase::draining);
    socket.state = static_cast<std::uint8_t>(now.state);
    socket.cookie = now.socket_cookie;
    socket.peer = now.peer;
    socket.half_close_ns = to_ns(held.drain.half_close());
    socket.is_proxy = now.is_of_proxy() ? 1 : 0;
    if (!now.is_of_proxy()) socket.user_agent.set(now.user_agent);
    socket.vhost.set(now.vhost);
    return socket;
}

}  // namespace

std::array<OpenSockets, kPhases.size()> Closer::open_sockets() const {
    const HeldSockets& sockets = drainer_.sockets();
    std::array<OpenSockets, kPhases.size()> open;
    OpenSockets& draining = open[static_cast<std::size_t>(Phase::draining)];
    draining.fin_wait_2 = sockets.size_of(Stage::acknowledged);
    draining.fin_wait_1 = sockets.size_of(Stage::draining);
    OpenSockets& waiting = open[static_cast<std::size_t>(Phase::waiting)];
    waiting.fin_wait_2 = sockets.size_of(Stage::waiting);
    waiting.fin_wait_1 = sockets.size_of(Stage::waiting_unacknowledged);
    return open;
}

// Of those that are longest in their state.
void Closer::book_oldest() {
    std::vector<OldSocket> all;
    drainer_.sockets().visit_oldest(kOldestShown,
                                    [&](const HeldSocket& held) { all.push_back(shown(held)); });
    std::ranges::sort(all, {}, &OldSocket::half_close_ns);
    all.resize(std::min(all.size(), kOldestShown));
    Part<OldSockets>& oldest = books_.own().oldest;
    if (all.empty() && oldest.own().count == 0) return;
    oldest.write([&](OldSockets& old) {
        std::ranges::copy(all, old.sockets.begin());
        old.count = all.size();
    });
}

// "total resident shared ...", in pages (Documentation/filesystems/proc.rst).
std::uint64_t Closer::resident_bytes() const {
    std::array<char, 128> text{};
    if (::pread(own_memory_.get(), text.data(), text.size() - 1, 0) <= 0) return 0;
    char* after_total = nullptr;
    std::strtoull(text.data(), &after_total, 10);
    return std::strtoull(after_total, nullptr, 10) *
           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void Closer::book_pulse(Moment now) {
    const bool is_due = now.monotonic - pulse_at_ >= kPulseInterval;
    if (is_due) {
        pulse_at_ = now.monotonic;
        book_oldest();
        tell_refused_call(now.monotonic);
    }
    counters_.turned_ns[slot_].store(to_ns(now.monotonic));
    const auto open = open_sockets();
    books_.own().pulse.write([&](Pulse& pulse) {
        ++pulse.turns;
        pulse.monotonic_ns = to_ns(now.monotonic);
        pulse.realtime_ms = to_ns(now.realtime) / 1'000'000;
        if (pulse.started_ns != to_ns(started_)) {
            pulse.started_ns = to_ns(started_);
            pulse.started_ms = to_ns(now.realtime - (now.monotonic - started_)) / 1'000'000;
        }
        pulse.open = open;
        pulse.held_max = held_max();
        pulse.descriptor_limit = descriptor_limit_;
        pulse.unsent_notices = notices_.unsent();
        pulse.confinement = confinement_;
        if (!is_due) return;
        pulse.pid = static_cast<std::uint64_t>(::getpid());
        pulse.cpu_ns = cpu_ns();
        pulse.resident_bytes = resident_bytes();
        pulse.waiting_logs = logs_.waiting(now.monotonic);
    });
}

void Closer::tell_refused_call(Time now) {
    const std::string call = refused_call();
    if (call.empty()) return;
    notices_.tell(
        NoticeKind::refused_call, NoticeLevel::error,
        "the system call " + call +
            " is not in its own filter and was refused: that is a fault of finwait-closer",
        now);
}

void Closer::book_history(Time now) {
    const auto open = open_sockets();
    const auto in_fin_wait_2 = [&](Phase phase) {
        return static_cast<std::uint32_t>(open[static_cast<std::size_t>(phase)].fin_wait_2);
    };
    const HistoryPoint point{in_fin_wait_2(Phase::draining), in_fin_wait_2(Phase::waiting)};
    Part<History>& history = books_.own().history;
    if (!history.own().would_change(point, now)) return;
    history.write([&](History& noted) { noted.note(point, now); });
}

// What a closer that was killed had half written there would be told as true for ever.
void Closer::mend_books() {
    CloserBooks& books = books_.own();
    std::uint64_t mended = 0;
    const auto mend = [&mended](auto& part) {
        if (!part.is_half_written()) return;
        part.mend([](auto& left) { left = {}; });
        ++mended;
    };
    mend(books.pulse);
    mend(books.history);
    mend(books.notices);
    mend(books.oldest);
    count(counters_.half_written, mended);
}

}  // namespace finwait
