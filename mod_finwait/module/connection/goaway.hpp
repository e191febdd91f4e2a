// SPDX-License-Identifier: Apache-2.0
//
// What mod_http2 says when it ends a connection for what the client sent. Nothing else tells it
// from a client that ended the connection itself. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace finwait {

// A GOAWAY is written alone or behind a few frames as short; it is not looked for in more.
inline constexpr std::size_t kGoawayWriteMax = 256;

// Whether these bytes are whole HTTP/2 frames, one of them a GOAWAY with an error (RFC 9113, 4.1
// and 6.8).
[[nodiscard]] bool holds_goaway_for_error(std::string_view frames);

}  // namespace finwait
