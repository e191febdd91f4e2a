// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/vhost_totals.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <new>

#include "closer/ledger/ledger_memory.hpp"

namespace finwait {

namespace {

constexpr std::uint64_t kLayout = 0x66696e7761'02'0000 ^ VhostTotals::kTableSize;
static_assert(kVhostTotalsAt + off_t{VhostTotals::kTableSize} <= kFirstSlotAt);

}  // namespace

bool VhostTotals::Entry::is_named(std::string_view text) const {
    return state.load(std::memory_order_acquire) == named &&
           std::string_view(name.data(), std::min<std::size_t>(name_size, name.size())) == text;
}

bool VhostTotals::Entry::claim(std::string_view text) {
    std::uint32_t expected = free;
    if (!state.compare_exchange_strong(expected, claimed)) return false;
    name_size = static_cast<std::uint32_t>(text.copy(name.data(), name.size()));
    state.store(named, std::memory_order_release);
    return true;
}

// Written from end to end at first, so that no page is missing when there is no memory left.
VhostTotals::Table* VhostTotals::map_shared(int memory) {
    if (memory < 0 || ::posix_fallocate(memory, kVhostTotalsAt, kTableSize) != 0) return nullptr;
    void* bytes =
        ::mmap(nullptr, kTableSize, PROT_READ | PROT_WRITE, MAP_SHARED, memory, kVhostTotalsAt);
    if (bytes == MAP_FAILED) return nullptr;
    auto* table = static_cast<Table*>(bytes);
    std::uint64_t layout = 0;
    if (table->layout.compare_exchange_strong(layout, kLayout) || layout == kLayout) return table;
    ::munmap(bytes, kTableSize);
    return nullptr;
}

VhostTotals::VhostTotals(int memory) : table_(map_shared(memory)) {
    if (table_ != nullptr) return;
    void* bytes =
        ::mmap(nullptr, kTableSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) throw std::bad_alloc();
    table_ = static_cast<Table*>(bytes);
}

VhostTotals::~VhostTotals() {
    ::munmap(table_, kTableSize);
}

void VhostTotals::book(std::string_view vhost, const BookedClose& close) {
    balance_of(vhost.substr(0, kVhostMax)).book(close);
}

SharedBalance& VhostTotals::balance_of(std::string_view vhost) {
    if (const auto found = found_.find(vhost); found != found_.end()) return *found->second;
    SharedBalance& balance = find_or_claim(vhost);
    if (&balance != &table_->beyond) found_.emplace(vhost, &balance);
    return balance;
}

// Two closers may give one name at the same instant: then it stands there twice, and readers add.
SharedBalance& VhostTotals::find_or_claim(std::string_view vhost) {
    for (Entry& entry : table_->entries)
        if (entry.is_named(vhost) || entry.claim(vhost)) return entry.balance;
    return table_->beyond;
}

Balance VhostTotals::total() const {
    Balance total;
    for (const Entry& entry : table_->entries) total += entry.balance;
    return total += table_->beyond;
}

VhostTotals::ByName VhostTotals::by_name() const {
    ByName all;
    for (const Entry& entry : table_->entries) {
        if (entry.state.load(std::memory_order_acquire) != Entry::named) continue;
        const std::size_t size = std::min<std::size_t>(entry.name_size, entry.name.size());
        all[std::string(entry.name.data(), size)] += entry.balance;
    }
    if (table_->beyond.tally.closes != 0) all[std::string(kOtherAccount)] += table_->beyond;
    return all;
}

}  // namespace finwait
