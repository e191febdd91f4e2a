// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace finwait {

// Of what two programs must lay out alike. FNV-1a.
class LayoutHash {
  public:
    constexpr void take(std::uint64_t number) {
        for (int i = 0; i < 8; ++i, number >>= 8) take_byte(static_cast<unsigned char>(number));
    }
    constexpr void take(std::string_view text) {
        take(text.size());
        for (const char c : text) take_byte(static_cast<unsigned char>(c));
    }
    constexpr void take(std::span<const std::byte> bytes) {
        take(bytes.size());
        for (const std::byte byte : bytes) take_byte(static_cast<unsigned char>(byte));
    }
    // Numbers and texts by their order: a word that moves changes what is said.
    template <typename Words>
    constexpr void take_words(const Words& words) {
        take(words.size());
        for (const auto& word : words) take(word.name);
    }
    template <typename T>
    constexpr void take_type() {
        take(sizeof(T));
        take(alignof(T));
    }
    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

  private:
    constexpr void take_byte(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3; }

    std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace finwait
