// SPDX-License-Identifier: Apache-2.0
#include "presentation/bar.hpp"

#include <algorithm>

namespace finwait {

std::string bar(double part, double whole, std::string_view kind) {
    const double share = whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0;
    std::string width = std::to_string(share * 100);
    width.resize(std::min(width.size(), width.find('.') + 3));
    return "<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" "
           "aria-hidden=\"true\">"
           "<rect class=\"back\" width=\"100\" height=\"4\"/><rect class=\"fill-" +
           std::string(kind) + "\" width=\"" + width + "\" height=\"4\"/></svg>";
}

}  // namespace finwait
