// SPDX-License-Identifier: Apache-2.0
//
// What the held closes of a client have in common: it stands once, with its texts, however many
// they are. Sorted and not hashed: whatever texts a client chooses, finding one costs the same.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "finwait/close.hpp"

namespace finwait {

class Clients {
    struct Client {
        explicit Client(const ClientFacts& seen) : facts(seen) {
            facts.append_texts_to(texts);
            facts.view_texts_in(texts);
        }
        Client(const Client&) = delete;
        Client& operator=(const Client&) = delete;

        std::string texts;
        ClientFacts facts;
        mutable std::size_t closes = 0;
    };
    struct ByFacts {
        using is_transparent = void;
        static const ClientFacts& of(const Client& client) { return client.facts; }
        static const ClientFacts& of(const ClientFacts& facts) { return facts; }
        bool operator()(const auto& a, const auto& b) const { return of(a) < of(b); }
    };
    using Known = std::set<Client, ByFacts>;

  public:
    using Place = Known::const_iterator;

    // There until it is dropped as often as it was kept.
    [[nodiscard]] Place keep(const ClientFacts& facts);
    void drop(Place place);

    [[nodiscard]] std::size_t size() const { return known_.size(); }

  private:
    Known known_;
};

}  // namespace finwait
