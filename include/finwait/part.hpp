// SPDX-License-Identifier: Apache-2.0
//
// A value in shared memory with one writer and any number of readers in other processes, under a
// sequence lock: the writer waits for nobody; a reader gets a copy that was whole at one instant,
// or learns that there is none. Readers may have the memory read-only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace finwait {

// How often a reader looks again before it gives up. The writer is done within a microsecond; but
// it may have been stopped, or killed, in the middle.
inline constexpr int kReadTriesMax = 64;

template <typename T>
class Part {
    static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>);

  public:
    // --- the writer ---

    template <typename Change>
    void write(Change&& change) {
        sequence_.fetch_add(1, std::memory_order_acquire);
        // So that no change is seen before it: an acquire alone lets that happen on arm64, where
        // what follows may be stored before the sequence is.
        keep_order_of_stores();
        change(value_);
        sequence_.fetch_add(1, std::memory_order_release);
    }
    [[nodiscard]] const T& own() const { return value_; }

    // A writer was killed while it wrote.
    [[nodiscard]] bool is_half_written() const {
        return (sequence_.load(std::memory_order_relaxed) & 1) != 0;
    }
    // By the next one, before anything else.
    template <typename Change>
    void mend(Change&& change) {
        change(value_);
        sequence_.fetch_add(1, std::memory_order_release);
    }

    // --- readers ---

    // False if it was being written all the time: then `copy` has some of each.
    [[nodiscard]] bool read(T& copy) const { return copy_first(&copy, sizeof copy); }

    // As far as `copy` goes: a type that T begins with.
    template <typename First>
    [[nodiscard]] bool read_first(First& copy) const {
        static_assert(std::is_trivially_copyable_v<First> && sizeof(First) <= sizeof(T));
        return copy_first(&copy, sizeof copy);
    }

  private:
    using Word = std::uint64_t;

    static void keep_order_of_stores() {
#ifndef __SANITIZE_THREAD__  // it knows no fences, and GCC says so
        std::atomic_thread_fence(std::memory_order_release);
#endif
    }

    bool copy_first(void* copy, std::size_t size) const {
        for (int i = 0; i < kReadTriesMax; ++i) {
            const std::uint32_t before = sequence_.load(std::memory_order_acquire);
            copy_words(copy, size);
            if (before % 2 == 0 && sequence_.load(std::memory_order_relaxed) == before) return true;
        }
        return false;
    }
    // Each an acquire, so that the second look at the sequence does not move before it.
    void copy_words(void* copy, std::size_t size) const {
        const auto* from = reinterpret_cast<const Word*>(&value_);
        auto* to = static_cast<std::byte*>(copy);
        for (std::size_t done = 0; done < size; done += sizeof(Word)) {
            const Word word = __atomic_load_n(from++, __ATOMIC_ACQUIRE);
            std::memcpy(to + done, &word, size - done < sizeof word ? size - done : sizeof word);
        }
    }

    std::atomic<std::uint32_t> sequence_{0};
    alignas(Word) T value_{};
};

}  // namespace finwait
