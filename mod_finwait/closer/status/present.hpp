// SPDX-License-Identifier: Apache-2.0
//
// Counts the sockets there are now by account (User-Agent and virtual host). Made anew for each
// page from every socket held or followed, and thrown away with it. Ordered and not hashed: clients
// choose the keys, and nothing they choose makes it slow. At most kPresentAccountsMax accounts; the
// sockets of any further one are counted under kOtherPresent.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

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
    };
    using Key = std::pair<std::string_view, std::string_view>;  // User-Agent, virtual host

    // The texts of `key` must live as long as this. `fin_wait_2_time` is zero in other states.
    void add(Key key, TcpState state, Time fin_wait_2_time);

    // Takes the account out, so that what is left at the end has no account in the ledger.
    [[nodiscard]] Account take(Key key);
    [[nodiscard]] const std::map<Key, Account>& accounts() const { return accounts_; }

  private:
    std::map<Key, Account> accounts_;
};

}  // namespace finwait
