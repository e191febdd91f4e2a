// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing the bytes of a message. Both keep a failed flag instead of returning a status
// from every call, so that a message reads as the list of its members. Numbers are in host order:
// both ends run on one machine, from one build of this header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace finwait::wire {

class Writer {
  public:
    explicit Writer(std::span<std::byte> out) : out_(out) {}

    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put(const T& value) { put_bytes(&value, sizeof value); }

    // Length, then the bytes.
    template <typename Length>
    void put_text(std::string_view text, std::size_t text_max) {
        if (text.size() > text_max) failed_ = true;
        put(static_cast<Length>(text.size()));
        put_bytes(text.data(), text.size());
    }

    void put_bytes(const void* bytes, std::size_t size) {
        if (failed_ || size > out_.size() - used_) {
            failed_ = true;
            return;
        }
        if (size != 0) std::memcpy(out_.data() + used_, bytes, size);
        used_ += size;
    }

    // The bytes written, 0 after any failure.
    [[nodiscard]] std::size_t size() const { return failed_ ? 0 : used_; }

  private:
    std::span<std::byte> out_;
    std::size_t used_ = 0;
    bool failed_ = false;
};

class Reader {
  public:
    explicit Reader(std::span<const std::byte> in) : in_(in) {}

    template <typename T>
    requires std::is_trivially_copyable_v<T> T get() {
        T value{};
        get_bytes(&value, sizeof value);
        return value;
    }

    template <typename Length>
    std::string_view get_text(std::size_t text_max) {
        const std::size_t size = get<Length>();
        if (size > text_max) out_of_range_ = true;
        if (truncated_ || size > in_.size()) {
            truncated_ = true;
            return {};
        }
        const std::string_view text(reinterpret_cast<const char*>(in_.data()), size);
        in_ = in_.subspan(size);
        return text;
    }

    void get_bytes(void* bytes, std::size_t size) {
        if (truncated_ || size > in_.size()) {
            truncated_ = true;
            return;
        }
        std::memcpy(bytes, in_.data(), size);
        in_ = in_.subspan(size);
    }

    [[nodiscard]] bool truncated() const { return truncated_; }
    [[nodiscard]] bool out_of_range() const { return out_of_range_; }
    [[nodiscard]] std::size_t left() const { return in_.size(); }

  private:
    std::span<const std::byte> in_;
    bool truncated_ = false;
    bool out_of_range_ = false;
};

}  // namespace finwait::wire
