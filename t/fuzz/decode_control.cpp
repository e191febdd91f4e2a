// SPDX-License-Identifier: Apache-2.0
//
// decode() accepts exactly what encode() produces: whatever it accepts encodes to the same bytes.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "finwait/control.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    finwait::Control control;
    if (!finwait::decode(bytes, control)) return 0;

    // A receiver reads at most kControlSizeMax bytes, but decode() need not rely on it.
    std::vector<std::byte> again(std::max(size, finwait::kControlSizeMax));
    const std::size_t length = finwait::encode(control, again);
    again.resize(length);
    if (!std::equal(bytes.begin(), bytes.end(), again.begin(), again.end())) std::abort();
    return 0;
}
