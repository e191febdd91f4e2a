// SPDX-License-Identifier: Apache-2.0
//
// The first sentence of the page: who holds the sockets in FIN_WAIT_2, and does it matter.
#pragma once

#include <string>

#include "module/status/view.hpp"

namespace finwait {

// Fewer sockets than this are no trouble whoever holds them.
inline constexpr std::uint64_t kFewSockets = 10;

struct Verdict {
    enum class Level : std::uint8_t { calm, watch, bad };

    Level level = Level::calm;
    // The sentence is these three in a row; `user_agent` is empty if it names none.
    std::string before;
    std::string user_agent;
    std::string after;

    [[nodiscard]] std::string sentence() const { return before + user_agent + after; }
};

[[nodiscard]] Verdict verdict_of(const StatusView& view);
[[nodiscard]] std::string_view name_of(Verdict::Level level);

// `proxy` is its address; "": it is none.
[[nodiscard]] std::string shown_client(const std::string& user_agent, const std::string& proxy);

}  // namespace finwait
