// SPDX-License-Identifier: Apache-2.0
//
// The parts of a bug report that are the same for every client, and the story of one connection.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "finwait/close.hpp"

namespace finwait::report {

// Of most stuck closes: the server closed a connection that was idle. Otherwise it closed after a
// reply, and mostly said so in it.
[[nodiscard]] bool is_left_idle(const std::array<std::uint64_t, kCauses.size()>& stuck_causes);

// When, since the server's FIN, and what. No text of the client's is in it.
using Moments = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Moments moments_of(const Close& close);

// Markdown, with their newlines.
[[nodiscard]] std::string_view standard_text(bool is_idle);
[[nodiscard]] std::string_view advice_text(bool is_idle);

// For a shell. The server is on 127.0.0.1:8080.
[[nodiscard]] std::string_view server_command(bool is_idle);
inline constexpr std::string_view kLookCommand = "ss -tn state close-wait '( dport = :8080 )'";

}  // namespace finwait::report
