// SPDX-License-Identifier: Apache-2.0
//
// What closes are grouped by.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "finwait/words.hpp"

namespace finwait::report {

enum class Dimension : std::uint8_t { family, ua, vhost, address, peer, cause, hour };

inline constexpr std::array kDimensions{
    Word{Dimension::family, "family", "client"},     Word{Dimension::ua, "ua", "User-Agent"},
    Word{Dimension::vhost, "vhost", "virtual host"}, Word{Dimension::address, "address", "address"},
    Word{Dimension::peer, "peer", "TCP peer"},       Word{Dimension::cause, "cause", "cause"},
    Word{Dimension::hour, "hour", "hour (UTC)"},
};

// Whether a group is somebody who can be to blame.
[[nodiscard]] constexpr bool is_client(Dimension by) {
    return by == Dimension::family || by == Dimension::ua || by == Dimension::address ||
           by == Dimension::peer;
}

// Whether groups are made of User-Agents.
[[nodiscard]] constexpr bool is_of_agents(Dimension by) {
    return by == Dimension::family || by == Dimension::ua;
}

}  // namespace finwait::report

namespace finwait {
template <>
inline constexpr auto kWordsOf<report::Dimension> = report::kDimensions;
static_assert(table_is_in_enum_order<report::Dimension>());
}  // namespace finwait
