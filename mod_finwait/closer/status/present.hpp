// SPDX-License-Identifier: Apache-2.0
//
// Counts the sockets there are now by account (User-Agent and virtual host). Made anew for each
// page from every socket held or followed, and thrown away with it. Ordered and not hashed: clients
// choose the keys, and nothing they choose makes it slow. At most kPresentAccountsMax accounts: a
// further one takes the place of the one with the fewest sockets (of equals the one not seen for
// longest), whose sockets are counted under kOtherPresent. So who comes late and has many is seen.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "closer/drain/slot_heap.hpp"
#include "closer/moment.hpp"
#include "closer/status/view.hpp"

namespace finwait {

inline constexpr std::size_t kPresentAccountsMax = 4096;
inline constexpr std::string_view kOtherPresent = "(other)";

class Present {
  public:
    struct Account {
        SocketCounts sockets;
        Time fin_wait_2_time{};  // so far, summed
        std::uint32_t slot = 0;  // in rarest_
    };
    using Key = std::pair<std::string_view, std::string_view>;  // User-Agent, virtual host
    using Accounts = std::map<Key, Account>;

    // The texts of `key` must live as long as this. `fin_wait_2_time` is zero in other states.
    void add(Key key, TcpState state, Time fin_wait_2_time);

    // Takes the account out, so that what is left at the end has no account in the ledger. Nothing
    // is added afterwards.
    [[nodiscard]] Account take(Key key);
    [[nodiscard]] const Accounts& accounts() const { return accounts_; }
    // Of the accounts that gave up their place.
    [[nodiscard]] const Account& others() const { return others_; }

  private:
    using Rank = std::pair<std::uint64_t, std::uint64_t>;  // sockets, the last addition

    [[nodiscard]] std::uint32_t slot_for(Accounts::iterator account);

    Accounts accounts_;
    Account others_;
    std::vector<Accounts::iterator> by_slot_;
    SlotHeap<Rank> rarest_;
    std::uint64_t additions_ = 0;
};

}  // namespace finwait
