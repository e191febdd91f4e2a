// SPDX-License-Identifier: Apache-2.0
//
// The remedies there are now: how httpd's children know what the closer has learnt. Lies in memory
// that httpd's parent makes; only the closer that owns it writes, children map it read-only and
// look up without a lock, a wait or a system call. Bounded: kPlaces. An entry that was half written
// when it was read is nobody's; one whose closer has died ends at its time.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "finwait/handoff.hpp"
#include "finwait/network.hpp"
#include "finwait/siphash.hpp"
#include "finwait/words.hpp"

namespace finwait {

class RemedyTable {
  public:
    static constexpr std::uint64_t kLayout = 0x66696e7761'03'0001;
    static constexpr std::size_t kPlaces = 8192;
    static constexpr std::size_t kLooks = 16;  // places in which one key may stand

    // By the parent, before anybody else sees it.
    void lay_out(const SipKey& seed) {
        layout_ = kLayout;
        seed_ = seed;
    }
    [[nodiscard]] bool is_laid_out() const { return layout_ == kLayout; }

    // Of the texts as a Handoff carries them.
    [[nodiscard]] std::uint64_t key_of(std::string_view vhost, std::string_view user_agent) const {
        std::array<char, 1 + kVhostMax + kUserAgentMax> text;
        vhost = vhost.substr(0, kVhostMax);
        user_agent = user_agent.substr(0, kUserAgentMax);
        text[0] = static_cast<char>(vhost.size());  // "a" + "bc" must not be "ab" + "c"
        char* end = std::copy(vhost.begin(), vhost.end(), text.data() + 1);
        end = std::copy(user_agent.begin(), user_agent.end(), end);
        return hash(std::span(text.data(), end));
    }
    // Of a remedy that covers the client on one network only.
    [[nodiscard]] std::uint64_t key_of(std::uint64_t client, Network network) const {
        const std::array numbers{client, static_cast<std::uint64_t>(network)};
        return hash(std::span(numbers));
    }

    // --- children ---

    [[nodiscard]] bool is_empty() const { return used_.load(std::memory_order_relaxed) == 0; }
    [[nodiscard]] Remedy find(std::uint64_t key, std::uint64_t now_s) const {
        for (std::size_t i = 0; i < kLooks; ++i) {
            const Place& place = place_at(key, i);
            const std::uint64_t data = place.data.load(std::memory_order_relaxed);
            if (data == 0 || (place.key_and_data.load(std::memory_order_relaxed) ^ data) != key)
                continue;
            return until_s(data) > now_s ? remedy_in(data) : Remedy::none;
        }
        return Remedy::none;
    }

    // --- the closer ---

    // From now on `owner` (not 0) writes, and nobody else; begins empty.
    void take(std::uint64_t owner) {
        owner_.store(owner);
        for (Place& place : places_) put(place, 0, 0);
        set_used(0);
    }
    [[nodiscard]] std::uint64_t owner() const { return owner_.load(); }

    // How many of the places its owner has filled. A word of its own, not a sum that both owners
    // keep: so a replaced one, late with its last, puts it wrong until the new one's next at most.
    void set_used(std::uint64_t used) { used_.store(used); }

    // In place of what the key had. False if there was no place.
    bool set(std::uint64_t key, Remedy remedy, std::uint64_t end_s) {
        Place* place = place_of(key);
        if (place == nullptr) place = free_place_for(key);
        if (place != nullptr) put(*place, key, end_s << 8 | static_cast<std::uint64_t>(remedy));
        return place != nullptr;
    }
    void remove(std::uint64_t key) {
        if (Place* place = place_of(key)) put(*place, 0, 0);
    }

  private:
    struct Place {
        std::atomic<std::uint64_t> key_and_data;  // one XOR the other
        std::atomic<std::uint64_t> data;  // 0: free; else the end in seconds, and the Remedy
    };
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

    static std::uint64_t until_s(std::uint64_t data) { return data >> 8; }
    static Remedy remedy_in(std::uint64_t data) {
        return word_at<Remedy>(data & 0xff).value_or(Remedy::none);
    }
    static void put(Place& place, std::uint64_t key, std::uint64_t data) {
        place.key_and_data.store(key ^ data, std::memory_order_relaxed);
        place.data.store(data, std::memory_order_relaxed);
    }

    template <typename Span>
    [[nodiscard]] std::uint64_t hash(Span values) const {
        return sip_hash(seed_, std::as_bytes(values));
    }
    [[nodiscard]] const Place& place_at(std::uint64_t key, std::size_t i) const {
        return places_[(key + i) % kPlaces];
    }
    [[nodiscard]] Place& place_at(std::uint64_t key, std::size_t i) {
        return places_[(key + i) % kPlaces];
    }
    [[nodiscard]] Place* place_of(std::uint64_t key) {
        for (std::size_t i = 0; i < kLooks; ++i) {
            Place& place = place_at(key, i);
            const std::uint64_t data = place.data.load(std::memory_order_relaxed);
            if (data != 0 && (place.key_and_data.load(std::memory_order_relaxed) ^ data) == key)
                return &place;
        }
        return nullptr;
    }
    [[nodiscard]] Place* free_place_for(std::uint64_t key) {
        for (std::size_t i = 0; i < kLooks; ++i)
            if (place_at(key, i).data.load(std::memory_order_relaxed) == 0)
                return &place_at(key, i);
        return nullptr;
    }

    std::uint64_t layout_ = 0;
    SipKey seed_;
    std::atomic<std::uint64_t> owner_{0};
    std::atomic<std::uint64_t> used_{0};
    std::array<Place, kPlaces> places_{};
};

}  // namespace finwait
