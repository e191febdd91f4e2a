// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a client that does
// not know the key cannot choose texts or addresses that collide.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace finwait {

struct SipKey {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    bool operator==(const SipKey&) const = default;
};

class SipState {
  public:
    explicit SipState(const SipKey& key)
        : a_(key.first ^ 0x736f6d6570736575),
          b_(key.second ^ 0x646f72616e646f6d),
          c_(key.first ^ 0x6c7967656e657261),
          d_(key.second ^ 0x7465646279746573) {}

    void take(std::uint64_t word) {
        d_ ^= word;
        mix(2);
        a_ ^= word;
    }
    [[nodiscard]] std::uint64_t finish() {
        c_ ^= 0xff;
        mix(4);
        return a_ ^ b_ ^ c_ ^ d_;
    }

  private:
    void mix(int rounds) {
        for (int i = 0; i < rounds; ++i) {
            a_ += b_, b_ = std::rotl(b_, 13) ^ a_, a_ = std::rotl(a_, 32);
            c_ += d_, d_ = std::rotl(d_, 16) ^ c_;
            a_ += d_, d_ = std::rotl(d_, 21) ^ a_;
            c_ += b_, b_ = std::rotl(b_, 17) ^ c_, c_ = std::rotl(c_, 32);
        }
    }

    std::uint64_t a_, b_, c_, d_;
};

// The bytes are read as little-endian numbers, as the paper says; on another machine the values
// differ from its test vectors, and nothing else.
inline std::uint64_t sip_hash(const SipKey& key, std::span<const std::byte> bytes) {
    SipState state(key);
    const auto size = static_cast<std::uint64_t>(bytes.size());
    std::uint64_t word = 0;
    for (; bytes.size() >= sizeof word; bytes = bytes.subspan(sizeof word)) {
        std::memcpy(&word, bytes.data(), sizeof word);
        state.take(word);
    }
    word = 0;
    if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
    state.take(size << 56 | word);
    return state.finish();
}

}  // namespace finwait
