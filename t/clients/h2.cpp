// SPDX-License-Identifier: Apache-2.0

#include "clients/h2.hpp"

#include <array>

namespace finwait::test::h2 {
namespace {

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
    std::string out;
    const auto put = [&](std::uint32_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
            out += static_cast<char>(value >> shift);
    };
    put(static_cast<std::uint32_t>(payload.size()), 3);
    put(type, 1);
    put(flags, 1);
    put(stream, 4);
    out += payload;
    return out;
}

// RFC 7541 section 5.1.
void append_integer(std::string& out, unsigned prefix_bits, unsigned first, std::size_t value) {
    const std::size_t most = (1U << prefix_bits) - 1;
    if (value < most) {
        out += static_cast<char>(first | value);
        return;
    }
    out += static_cast<char>(first | most);
    for (value -= most; value >= 128; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
    out += static_cast<char>(value);
}

// Literal without indexing, the name by its number in the static table.
void append_field(std::string& out, std::size_t name, std::string_view value) {
    append_integer(out, 4, 0, name);
    append_integer(out, 7, 0, value.size());
    out += value;
}

}  // namespace

std::string opening() {
    constexpr std::string_view window_settings{"\x00\x04\x7f\xff\xff\xff", 6};
    constexpr std::string_view window_update{"\x7f\xfe\x00\x00", 4};  // 2^31-1 less 65,535
    return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(Frame::kSettings, 0, 0, window_settings) +
           frame(8, 0, 0, window_update);
}

std::string get(std::uint32_t stream, std::string_view path, std::string_view authority,
                std::string_view user_agent) {
    std::string block = "\x82\x87";  // GET, https
    append_field(block, 1, authority);
    append_field(block, 4, path);
    append_field(block, 58, user_agent);
    return frame(Frame::kHeaders, 0x5 /* END_STREAM, END_HEADERS */, stream, block);
}

std::string settings_ack() {
    return frame(Frame::kSettings, 1, 0, "");
}

std::string ping() {
    return frame(Frame::kPing, 0, 0, "finwait?");
}

bool take_frame(std::string& bytes, Frame& out) {
    if (bytes.size() < 9) return false;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::size_t length = (std::size_t{byte(0)} << 16) | (std::size_t{byte(1)} << 8) | byte(2);
    if (bytes.size() < 9 + length) return false;
    out.type = byte(3);
    out.flags = byte(4);
    out.stream = ((std::uint32_t{byte(5)} << 24) | (std::uint32_t{byte(6)} << 16) |
                  (std::uint32_t{byte(7)} << 8) | byte(8)) &
                 0x7fffffff;
    out.payload = bytes.substr(9, length);
    bytes.erase(0, 9 + length);
    return true;
}

int status_of(const Frame& headers) {
    constexpr std::array kStatus{200, 204, 206, 304, 400, 404, 500};
    if (headers.payload.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(headers.payload[0]);
    return first >= 0x88 && first <= 0x8e ? kStatus[first - 0x88U] : 0;
}

}  // namespace finwait::test::h2
