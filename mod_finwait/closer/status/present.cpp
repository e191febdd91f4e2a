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
    const auto [at, is_new] = accounts_.try_emplace(key);
    if (is_new) at->second.slot = slot_for(at);
    Account& account = at->second;
    count_state(account.sockets, state);
    account.fin_wait_2_time += fin_wait_2_time;
    rarest_.set(account.slot, {account.sockets.all(), ++additions_});
}

std::uint32_t Present::slot_for(Accounts::iterator account) {
    if (by_slot_.size() < kPresentAccountsMax) {
        by_slot_.push_back(account);
        return static_cast<std::uint32_t>(by_slot_.size() - 1);
    }
    const std::uint32_t slot = rarest_.least_slot();
    const Account& rarest = by_slot_[slot]->second;
    others_.sockets += rarest.sockets;
    others_.fin_wait_2_time += rarest.fin_wait_2_time;
    accounts_.erase(std::exchange(by_slot_[slot], account));
    return slot;
}

Present::Account Present::take(Key key) {
    const auto found = accounts_.find(key);
    if (found == accounts_.end()) return {};
    const Account account = found->second;
    rarest_.remove(account.slot);
    accounts_.erase(found);
    return account;
}

}  // namespace finwait
