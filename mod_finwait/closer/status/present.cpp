// SPDX-License-Identifier: Apache-2.0
#include "closer/status/present.hpp"

namespace finwait {

namespace {

void count_state(SocketCounts& counts, TcpState state) {
    if (state == TcpState::fin_wait_2)
        ++counts.fin_wait_2;
    else if (state == TcpState::closing)
        ++counts.closing;
    else
        ++counts.fin_wait_1;
}

}  // namespace

void Present::add(Key key, TcpState state, Time fin_wait_2_time) {
    if (accounts_.size() >= kPresentAccountsMax && !accounts_.contains(key))
        key = {kOtherPresent, kOtherPresent};
    Account& account = accounts_[key];
    count_state(account.sockets, state);
    account.fin_wait_2_time += fin_wait_2_time;
}

Present::Account Present::take(Key key) {
    const auto found = accounts_.find(key);
    if (found == accounts_.end()) return {};
    const Account account = found->second;
    accounts_.erase(found);
    return account;
}

}  // namespace finwait
