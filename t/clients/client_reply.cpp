// SPDX-License-Identifier: Apache-2.0
//
// Reading one reply, in either version of HTTP.
#include <algorithm>
#include <cstdlib>

#include "clients/client.hpp"
#include "clients/h2.hpp"

namespace finwait::test {

Reply Client::h1_reply(Clock::time_point deadline) {
    Reply reply;
    std::size_t head = std::string::npos;
    while ((head = buffer_.find("\r\n\r\n")) == std::string::npos)
        if (!fill(deadline)) return reply;
    reply.headers = buffer_.substr(0, head + 2);
    buffer_.erase(0, head + 4);
    if (reply.headers.size() > 12) reply.status = std::atoi(reply.headers.c_str() + 9);
    if (reply.status == 304 || reply.status == 204 || reply.status / 100 == 1) {
        reply.complete = true;
        return reply;
    }
    std::string lower = reply.headers;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto length_at = lower.find("\r\ncontent-length:");
    const auto take = [&](std::size_t size) {
        reply.body += buffer_.substr(0, size);
        buffer_.erase(0, size);
    };
    if (length_at != std::string::npos) {
        const auto length = std::strtoull(lower.c_str() + length_at + 17, nullptr, 10);
        while (buffer_.size() < length && fill(deadline)) continue;
        reply.complete = buffer_.size() >= length;
        take(length);
    } else if (lower.find("transfer-encoding: chunked") != std::string::npos) {
        for (;;) {
            std::size_t line = 0;
            while ((line = buffer_.find("\r\n")) == std::string::npos)
                if (!fill(deadline)) return reply;
            const auto size = std::strtoull(buffer_.c_str(), nullptr, 16);
            while (buffer_.size() < line + 2 + size + 2)
                if (!fill(deadline)) return reply;
            buffer_.erase(0, line + 2);
            take(size);
            buffer_.erase(0, 2);
            if (size == 0) break;
        }
        reply.complete = true;
    } else {  // only the close ends it
        while (fill(deadline)) continue;
        reply.complete = end_ == End::fin;
        take(buffer_.size());
    }
    return reply;
}

Reply Client::h2_reply(Clock::time_point deadline) {
    Reply reply;
    for (;;) {
        h2::Frame frame;
        while (!h2::take_frame(buffer_, frame))
            if (!fill(deadline)) return reply;
        if (frame.type == h2::Frame::kGoAway) saw_goaway_ = true;
        if (frame.type == h2::Frame::kSettings && !(frame.flags & 1)) send(h2::settings_ack());
        if (frame.type == h2::Frame::kHeaders && reply.status == 0)
            reply.status = h2::status_of(frame);
        if (frame.type == h2::Frame::kData) reply.body += frame.payload;
        if (frame.type == h2::Frame::kResetStream) return reply;
        if (frame.ends_stream()) {
            reply.complete = true;
            return reply;
        }
    }
}

}  // namespace finwait::test
