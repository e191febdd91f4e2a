// SPDX-License-Identifier: Apache-2.0
//
// The totals of all finished closes, by virtual host. They lie in memory that every closer shares
// and that outlives each: booked as a close is, they are exact and never fall, whichever closer
// dies and however many there are.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "closer/ledger/balance.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// More than a configuration names in practice; what comes beyond shares kOtherAccount.
inline constexpr std::size_t kLedgerVhostsMax = 256;

class VhostTotals {
  public:
    using ByName = std::map<std::string, Balance, std::less<>>;

    // In `memory` (ledger_memory.hpp says where). Without it, or if a closer of another build
    // has laid it out otherwise, these are the totals of this closer alone.
    explicit VhostTotals(int memory);
    ~VhostTotals();
    VhostTotals(const VhostTotals&) = delete;
    VhostTotals& operator=(const VhostTotals&) = delete;

    void book(std::string_view vhost, const BookedClose& close);

    [[nodiscard]] Balance total() const;
    [[nodiscard]] ByName by_name() const;

  private:
    struct Entry {
        // Named once for all: free, then claimed by the closer that writes the name, then named.
        enum State : std::uint32_t { free, claimed, named };
        std::atomic<std::uint32_t> state;
        std::uint32_t name_size;
        std::array<char, kVhostMax> name;
        SharedBalance balance;

        [[nodiscard]] bool is_named(std::string_view text) const;
        [[nodiscard]] bool claim(std::string_view text);
    };
    struct Table {
        std::atomic<std::uint64_t> layout;
        std::array<Entry, kLedgerVhostsMax> entries;
        SharedBalance beyond;  // of the virtual hosts that found no entry
    };

    [[nodiscard]] static Table* map_shared(int memory);
    [[nodiscard]] SharedBalance& balance_of(std::string_view vhost);
    [[nodiscard]] SharedBalance& find_or_claim(std::string_view vhost);

    Table* table_;
    std::map<std::string, SharedBalance*, std::less<>> found_;

  public:
    static constexpr std::size_t kTableSize = sizeof(Table);
};

}  // namespace finwait
