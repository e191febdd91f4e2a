// SPDX-License-Identifier: Apache-2.0
//
// What mod_finwait.so and finwait-closer must have in common to understand each other. The parent
// gives its own to each closer it starts (--protocol); one that has another refuses to
// start.
#pragma once

#include <string>

namespace finwait {

// A hash of the encoding of every message, of the pages of counters, of the table of remedies, of
// the words and of the numbers of the descriptors. Of the books too, which say by themselves
// whether they fit.
[[nodiscard]] std::string protocol();
inline constexpr std::size_t kProtocolSize = 16;  // hexadecimal digits

}  // namespace finwait
