// SPDX-License-Identifier: Apache-2.0
//
// A close on its way through following: packed when its socket is closed, unpacked for its Record,
// and what the end was if the socket is gone. Decides and does nothing.
#pragma once

#include <string>
#include <string_view>

#include "closer/drain/client_table.hpp"
#include "closer/drain/record_keeper.hpp"
#include "closer/follow/followed_sockets.hpp"
#include "closer/follow/sock_diag.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// The kernel counts timers in ticks of up to 10 ms, and a sample is not quite simultaneous.
inline constexpr Time kTimerSlack = std::chrono::milliseconds(20);
// TCP_TIMEWAIT_LEN (include/net/tcp.h).
inline constexpr Time kTimeWait = std::chrono::seconds(60);

// Without its `client`, which is to be interned from facts_of().
[[nodiscard]] FollowedSocket followed_from(const Handoff& handoff, const CloseEnd& end,
                                           const SocketId& id);
// What followed_from() has no place for in `socket`.
[[nodiscard]] ClientFacts facts_of(const Handoff& handoff, const FollowedSocket& socket);

// The texts point into the ClientTable, and into `client_address`, which is written.
[[nodiscard]] Handoff handoff_of(const FollowedSocket& socket, std::string& client_address);
// As at the end of the drain; without outcome and time in FIN_WAIT_2.
[[nodiscard]] CloseEnd close_end_of(const FollowedSocket& socket);

// One followed socket as others may see it; the texts are valid until the next turn.
struct ShownSocket {
    std::uint64_t cookie;
    Endpoint peer;
    TcpState state;
    Time half_close;
    Time fin_wait_2_since;  // kNever: not yet
    std::string_view user_agent;
    std::string_view vhost;
};
[[nodiscard]] ShownSocket show(const FollowedSocket& socket);

struct FollowedEnd {
    Outcome outcome;
    Time when;
};
// Of a socket that a look-up does not find any more.
[[nodiscard]] FollowedEnd end_of_gone(const FollowedSocket& socket, bool is_replaced, Time now);

}  // namespace finwait
