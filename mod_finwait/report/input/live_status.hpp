// SPDX-License-Identifier: Apache-2.0
//
// Asks running servers instead of a log: a status page has the same accounts that tally lines are
// written from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/input/reading.hpp"

namespace finwait::report {

// So many are asked at once. A larger fleet has an engine.
inline constexpr std::size_t kLiveServersMax = 100;

// `urls` are those of finwait-status, with or without ?json; all are asked at the same time. What
// went wrong with one stands in reading.unreadable, and the others are read all the same.
void read_live_status(const std::vector<std::string>& urls, Sink& sink, Reading& reading);

// What a page says of now, and not of closes that have ended.
struct Present {
    std::uint64_t sockets = 0;  // in FIN_WAIT_2
    std::uint64_t accounts_left_out = 0;
};

// An answer of a server. Nothing, and nothing of it is taken, if it is no status page.
[[nodiscard]] std::optional<Present> take_status(std::string_view json, Sink& sink,
                                                 Reading& reading);

// As it may be shown: http://user:secret@host/ without what stands before the host.
[[nodiscard]] std::string without_password(const std::string& url);

}  // namespace finwait::report
