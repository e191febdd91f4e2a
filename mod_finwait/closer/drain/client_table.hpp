// SPDX-License-Identifier: Apache-2.0
//
// The texts of a client, stored once however many sockets it leaves behind. A handle is a pointer;
// whoever interns releases. Ordered and not hashed: clients choose these texts, and with an order
// there is nothing to collide. Bounded by its users: an entry nobody holds is gone.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "finwait/endpoint.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// What many sockets have in common.
struct ClientFacts {
    std::string_view vhost;
    std::string_view user_agent;
    LogIds logs = {};
    std::optional<AutoRule> auto_rule = {};
    // The rest is rarely there; each client that has any of it is an entry of its own.
    std::string_view client_address = {};  // no numeric one, or not as address_text() writes it
    Endpoint peer = {};                    // where httpd has another than the socket's
    Endpoint local = {};
};

class ClientTable {
    struct Key {
        std::string texts;  // vhost, User-Agent, client address
        std::uint16_t vhost_size = 0;
        std::uint16_t user_agent_size = 0;
        LogIds logs;
        std::optional<AutoRule> auto_rule;
        Endpoint peer;
        Endpoint local;

        auto operator<=>(const Key&) const = default;
    };
    using Entries = std::map<Key, std::uint32_t>;

  public:
    using Handle = Entries::value_type*;

    [[nodiscard]] Handle intern(const ClientFacts& facts);
    void release(Handle handle);

    // Valid until the handle is released.
    [[nodiscard]] static ClientFacts facts(Handle handle);

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    Entries entries_;
};

}  // namespace finwait
