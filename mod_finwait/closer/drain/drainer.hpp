// SPDX-License-Identifier: Apache-2.0
//
// Drains the held sockets and then waits for what is still missing: does what DrainState decides.
// Each end is an event, or a timer. Holds at most set_max() of them and sheds the cheapest beyond.
// The work per turn is bounded: a few recv() per socket, kExpiriesPerTurn timers, kRevisitsPerTurn
// visits to flooding sockets, kShedsPerTurn of those that are too many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "closer/channel/notices.hpp"
#include "closer/deadlines.hpp"
#include "closer/drain/held_sockets.hpp"
#include "closer/drain/record_keeper.hpp"

namespace finwait {

inline constexpr std::size_t kExpiriesPerTurn = 256;
inline constexpr std::size_t kRevisitsPerTurn = 32;
inline constexpr std::size_t kShedsPerTurn = 256;  // where the bound was lowered
inline constexpr int kReceivesPerVisit = 4;        // data, an urgent byte, more data, the FIN
inline constexpr std::size_t kReceiveMax = std::size_t{4} << 20;
// A client that sent this much since the last visit is read at intervals and not at every segment:
// meanwhile its data waits in the kernel, TCP's window slows it down, and the closer sleeps.
inline constexpr std::size_t kFloodBytes = std::size_t{64} << 10;
inline constexpr Time kFloodPause = std::chrono::milliseconds(5);
// Who behaves and is not far away has answered our FIN so long after it. Before that a look at the
// socket is not worth its recv().
inline constexpr Time kAnswerTime = std::chrono::microseconds(250);
// A client in FIN_WAIT_2 that is silent is asked each second while it drains, and less often while
// it waits: there may be 100,000 of these.
inline constexpr std::chrono::seconds kProbeSilence{1};
inline constexpr std::chrono::seconds kProbeSilenceWaiting{5};

class Drainer {
  public:
    // Writes the gauges `held` and `waiting` of its slot.
    Drainer(int epoll, CloserCounters& counters, std::size_t slot, RecordKeeper& records,
            Notices& notices)
        : epoll_(epoll),
          counters_(counters),
          held_(counters.held[slot]),
          waiting_(counters.waiting[slot]),
          records_(records),
          notices_(notices) {}

    void set_max(std::size_t held_max);
    // What is held beyond a bound that was lowered.
    void shed_some(Moment now);

    // False if the descriptor is not a TCP connection; it is left then. kAnswerTime after the
    // half-close, what the client has ended (by FIN, RST or too much) is ended at once; the rest is
    // held, and an arrival until try_arrivals().
    [[nodiscard]] bool take(UniqueFd& socket, const Handoff& handoff, Moment now);
    // The same under the default Policy, of a client of which nothing is known.
    [[nodiscard]] bool rescue(UniqueFd& socket, Moment now);
    // A close that left nothing to drain.
    void take_ended(const Handoff& handoff, Moment now);

    // A look at the `count` oldest arrivals. The longer it can wait, the more of them are already
    // answered by the client's FIN and need no registration with epoll.
    void try_arrivals(std::size_t count, Moment now);
    [[nodiscard]] std::size_t arrivals() const { return arrivals_.size(); }

    void on_event(Token token, std::uint32_t events, Moment now);
    void revisit_paced(Moment now);
    void expire(Moment now);

    // Gives up `max`, first those that wait: the server stops.
    void stop(std::size_t max, Moment now);

    // Closes what has ended, all at a time, which keeps the kernel's way through close() in the
    // processor's caches. Before the next batch of descriptors is received, and in each turn.
    void close_ended() { ended_.clear(); }

    // When revisit_paced(), expire() or shed_some() has something to do.
    [[nodiscard]] Time due() const;
    [[nodiscard]] std::size_t held() const { return sockets_.size(); }
    [[nodiscard]] std::size_t waiting() const { return sockets_.waiting(); }
    [[nodiscard]] std::size_t draining() const { return held() - waiting(); }
    [[nodiscard]] const HeldSockets& sockets() const { return sockets_; }

  private:
    struct Visit {
        enum class Result : std::uint8_t { drained, flooding, ended };
        Result result = Result::drained;
        Drain how = Drain::none;  // of what has ended
        int error = 0;            // errno, if that ended it
    };
    // How a socket is let go: a drain that ended, or a wait that did (`how` is then its drain's).
    struct Ending {
        Drain how = Drain::none;
        Outcome outcome = Outcome::unknown;
    };
    struct Paced {
        Time at;
        Token token;
    };

    // Reads what has come and forgets it.
    [[nodiscard]] static Visit discard_what_came(int socket, DrainState& drain, Moment now);
    // The same, and what it entails if that ends it.
    [[nodiscard]] Visit::Result visit(Token token, HeldSocket& held, Moment now);
    [[nodiscard]] static Ending ending_of(const Visit& seen, const DrainState& drain);
    // A visit to one that waits: nothing is read.
    [[nodiscard]] Visit::Result look(Token token, HeldSocket& held, Moment now);
    // A visit and what it entails; false if the socket is gone.
    [[nodiscard]] bool serve(Token token, HeldSocket& held, Moment now);
    void watch(Token token, HeldSocket& held, Moment now);
    void look_at_acks(Token token, HeldSocket& held, Moment now);
    // False if that ends it.
    [[nodiscard]] bool enter_fin_wait_2(Token token, HeldSocket& held, Moment now);
    void move_to(Stage stage, Token token, HeldSocket& held, Moment now);
    void pace(Token token, HeldSocket& held, Moment now);
    void set_interest(int operation, Token token, const HeldSocket& held, Moment now);
    void on_timer(Token token, HeldSocket& held, Moment now);
    // Before its end: sheds it, or the server stops.
    void give_up(Token token, Drain how, Moment now);
    void shed_one(Moment now);
    void count_shed(Time now);
    static void note_end(CloseFacts& close, int socket, const DrainState& drain,
                         const Ending& ending, Moment now);
    // True if the client has closed, and not yet acknowledged all that is ours: CLOSING.
    [[nodiscard]] static bool is_closing(const HeldSocket& held);
    void keep_closing(Token token, HeldSocket& held, Moment now);
    void end(Token token, HeldSocket& held, const Ending& ending, Moment now);
    void end_drain(Token token, HeldSocket& held, Drain how, Moment now);
    void end_wait(Token token, HeldSocket& held, Outcome outcome, Moment now);
    // The drain is over, the client's FIN or an acknowledgement of ours missing: waits for it, or
    // ends it in FIN_WAIT_2 where FinWaitTimeout is 0.
    void begin_waiting(Token token, HeldSocket& held, Drain how, Moment now);
    // FinWaitMethod's turn: everything sent is acknowledged, or the time for it has run out
    // (`how`).
    void end_by_method(Token token, HeldSocket& held, Drain how, Moment now);
    // A time has run out.
    void end_by_timer(Token token, HeldSocket& held, Drain how, Moment now);
    void conclude(UniqueFd socket, const Close& close, Moment now);
    void publish();

    int epoll_;
    CloserCounters& counters_;
    Counter& held_;
    Counter& waiting_;
    RecordKeeper& records_;
    Notices& notices_;
    std::size_t held_max_ = 0;
    HeldSockets sockets_;
    Deadlines deadlines_;          // of every socket but the arrivals
    std::vector<Token> arrivals_;  // oldest first
    std::vector<UniqueFd> ended_;  // recorded and not yet closed
    std::deque<Paced> paced_;      // all wait equally long, so they stand in order of time
};

}  // namespace finwait
