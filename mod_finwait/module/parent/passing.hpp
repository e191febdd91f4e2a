// SPDX-License-Identifier: Apache-2.0
//
// Descriptors of httpd's parent in a message (unix(7), SCM_RIGHTS). No httpd, no APR.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace finwait {

inline constexpr std::size_t kPassedMax = 253;  // the kernel's SCM_MAX_FD

struct Passed {
    std::array<int, kPassedMax> descriptors{};
    std::size_t count = 0;
    std::size_t size = 0;  // of the message; 0: none came

    [[nodiscard]] std::span<int> all() { return std::span(descriptors).first(count); }
};

// All of them or none: false with errno set. They stay the caller's. Waits for nobody, whatever is
// in flight already.
[[nodiscard]] bool pass(int to, std::span<const std::byte> message,
                        std::span<const int> descriptors);

// The next message there is; waits for one as long as SO_RCVTIMEO of `from` says, or not at all.
[[nodiscard]] Passed take_passed(int from, std::span<std::byte> message);
[[nodiscard]] Passed take_passed_already(int from, std::span<std::byte> message);

}  // namespace finwait
