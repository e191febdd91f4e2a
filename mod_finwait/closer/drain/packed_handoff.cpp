// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/packed_handoff.hpp"

#include <algorithm>
#include <cassert>

namespace finwait {

namespace {

std::uint16_t packed_size(std::string_view text, std::size_t max) {
    assert(text.size() <= max);
    return static_cast<std::uint16_t>(text.size());
}

}  // namespace

PackedHandoff::PackedHandoff(const Handoff& handoff)
    : vhost_size_(packed_size(handoff.vhost, kVhostMax)),
      user_agent_size_(packed_size(handoff.user_agent, kUserAgentMax)),
      client_address_size_(packed_size(handoff.client_address, kClientAddressMax)),
      cause_(handoff.cause),
      http_(handoff.http),
      tls_(handoff.tls),
      mpm_(handoff.mpm),
      remedy_(handoff.remedy),
      logs_(handoff.logs),
      auto_rule_(handoff.auto_rule),
      requests_(handoff.requests),
      peer_(handoff.peer),
      local_(handoff.local) {
    const std::size_t size = std::size_t{vhost_size_} + user_agent_size_ + client_address_size_;
    if (size == 0) return;
    texts_ = std::make_unique_for_overwrite<char[]>(size);
    char* out = texts_.get();
    out = std::copy(handoff.vhost.begin(), handoff.vhost.end(), out);
    out = std::copy(handoff.user_agent.begin(), handoff.user_agent.end(), out);
    std::copy(handoff.client_address.begin(), handoff.client_address.end(), out);
}

Handoff PackedHandoff::unpack() const {
    Handoff handoff;
    handoff.cause = cause_;
    handoff.http = http_;
    handoff.tls = tls_;
    handoff.mpm = mpm_;
    handoff.remedy = remedy_;
    handoff.logs = logs_;
    handoff.auto_rule = auto_rule_;
    handoff.requests = requests_;
    handoff.peer = peer_;
    handoff.local = local_;
    const char* text = texts_.get();
    if (text == nullptr) return handoff;
    handoff.vhost = {text, vhost_size_};
    handoff.user_agent = {text + vhost_size_, user_agent_size_};
    handoff.client_address = {text + vhost_size_ + user_agent_size_, client_address_size_};
    return handoff;
}

}  // namespace finwait
