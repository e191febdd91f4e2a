// SPDX-License-Identifier: Apache-2.0
//
// What is not ours in the kernel's table: counted by a walk over it, at most once in kWalkInterval
// however many look and in however many threads. Who looks often waits for none: each look makes
// the next one's walk after its answer. Knows neither httpd nor APR.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "module/status/view.hpp"

namespace finwait {

inline constexpr std::chrono::seconds kWalkInterval{1};
// Who looks less often is worth a walk: it takes 1 us for each socket that is closing.
inline constexpr std::chrono::seconds kWalkGood{5};

// Where httpd's connections begin and end.
struct Neighbours {
    std::set<std::uint16_t> ports;             // the server's own
    std::map<Endpoint, std::string> backends;  // as configured, and their names
    // What URLs of backends on Unix sockets name: nothing is connected to there.
    std::set<Endpoint> elsewhere;
    // Whether httpd has connected to it, though no configuration names it.
    std::function<bool(const Endpoint&)> has_reached = [](const Endpoint&) { return false; };
};

struct ClosingSockets {
    ForeignSockets sockets;
    std::string why_not;             // they are not known; "": they are
    std::chrono::milliseconds of{};  // when the walk began, since the epoch
};

// What a closer has in hand or is about to: the rest on the server's ports is nobody's.
struct Attributed {
    SocketCounts held;
    std::uint64_t on_their_way = 0;  // half-closed by a child, and not yet received
};

// How many closes have begun: those that do while the table is read may be in it.
using Begun = std::function<std::uint64_t()>;

[[nodiscard]] ClosingSockets count_closing_sockets(
    const Neighbours& neighbours, Attributed attributed, const Begun& begun = [] { return 0; });

class KernelWalks {
  public:
    // With what the closers hold as it begins: what has ended since the last walk was not nobody's.
    using Walk = std::function<ClosingSockets()>;

    // The last walk's figures, or those of one that is made now if there is none within kWalkGood.
    // `now` is of CLOCK_MONOTONIC.
    [[nodiscard]] ClosingSockets figures(std::chrono::nanoseconds now, const Walk& walk);
    // A walk for those who look next, unless one was just made or another thread is about it.
    void renew(std::chrono::nanoseconds now, const Walk& walk);

  private:
    [[nodiscard]] bool is_younger(std::chrono::nanoseconds age, std::chrono::nanoseconds now);
    void make(std::chrono::nanoseconds now, const Walk& walk);

    std::mutex walking_;
    std::mutex mutex_;  // of the others
    std::optional<ClosingSockets> last_;
    std::chrono::nanoseconds last_at_{};
};

void fill_foreign(ClosingSockets counted, StatusView& view);

}  // namespace finwait
