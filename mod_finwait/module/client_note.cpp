// SPDX-License-Identifier: Apache-2.0
#include "module/client_note.hpp"

#include <cstring>

namespace finwait {

namespace {

template <std::size_t N>
std::string_view kept(std::array<char, N>& buffer, std::string_view text) {
    text = bounded(text, N);
    if (!text.empty()) std::memcpy(buffer.data(), text.data(), text.size());
    return {buffer.data(), text.size()};
}

}  // namespace

std::string_view bounded(std::string_view text, std::size_t size_max) {
    if (text.size() <= size_max) return text;
    constexpr std::size_t kContinuationMax = 3;  // RFC 3629: a character is at most four bytes
    std::size_t size = size_max;
    while (size > 0 && size_max - size < kContinuationMax &&
           (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
        --size;
    const bool at_boundary = (static_cast<unsigned char>(text[size]) & 0xC0) != 0x80;
    return text.substr(0, at_boundary ? size : size_max);
}

void ClientNote::remember(const RequestSeen& request) {
    const std::lock_guard lock(mutex_);
    last_ = request;
    last_.user_agent = kept(user_agent_, request.user_agent);
    last_.client_address = kept(client_address_, request.client_address);
    any_ = true;
    if (request.complete) ++requests_;
}

ClientSeen ClientNote::seen() {
    const std::lock_guard lock(mutex_);
    ClientSeen seen;
    seen.requests = requests_;
    if (any_) seen.last = last_;
    return seen;
}

}  // namespace finwait
