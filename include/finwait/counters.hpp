// SPDX-License-Identifier: Apache-2.0
//
// Counters in shared memory: one page written by httpd's children, one written by the closers, one
// by httpd's parent. Each reader maps the others' pages read-only, from a descriptor opened
// read-only, so that no child can change the closer's figures. They outlive every restart of either
// side.
//
// Counters never fall. Always:
//
//     closes == handoffs + ended + sum(declined)
//     received == records + tallied + unlogged + dropped + bad_messages + lost
//                 + sum(held) + sum(unwritten)
//
// and, when the channel is empty, handoffs + ended == received. A child that is killed between a
// close and its counter (prefork: by SIGTERM, too) leaves that one out on one side.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "finwait/outgoing_ends.hpp"
#include "finwait/words.hpp"

namespace finwait {

using Counter = std::atomic<std::uint64_t>;
static_assert(Counter::is_always_lock_free);

// A replaced closer drains beside its successor, so gauges are kept per closer, by slot.
inline constexpr std::size_t kCloserSlots = 4;

struct ModuleCounters {
    Counter closes;
    Counter handoffs;
    Counter ended;
    std::array<Counter, kDeclines.size()> declined;
    // Now: half-closed, and no message sent. A child that is killed in between leaves one behind.
    Counter untold;
    // By slot, CLOCK_MONOTONIC: when a child last began to doubt that the closer still turns.
    std::array<Counter, kCloserSlots> doubted_ns;
    OutgoingEnds outgoing;
};

// Written by httpd's parent alone: no child can say that nobody serves.
struct ParentFlags {
    // By slot: 1 while no closer serves the channel and none is about to.
    std::array<Counter, kCloserSlots> unserved;
};

struct CloserCounters {
    Counter received;  // messages of closes; counted first, so that what is missing below is lost
    Counter bad_messages;  // refused (truncated, wrong version, …), and no socket came with them
    // Of a close that has ended, by its first log; other logs count what they drop themselves.
    Counter records;       // its Record is written
    Counter tallied;       // it is in a tally line that is written
    Counter dropped;       // neither: the log's reader was slow, or gone
    Counter unlogged;      // it has no log: none configured, or hidden by env=
    Counter shed;          // sockets given up because FinWaitMaxHeld was reached
    Counter evicted;       // accounts of the ledger given up because FinWaitLedgerSize was reached
    Counter half_written;  // entries of the books that a closer was writing when it was killed
    Counter rescued;  // sockets of refused messages, drained all the same; each is a close below
    Counter
        held_up;   // times that the channel was not read: strays did not let themselves be closed
    Counter lost;  // closes in the hands of a closer that died, their Records unwritten
    std::array<Counter, kRemedies.size()> remedies;  // given
    Counter remedies_refused;                        // because kRemediesMax was reached
    std::array<Counter, kCauses.size()> causes;
    std::array<Counter, kDrains.size()> drains;
    std::array<Counter, kOutcomes.size()> outcomes;
    // Gauges, of the closer in that slot.
    std::array<Counter, kCloserSlots> held;       // sockets, draining and waiting
    std::array<Counter, kCloserSlots> waiting;    // of them
    std::array<Counter, kCloserSlots> unwritten;  // closes whose line is still to be written
    std::array<Counter, kCloserSlots> running;    // 1 from its start to its orderly end
    // CLOCK_MONOTONIC of its last turn: whoever finds it old knows that the closer hangs.
    std::array<Counter, kCloserSlots> turned_ns;
};

inline constexpr std::size_t kCounterPageSize = 4096;
static_assert(sizeof(ModuleCounters) <= kCounterPageSize);
static_assert(sizeof(ParentFlags) <= kCounterPageSize);
static_assert(sizeof(CloserCounters) <= kCounterPageSize);

template <typename E, std::size_t N>
Counter& counter_of(std::array<Counter, N>& counters, E word) {
    return counters[static_cast<std::size_t>(word)];
}

// Relaxed: a counter orders nothing.
inline void count(Counter& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
}
inline std::uint64_t read(const Counter& counter) {
    return counter.load(std::memory_order_relaxed);
}

struct Loss {
    std::uint64_t closes = 0;
    std::uint64_t ended = 0;  // of them: over, at most their line in a log is missing
};

// Books as lost what the dead closer of this slot received and never accounted for, and returns it.
// Nothing if it ended in order or was booked before, so whoever learns of the death first may call
// it. The difference is exact wherever it was killed, where a gauge would be off by what it was
// just working on; but for what a log had just written, and what a neighbour is just working on.
inline Loss count_lost(CloserCounters& counters, std::size_t slot) {
    const bool has_died = counters.running[slot].exchange(0) != 0;
    const auto gauges = {&counters.held, &counters.unwritten};
    const std::uint64_t ended = read(counters.unwritten[slot]);
    for (auto* gauge : gauges) (*gauge)[slot].store(0);
    counters.waiting[slot].store(0);
    if (!has_died) return {};
    std::uint64_t accounted = read(counters.records) + read(counters.tallied) +
                              read(counters.unlogged) + read(counters.dropped) +
                              read(counters.bad_messages) + read(counters.lost);
    for (const auto* gauge : gauges)
        for (const Counter& of_closer : *gauge) accounted += read(of_closer);
    const std::uint64_t received = read(counters.received);
    const std::uint64_t lost = received > accounted ? received - accounted : 0;
    count(counters.lost, lost);
    return {lost, std::min(ended, lost)};
}

}  // namespace finwait
