// SPDX-License-Identifier: Apache-2.0
//
// decode() accepts exactly what encode() produces: whatever it accepts encodes to the same bytes.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "finwait/question.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    finwait::Question question;
    if (finwait::decode(bytes, question) != finwait::DecodeError::none) return 0;

    std::array<std::byte, finwait::kHandoffSizeMax> again;
    const std::size_t length = finwait::encode(question, again);
    if (!std::equal(bytes.begin(), bytes.end(), again.begin(), again.begin() + length))
        std::abort();
    return 0;
}
