// SPDX-License-Identifier: Apache-2.0
//
// When a client gets a remedy, and for how long: FinWaitAuto On of one virtual host. Travels with
// each of its closes. A value.
#pragma once

#include <compare>
#include <cstdint>

namespace finwait {

struct AutoRule {
    static constexpr std::uint32_t kClosesMax = 1'000'000;
    static constexpr std::uint16_t kRequestsMax = 1000;
    static constexpr std::uint32_t kForMaxS = 24 * 3600;

    std::uint8_t stuck_percent = 50;  // 1 to 100: of its closes, from which on it is guilty
    std::uint32_t closes_min = 50;    // 1 to kClosesMax: before it is judged
    std::uint16_t requests = 2;       // on average, below which keep-alive bought it nothing
    std::uint32_t for_s = 3600;       // 1 to kForMaxS

    auto operator<=>(const AutoRule&) const = default;
};

}  // namespace finwait
