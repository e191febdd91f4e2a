// SPDX-License-Identifier: Apache-2.0
//
// Finds a slot by its socket cookie: chains through the slots themselves, so that it costs some 20
// bytes per slot and adding never allocates but to grow. Cookies are numbered by the kernel: nobody
// can choose some that collide. Each slot has at most one cookie; 0 is none.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace finwait {

class CookieIndex {
  public:
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t cookie) const {
        if (heads_.empty()) return std::nullopt;
        for (std::uint32_t slot = heads_[bucket(cookie)]; slot != kNone; slot = next_[slot])
            if (cookies_[slot] == cookie) return slot;
        return std::nullopt;
    }

    // Precondition: the slot has none.
    void add(std::uint64_t cookie, std::uint32_t slot) {
        if (cookie == 0) return;
        if (slot >= cookies_.size()) {
            cookies_.resize(slot + std::size_t{1});
            next_.resize(slot + std::size_t{1}, kNone);
        }
        assert(cookies_[slot] == 0);
        if (++size_ > heads_.size()) grow();
        cookies_[slot] = cookie;
        link(slot);
    }

    void remove(std::uint32_t slot) {
        if (slot >= cookies_.size() || cookies_[slot] == 0) return;
        std::uint32_t* at = &heads_[bucket(cookies_[slot])];
        while (*at != slot) {
            assert(*at != kNone);
            at = &next_[*at];
        }
        *at = next_[slot];
        cookies_[slot] = 0;
        --size_;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    static constexpr std::size_t kHeadsMin = 64;

    // Fibonacci hashing (Knuth, TAOCP 3, 6.4): consecutive cookies fall into different buckets.
    [[nodiscard]] std::size_t bucket(std::uint64_t cookie) const {
        return static_cast<std::size_t>((cookie * 0x9E37'79B9'7F4A'7C15) >> 32) &
               (heads_.size() - 1);
    }

    void link(std::uint32_t slot) {
        std::uint32_t& head = heads_[bucket(cookies_[slot])];
        next_[slot] = head;
        head = slot;
    }

    void grow() {
        std::vector<std::uint32_t> old(heads_.empty() ? kHeadsMin : heads_.size() * 2, kNone);
        old.swap(heads_);
        for (std::uint32_t slot : old) {
            while (slot != kNone) {
                const std::uint32_t after = next_[slot];
                link(slot);
                slot = after;
            }
        }
    }

    std::vector<std::uint32_t> heads_;  // a power of two
    std::vector<std::uint32_t> next_;   // by slot
    std::vector<std::uint64_t> cookies_;
    std::size_t size_ = 0;
};

}  // namespace finwait
