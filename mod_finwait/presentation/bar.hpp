// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace finwait {

// A bar of `part` of `whole` as SVG, in the colour of the CSS class `kind` of kPageStyle.
[[nodiscard]] std::string bar(double part, double whole, std::string_view kind);

}  // namespace finwait
