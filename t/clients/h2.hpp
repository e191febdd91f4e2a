// SPDX-License-Identifier: Apache-2.0
//
// Just enough HTTP/2 (RFC 9113) to send GETs and read replies on a connection that the test, and
// not a library, decides to close, reset or leave alone. HPACK without Huffman or indexing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace finwait::test::h2 {

// Preface, SETTINGS with the largest window, and as much for the connection: the client never has
// to send WINDOW_UPDATE.
std::string opening();
std::string get(std::uint32_t stream, std::string_view path, std::string_view authority,
                std::string_view user_agent);
std::string settings_ack();
std::string ping();

struct Frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;

    [[nodiscard]] bool ends_stream() const {
        return (type == kData || type == kHeaders) && (flags & 1);
    }

    static constexpr std::uint8_t kData = 0, kHeaders = 1, kResetStream = 3, kSettings = 4,
                                  kPing = 6, kGoAway = 7;
};

// Removes one whole frame from the front of `bytes`; false if there is none yet.
bool take_frame(std::string& bytes, Frame& frame);

// The status if it is in HPACK's static table (200, 204, 206, 304, 400, 404, 500), else 0.
int status_of(const Frame& headers);

}  // namespace finwait::test::h2
