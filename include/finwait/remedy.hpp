// SPDX-License-Identifier: Apache-2.0
//
// Which remedy a client's stuck closes call for: one answer, for FinWaitAuto and for what
// finwait-report advises.
#pragma once

#include <cstdint>

#include "finwait/close.hpp"

namespace finwait {

// httpd asks for the variable `nokeepalive` on HTTP/1 and without Via only (ap_set_keepalive).
[[nodiscard]] constexpr bool heeds_nokeepalive(HttpVersion http, bool has_via) {
    return http != HttpVersion::http_2 && !has_via;
}

// A stuck close that `nokeepalive` would have prevented: the connection had been left idle. Who
// does not close after a reply either would not after one that says Connection: close.
[[nodiscard]] constexpr bool is_preventable(const Close& close) {
    return close.is_stuck() &&
           (close.cause == Cause::keepalive_timeout || close.cause == Cause::workers_busy) &&
           heeds_nokeepalive(close.http, close.has_via);
}

// `nokeepalive` where it prevents most of what got stuck and costs little: the client's connections
// carried fewer than `requests` requests on average. `Counts` are a client's closes, as a Tally is.
template <typename Counts>
[[nodiscard]] constexpr Remedy remedy_for(const Counts& client, std::uint16_t requests) {
    const std::uint64_t preventable = client.preventable;
    const bool prevents = preventable > 0 && 2 * preventable >= client.stuck;
    const bool is_wasted = client.requests < std::uint64_t{client.closes} * requests;
    return prevents && is_wasted ? Remedy::nokeepalive : Remedy::cut_short;
}

}  // namespace finwait
