// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/vhost_totals.hpp"

namespace finwait {

VhostTotals::VhostTotals(CloserBooks& books) : books_(books) {
    for (Entry& entry : books_.vhosts) take_over(entry);
}

// Each number in a half-written entry is as it was or as it was to be, and no name is there before
// all of it is. So nothing is to be put right, and no total falls.
void VhostTotals::take_over(Entry& entry) {
    if (entry.is_half_written()) {
        ++half_written_;
        entry.mend([](BookedVhost&) {});
    }
    const BookedVhost& vhost = entry.own();
    if (&entry == &books_.vhosts.back() || vhost.is_used == 0) return;
    used_ = static_cast<std::size_t>(&entry - books_.vhosts.data()) + 1;
    found_.emplace(vhost.name.text(), &entry);
}

void VhostTotals::book(const Close& close, std::uint64_t address_hash) {
    entry_of(close.vhost.substr(0, kVhostMax)).write([&](BookedVhost& booked) {
        booked.balance.book(close, address_hash);
    });
}

VhostTotals::Entry& VhostTotals::entry_of(std::string_view vhost) {
    if (const auto found = found_.find(vhost); found != found_.end()) return *found->second;
    if (used_ == kLedgerVhostsMax) return books_.vhosts.back();
    Entry& entry = books_.vhosts[used_++];
    entry.write([&](BookedVhost& booked) {
        booked.name.set(vhost);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        booked.is_used = 1;
    });
    found_.emplace(vhost, &entry);
    return entry;
}

}  // namespace finwait
