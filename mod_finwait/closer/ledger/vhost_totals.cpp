// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/vhost_totals.hpp"

#include <algorithm>

namespace finwait {

namespace {

constexpr std::size_t kReservedTogether = 64;

}  // namespace

VhostTotals::VhostTotals(BooksMemory& memory)
    : memory_(memory), books_(memory.own()), used_(books_.used_vhosts().size()), reserved_(used_) {
    mend(books_.beyond);
    for (Entry& entry : std::span(books_.vhosts).first(used_)) {
        mend(entry);
        const BookedVhost& vhost = entry.own();
        if (vhost.is_used != 0) found_.emplace(vhost.name.text(), &entry);
    }
}

// Each number in a half-written entry is as it was or as it was to be, and no name is there before
// all of it is. So nothing is to be put right, and no total falls.
template <typename T>
void VhostTotals::mend(Part<T>& part) {
    if (!part.is_half_written()) return;
    ++half_written_;
    part.mend([](T&) {});
}

void VhostTotals::book(const Close& close, std::uint64_t address_hash) {
    const std::string_view vhost = close.vhost.substr(0, kVhostMax);
    if (Entry* entry = entry_of(vhost))
        return entry->write([&](BookedVhost& booked) { booked.balance.book(close, address_hash); });
    books_.beyond.write([&](BookedBeyond& beyond) {
        beyond.balance.book(close, address_hash);
        beyond.names.add(sip_hash(memory_.key(), std::as_bytes(std::span(vhost))));
    });
}

VhostTotals::Entry* VhostTotals::entry_of(std::string_view vhost) {
    if (const auto found = found_.find(vhost); found != found_.end()) return found->second;
    if (!reserve_place()) return nullptr;
    Entry& entry = books_.vhosts[used_++];
    // Before it is written: whoever comes after one that was killed here mends it.
    books_.vhosts_used.store(used_, std::memory_order_release);
    entry.write([&](BookedVhost& booked) {
        booked.name.set(vhost);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        booked.is_used = 1;
    });
    found_.emplace(vhost, &entry);
    return &entry;
}

bool VhostTotals::reserve_place() {
    if (used_ >= std::min(size_max_, books_.vhosts.size())) return false;
    if (used_ < reserved_) return true;
    const std::size_t count = std::min(kReservedTogether, books_.vhosts.size() - used_);
    if (!memory_.reserve(&books_.vhosts[used_], count * sizeof(Entry))) return false;
    reserved_ = used_ + count;
    return true;
}

}  // namespace finwait
