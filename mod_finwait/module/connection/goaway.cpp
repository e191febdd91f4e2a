// SPDX-License-Identifier: Apache-2.0
#include "module/connection/goaway.hpp"

#include <cstdint>

namespace finwait {

namespace {

constexpr std::size_t kHeaderSize = 9;
constexpr std::size_t kGoawaySizeMin = 8;
constexpr char kGoaway = 0x07;

// Big-endian. Precondition: they are there.
std::uint32_t number_in(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t number = 0;
    for (const char c : bytes.substr(at, size))
        number = number << 8 | static_cast<unsigned char>(c);
    return number;
}

}  // namespace

bool holds_goaway_for_error(std::string_view frames) {
    bool found = false;
    while (frames.size() >= kHeaderSize) {
        const std::size_t size = number_in(frames, 0, 3);
        if (size > frames.size() - kHeaderSize) return false;
        if (frames[3] == kGoaway && size >= kGoawaySizeMin)
            found = found || number_in(frames, kHeaderSize + 4, 4) != 0;
        frames.remove_prefix(kHeaderSize + size);
    }
    return found && frames.empty();
}

}  // namespace finwait
