// SPDX-License-Identifier: Apache-2.0
//
// The closer's life in one process: serves the control channel, the channel and the held sockets
// turn by turn until its senders are gone or it is told to finish, then drains to the end. All of
// it is done by one thread, but for what may hang: log files (file_thread.hpp) and strays
// (strays.hpp). main() calls wait() and turn() alternately; tests do the same with a clock of their
// own.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "closer/channel/channel_receiver.hpp"
#include "closer/channel/control_channel.hpp"
#include "closer/channel/deposit.hpp"
#include "closer/channel/notices.hpp"
#include "closer/channel/strays.hpp"
#include "closer/drain/drainer.hpp"
#include "closer/drain/record_keeper.hpp"
#include "closer/ledger/books_memory.hpp"
#include "closer/log/logs.hpp"
#include "closer/remedy/auto_rules.hpp"
#include "closer/remedy/remedies.hpp"
#include "closer/remedy/remedy_memory.hpp"
#include "closer/unique_fd.hpp"
#include "finwait/confinement.hpp"
#include "finwait/control.hpp"
#include "finwait/counters.hpp"

namespace finwait {

// Descriptors that are never sockets: one received batch and what came with it, strays of the one
// before, the fixed ones. Open logs come on top.
inline constexpr std::size_t descriptor_reserve(std::uint64_t descriptor_limit) {
    return kReceiveBatch * descriptors_per_message(descriptor_limit) + kStraysMax + 48;
}
inline constexpr std::size_t kDescriptorLimitMin = descriptor_reserve(0) + 64;

inline constexpr std::size_t kEventsPerTurn = 256;
inline constexpr std::size_t kBatchesPerTurn = 4;
inline constexpr std::size_t kControlsPerTurn = 256;
// After a Handoff came the closer sleeps, whatever happens, as long as it takes for about kGathered
// closes to come: one turn then serves them all, the client has answered most of them meanwhile,
// and httpd's threads are not interrupted for each. Not for more: what the kernel keeps for them
// would have left the processor's caches. The client waits for nothing: httpd's child has
// half-closed already.
inline constexpr std::size_t kGathered = 20;
inline constexpr Time kGatherTimeMin = std::chrono::milliseconds(4);
inline constexpr Time kGatherTimeMax = std::chrono::milliseconds(10);
// How long the last Records may wait for a log's slow reader, from the stop on.
inline constexpr Time kLastFlushMax = std::chrono::milliseconds(800);
// What is held is ended so many at a time, so that a reader that keeps up gets every line.
inline constexpr std::size_t kStopsPerTurn = 64;
inline constexpr std::uint32_t kDefaultMaxHeld = 100'000;

struct CloserDescriptors {
    std::vector<UniqueFd> lanes;  // of the channel, at most kChannelLanes
    UniqueFd control;
    UniqueFd signals;          // readable when SIGTERM came
    UniqueFd books;            // memory that outlives this closer; may be missing
    UniqueFd remedies = {};    // of the RemedyTable that httpd's children read; may be missing
    UniqueFd own_memory = {};  // /proc/self/statm; may be missing
    UniqueFd deposit = {};     // may be missing
};

class Closer {
  public:
    Closer(CloserDescriptors descriptors, CloserCounters& counters, std::size_t slot,
           std::uint64_t descriptor_limit);
    Closer(const Closer&) = delete;
    Closer& operator=(const Closer&) = delete;

    // What may hang has threads of its own from now on.
    void start_threads(Time now);

    // Before the first turn: what the parent and the books are told of it.
    void set_confinement(const Confinement& confinement, std::vector<std::string> refused);
    // Before the first turn too.
    void set_configuration_within(Time within) { deposit_.set_within(within); }
    // Sleeps until something happens or is due.
    void wait(Time now);
    // The part of wait() that collects what has happened for the next turn().
    void collect_events(int timeout_ms);
    void turn(Moment now);
    [[nodiscard]] bool is_done() const { return is_done_; }

    [[nodiscard]] std::size_t held() const { return drainer_.held(); }
    [[nodiscard]] const Drainer& drainer() const { return drainer_; }
    [[nodiscard]] std::size_t held_max() const;
    [[nodiscard]] Time due() const;
    [[nodiscard]] const Ledger& ledger() const { return records_.ledger(); }
    [[nodiscard]] const Remedies& remedies() const { return remedies_; }

  private:
    using Lanes = std::bitset<kChannelLanes>;

    void add_to_epoll(int descriptor, std::uint64_t token, std::uint32_t events) const;
    void gather();
    void give_up_unwritten(Time now);
    void serve_signal(Moment now);
    void serve_control(Moment now);
    void obey(const Control& control, UniqueFd descriptor, Moment now);
    void set_up(const Control& setup, Moment now);
    void tell_confinement(Time now);
    void begin_serving();
    void serve_channel(Moment now);
    [[nodiscard]] bool is_held_up() const;
    void hold_up(Time now);
    void serve_lane(std::size_t lane, Moment now);
    void accept(ReceivedMessage& message, Moment now);
    void refuse(ReceivedMessage& message, Moment now);
    [[nodiscard]] std::array<OpenSockets, kPhases.size()> open_sockets() const;
    void mend_books();
    void book_pulse(Moment now);
    [[nodiscard]] std::uint64_t resident_bytes() const;
    void tell_refused_call(Time now);
    void book_history(Time now);
    void book_oldest();
    void serve_events(Moment now);
    void finish_within(Time grace, Time now);
    // The server stops: ends some of what is held.
    void stop_some(Moment now);
    [[nodiscard]] Time stop_due() const;
    [[nodiscard]] bool may_stop_more(Time now) const;
    void end_if_done(Moment now);
    [[nodiscard]] bool is_at_its_end() const;

    UniqueFd epoll_;
    ControlChannel control_;
    ChannelReceiver channel_;
    Strays strays_;
    Deposit deposit_;
    UniqueFd signals_;
    UniqueFd own_memory_;
    CloserCounters& counters_;
    std::size_t slot_;
    std::uint64_t descriptor_limit_;
    std::uint32_t max_held_ = kDefaultMaxHeld;

    BooksMemory books_;
    RemedyMemory remedy_memory_;
    Notices notices_;
    UnwrittenCloses unwritten_;
    Logs logs_;
    Remedies remedies_;
    AutoRules rules_;
    RecordKeeper records_;
    Drainer drainer_;
    Time started_ = kNever;  // the first turn

    std::array<epoll_event, kEventsPerTurn> events_{};
    std::size_t event_count_ = 0;
    Confinement confinement_;
    std::vector<std::string> refused_;  // of it, not yet told
    Loss loss_;                         // of the closer before this one, not yet told
    Time pulse_at_ = -kPulseInterval;
    std::size_t came_ = 0;  // Handoffs in the last turn
    Time gather_time_{};    // of the last wait(); 0 if it waited for an event
    Time held_up_since_ = kNever;
    bool is_held_up_told_ = false;
    Time finish_at_ = kNever;         // when the remaining drains are ended
    Time last_flush_until_ = kNever;  // then logs without room are not waited for
    bool is_serving_ = false;
    bool control_is_readable_ = false;
    bool signal_came_ = false;
    std::uint32_t deposit_events_ = 0;
    bool is_finishing_ = false;
    Lanes readable_;
    Lanes full_;  // the last batch was: there may be more
    Lanes ended_;
    bool is_done_ = false;
};

}  // namespace finwait
