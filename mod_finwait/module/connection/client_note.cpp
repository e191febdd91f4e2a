// SPDX-License-Identifier: Apache-2.0
#include "module/connection/client_note.hpp"

#include <algorithm>
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

bool ClientNote::is_proxys_with(const RequestSeen& request) {
    const std::lock_guard lock(mutex_);
    return seen_.is_shared || seen_.has_via || request.has_via || is_of_another(request);
}

std::uint32_t ClientNote::begin(const RequestSeen* who) {
    const std::lock_guard lock(mutex_);
    ++seen_.requests;
    ++streams_;
    if (who && !seen_.last) {
        keep(*who, false);
        seen_.last->number = seen_.requests;
    }
    return seen_.requests;
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
    const bool is_another = is_of_another(request);
    seen_.is_shared = seen_.is_shared || is_another;
    if (seen_.last && request.number < seen_.last->number) {
        seen_.has_via = seen_.has_via || request.has_via;
        seen_.last->logged = std::max(seen_.last->logged, request.logged);
    } else {
        keep(request, is_another);
    }
    if (request.complete && request.number == 0) ++seen_.requests;
}

// What a request that was not read to its end leaves out is not known: it may be anybody's.
bool ClientNote::is_of_another(const RequestSeen& request) const {
    const auto& last = seen_.last;
    if (!last) return false;
    const bool are_whole = last->complete && request.complete;
    const auto differ = [are_whole](std::string_view one, std::string_view other, std::size_t max) {
        return one != other && one != bounded(other, max) &&
               (are_whole || (!one.empty() && !other.empty()));
    };
    return differ(last->user_agent, request.user_agent, kUserAgentMax) ||
           differ(last->client_address, request.client_address, kClientAddressMax);
}

// Two whole requests of one client say the same, and one that was not read to its end hides nothing
// that is known of who sent those before it.
void ClientNote::keep(const RequestSeen& request, bool is_another) {
    const bool knows = seen_.last && !is_another;
    if (!seen_.last) seen_.last.emplace();
    RequestSeen& last = *seen_.last;
    const bool says_same = knows && last.complete && request.complete;
    const bool adds = knows && !request.complete;
    const auto text = [&](auto& buffer, std::string_view said, std::string_view known) {
        return says_same || (adds && said.empty()) ? known : kept(buffer, said);
    };
    const std::string_view user_agent =
        text(seen_.user_agent_, request.user_agent, last.user_agent);
    const std::string_view client_address =
        text(seen_.client_address_, request.client_address, last.client_address);
    const HttpVersion http = request.http == HttpVersion::none ? last.http : request.http;
    seen_.has_via = seen_.has_via || request.has_via;
    last = request;
    last.user_agent = user_agent;
    last.client_address = client_address;
    last.http = http;
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
