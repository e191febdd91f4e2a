// SPDX-License-Identifier: Apache-2.0
//
// A turn waits for nobody. But a child that was taken over may have kept a copy of a socket,
// connect it anew and set SO_LINGER again, so that close() waits (net/ipv4/tcp.c, __tcp_close()).
// Such a wait ends with a signal: a timer sends one when a turn takes kTurnMax, and each
// millisecond from then on, because that child may have made a thousand of them.
#pragma once

#include <ctime>

#include "closer/moment.hpp"

namespace finwait {

inline constexpr Time kTurnMax = std::chrono::milliseconds(100);

class TurnAlarm {
  public:
    // For the thread that makes it. Without a timer, which is hardly possible, it does nothing.
    TurnAlarm();
    ~TurnAlarm();
    TurnAlarm(const TurnAlarm&) = delete;
    TurnAlarm& operator=(const TurnAlarm&) = delete;

    void set() const;
    void clear() const;

  private:
    timer_t timer_{};
    bool is_there_ = false;
};

}  // namespace finwait
