// SPDX-License-Identifier: Apache-2.0
#include "module/connection/client_note.hpp"

#include <cstring>

#include "contract/utf8.hpp"

namespace finwait {

namespace {

template <std::size_t N>
std::string_view kept(std::array<char, N>& buffer, std::string_view text) {
    text = bounded(text, N);
    if (!text.empty()) std::memcpy(buffer.data(), text.data(), text.size());
    return {buffer.data(), text.size()};
}

}  // namespace

bool ClientNote::is_empty() {
    const std::lock_guard lock(mutex_);
    return !seen_.last;
}

void ClientNote::begin(const RequestSeen* who) {
    const std::lock_guard lock(mutex_);
    ++seen_.requests;
    ++streams_;
    if (who && !seen_.last) keep(*who, kept(seen_.user_agent_, who->user_agent));
}

void ClientNote::end_stream() {
    const std::lock_guard lock(mutex_);
    --streams_;
}

bool ClientNote::has_streams() {
    const std::lock_guard lock(mutex_);
    return streams_ != 0;
}

void ClientNote::remember(const RequestSeen& request) {
    const std::lock_guard lock(mutex_);
    if (request.complete && is_of_another(request)) seen_.is_shared = true;
    // A request that was never read to its end does not hide who sent those before it.
    const bool is_nameless = !request.complete && request.user_agent.empty() && seen_.last;
    const std::string_view user_agent =
        is_nameless ? seen_.last->user_agent : kept(seen_.user_agent_, request.user_agent);
    const HttpVersion before = seen_.last ? seen_.last->http : HttpVersion::none;
    keep(request, user_agent);
    if (request.http == HttpVersion::none) seen_.last->http = before;
    if (request.complete && !request.begun) ++seen_.requests;
}

// Of one that was read whole: nobody else's name stands in the others.
bool ClientNote::is_of_another(const RequestSeen& request) const {
    const auto& last = seen_.last;
    return last && last->complete &&
           (last->user_agent != bounded(request.user_agent, kUserAgentMax) ||
            last->client_address != bounded(request.client_address, kClientAddressMax));
}

void ClientNote::keep(const RequestSeen& request, std::string_view user_agent) {
    seen_.has_via = seen_.has_via || request.has_via;
    seen_.last = request;
    seen_.last->user_agent = user_agent;
    seen_.last->client_address = kept(seen_.client_address_, request.client_address);
}

void ClientNote::copy_to(ClientSeen& seen) {
    const std::lock_guard lock(mutex_);
    copy_locked_to(seen);
}

void ClientNote::try_copy_to(ClientSeen& seen) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock) copy_locked_to(seen);
}

void ClientNote::copy_locked_to(ClientSeen& seen) {
    seen.requests = seen_.requests;
    seen.is_shared = seen_.is_shared;
    seen.has_via = seen_.has_via;
    seen.last = seen_.last;
    if (!seen.last) return;
    seen.last->user_agent = kept(seen.user_agent_, seen_.last->user_agent);
    seen.last->client_address = kept(seen.client_address_, seen_.last->client_address);
}

}  // namespace finwait
