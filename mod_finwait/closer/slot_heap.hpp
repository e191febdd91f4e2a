// SPDX-License-Identifier: Apache-2.0
//
// A binary min-heap of slots that knows where each slot stands, so that a slot's key can be changed
// or the slot removed in O(log n). At most one entry per slot, so it is bounded by the number of
// slots.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace finwait {

template <typename Key>
class SlotHeap {
  public:
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }
    // Precondition of both: not empty.
    [[nodiscard]] const Key& least() const {
        assert(!heap_.empty());
        return heap_.front().key;
    }
    [[nodiscard]] std::uint32_t least_slot() const {
        assert(!heap_.empty());
        return heap_.front().slot;
    }
    [[nodiscard]] bool contains(std::uint32_t slot) const {
        return slot < position_.size() && position_[slot] != kAbsent;
    }

    // Precondition: contains(slot).
    [[nodiscard]] const Key& at(std::uint32_t slot) const {
        assert(contains(slot));
        return heap_[position_[slot]].key;
    }

    // Inserts the slot or moves it, up or down.
    void set(std::uint32_t slot, Key key) {
        if (slot >= position_.size()) position_.resize(slot + std::size_t{1}, kAbsent);
        if (position_[slot] == kAbsent) {
            heap_.push_back({key, slot});
            position_[slot] = static_cast<std::uint32_t>(heap_.size() - 1);
        }
        const std::size_t at = position_[slot];
        heap_[at].key = key;
        settle(at);
    }

    void remove(std::uint32_t slot) {
        if (!contains(slot)) return;
        const std::size_t at = position_[slot];
        position_[slot] = kAbsent;
        const Entry last = heap_.back();
        heap_.pop_back();
        if (at == heap_.size()) return;
        place(at, last);
        settle(at);
    }

    // For tests: each entry is no less than its parent and stands where position_ says.
    [[nodiscard]] bool is_consistent() const {
        for (std::size_t i = 0; i < heap_.size(); ++i) {
            if (position_[heap_[i].slot] != i) return false;
            if (i > 0 && heap_[i].key < heap_[parent(i)].key) return false;
        }
        return true;
    }

  private:
    struct Entry {
        Key key;
        std::uint32_t slot;
    };
    static constexpr std::uint32_t kAbsent = UINT32_MAX;

    static std::size_t parent(std::size_t at) { return (at - 1) / 2; }

    void place(std::size_t at, Entry entry) {
        heap_[at] = entry;
        position_[entry.slot] = static_cast<std::uint32_t>(at);
    }

    void settle(std::size_t at) {
        const Entry entry = heap_[at];
        while (at > 0 && entry.key < heap_[parent(at)].key) {
            place(at, heap_[parent(at)]);
            at = parent(at);
        }
        for (std::size_t child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
            if (child + 1 < heap_.size() && heap_[child + 1].key < heap_[child].key) ++child;
            if (entry.key <= heap_[child].key) break;
            place(at, heap_[child]);
            at = child;
        }
        place(at, entry);
    }

    std::vector<Entry> heap_;
    std::vector<std::uint32_t> position_;  // by slot
};

}  // namespace finwait
