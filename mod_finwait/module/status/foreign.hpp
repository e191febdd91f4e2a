// SPDX-License-Identifier: Apache-2.0
//
// What is not ours in the kernel's table: counted by a walk over it, at most once in kWalkInterval
// however many look and in however many threads; who comes while another one walks has the figures
// of the walk before. Knows neither httpd nor APR.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "module/status/view.hpp"

namespace finwait {

inline constexpr std::chrono::seconds kWalkInterval{1};
// Beyond it a backend's sockets are other programs'.
inline constexpr std::size_t kBackendsMax = 64;

// Where httpd's connections begin and end.
struct Neighbours {
    struct Backend {
        Endpoint address;
        std::string name;
    };

    std::set<std::uint16_t> ports;  // the server's own
    std::vector<Backend> backends;
};

struct ClosingSockets {
    ForeignSockets sockets;
    std::string why_not;  // they are not known; "": they are
};

// `held` is what the closers hold: the rest on the server's ports is nobody's.
[[nodiscard]] ClosingSockets count_closing_sockets(const Neighbours& neighbours,
                                                   const SocketCounts& held);

class KernelWalks {
  public:
    // `held` now, and so with the kernel's figures of the same time: what has ended since the last
    // walk was not nobody's.
    [[nodiscard]] ClosingSockets counted(const Neighbours& neighbours, const SocketCounts& held,
                                         std::chrono::nanoseconds now);

  private:
    std::mutex walking_;
    std::mutex mutex_;  // of the others
    ClosingSockets last_{{}, "nobody has looked yet"};
    std::chrono::nanoseconds next_{};
};

void fill_foreign(ClosingSockets counted, StatusView& view);

}  // namespace finwait
