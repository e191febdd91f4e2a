// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/client_table.hpp"

#include <cassert>
#include <utility>

namespace finwait {

ClientTable::Handle ClientTable::intern(const ClientFacts& facts) {
    static_assert(kVhostMax <= UINT16_MAX && kUserAgentMax <= UINT16_MAX);
    Key key;
    key.texts.reserve(facts.vhost.size() + facts.user_agent.size() + facts.client_address.size());
    key.texts.append(facts.vhost).append(facts.user_agent).append(facts.client_address);
    key.vhost_size = static_cast<std::uint16_t>(facts.vhost.size());
    key.user_agent_size = static_cast<std::uint16_t>(facts.user_agent.size());
    key.logs = facts.logs;
    key.auto_rule = facts.auto_rule;
    key.peer = facts.peer;
    key.local = facts.local;
    const auto entry = entries_.try_emplace(std::move(key), 0).first;
    ++entry->second;
    return &*entry;
}

void ClientTable::release(Handle handle) {
    assert(handle->second > 0);
    if (--handle->second == 0) entries_.erase(entries_.find(handle->first));
}

ClientFacts ClientTable::facts(Handle handle) {
    const Key& key = handle->first;
    const std::string_view all = key.texts;
    return {all.substr(0, key.vhost_size),
            all.substr(key.vhost_size, key.user_agent_size),
            key.logs,
            key.auto_rule,
            all.substr(std::size_t{key.vhost_size} + key.user_agent_size),
            key.peer,
            key.local};
}

}  // namespace finwait
