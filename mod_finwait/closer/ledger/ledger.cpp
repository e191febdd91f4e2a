// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/ledger.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

#include "finwait/handoff.hpp"

namespace finwait {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

// Not below zero: totals that could not be shared lack what was adopted.
Tally left_of(const Tally& whole, const Tally& part) {
    using Numbers = std::array<std::uint64_t, sizeof(Tally) / sizeof(std::uint64_t)>;
    auto left = std::bit_cast<Numbers>(whole);
    const auto gone = std::bit_cast<Numbers>(part);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] -= std::min(left[i], gone[i]);
    return std::bit_cast<Tally>(left);
}

}  // namespace

Ledger::Ledger(SipKey key, VhostTotals& totals, Evicted evicted)
    : key_(key),
      totals_(totals),
      evicted_(std::move(evicted)),
      by_key_(0, Hash{&accounts_}, Equal{&accounts_}) {
    Account& other = accounts_.emplace_back();
    other.user_agent = other.vhost = kOtherAccount;
}

void Ledger::set_size(std::uint32_t size_max) {
    size_max_ = std::clamp(size_max, kLedgerSizeMin, kLedgerSizeMax);
    while (size() > size_max_) evict_lightest();
}

// First the totals: no account may ever have what they have not.
AccountId Ledger::book(AccountKey key, const BookedClose& close, std::chrono::milliseconds now) {
    totals_.book(key.vhost, close);
    const Hash::Probe wanted = probe(key);
    const auto found = by_key_.find(wanted);
    const AccountId id = found != by_key_.end() ? *found : open(wanted, now);
    Account& account = accounts_[id];
    account.balance.book(close);
    account.last_seen = now;
    account.weight_ns += static_cast<std::uint64_t>(
        std::max(close.close.fin_wait_2_time, std::chrono::nanoseconds::zero()).count());
    see(id);
    return id;
}

AccountId Ledger::find(AccountKey key) const {
    const auto found = by_key_.find(probe(key));
    return found == by_key_.end() ? kOther : *found;
}

std::vector<const Account*> Ledger::accounts() const {
    std::vector<const Account*> all;
    all.reserve(size());
    for (const AccountId id : by_key_) all.push_back(&accounts_[id]);
    return all;
}

std::vector<const Account*> Ledger::ranked(std::size_t max) const {
    std::vector<const Account*> all = accounts();
    const auto is_before = [](const Account* a, const Account* b) {
        const Tally& left = a->balance.tally;
        const Tally& right = b->balance.tally;
        return std::pair(left.fin_wait_2_ns, left.closes) >
               std::pair(right.fin_wait_2_ns, right.closes);
    };
    const auto wanted = static_cast<std::ptrdiff_t>(std::min(max, all.size()));
    std::partial_sort(all.begin(), all.begin() + wanted, all.end(), is_before);
    all.resize(static_cast<std::size_t>(wanted));
    return all;
}

Account Ledger::other() const {
    Account other = accounts_[kOther];
    Tally accounts;
    for (const AccountId id : by_key_) accounts += accounts_[id].balance.tally;
    other.balance.tally = left_of(totals_.total().tally, accounts);
    return other;
}

std::uint64_t Ledger::hash_of(std::string_view address) const {
    return sip_hash(key_, bytes_of(address));
}

std::uint64_t Ledger::hash_of(const Endpoint& endpoint) const {
    return sip_hash(key_, std::as_bytes(std::span(endpoint.address)));
}

void Ledger::adopt(const Account& adopted) {
    const Hash::Probe wanted = probe({adopted.user_agent, adopted.vhost});
    const auto found = by_key_.find(wanted);
    const bool is_too_light = found == by_key_.end() && size() >= size_max_ &&
                              adopted.weight_ns <= by_weight_.least().first;
    if (is_too_light) return adopt_other(adopted.balance.addresses);
    const AccountId id = found != by_key_.end() ? *found : open(wanted, adopted.opened);
    Account& account = accounts_[id];
    account.balance += adopted.balance;
    account.weight_ns += adopted.weight_ns;
    account.opened = std::min(account.opened, adopted.opened);
    account.last_seen = std::max(account.last_seen, adopted.last_seen);
    see(id);
}

void Ledger::adopt_other(const AddressSketch& addresses) {
    accounts_[kOther].balance.addresses.merge(addresses);
    ++sightings_;
}

// The length of one part stands before it: "a" + "bc" must not be "ab" + "c".
Ledger::Hash::Probe Ledger::probe(AccountKey key) const {
    std::array<char, kVhostMax + kUserAgentMax + 1> text;
    key.vhost = key.vhost.substr(0, kVhostMax);
    key.user_agent = key.user_agent.substr(0, kUserAgentMax);
    char* end = text.data();
    *end++ = static_cast<char>(key.vhost.size());
    end = std::copy(key.vhost.begin(), key.vhost.end(), end);
    end = std::copy(key.user_agent.begin(), key.user_agent.end(), end);
    return {hash_of(std::string_view(text.data(), end)), key};
}

AccountId Ledger::open(const Hash::Probe& wanted, std::chrono::milliseconds now) {
    const std::uint64_t inherited = size() < size_max_ ? 0 : evict_lightest();
    AccountId id = static_cast<AccountId>(accounts_.size());
    if (free_.empty()) {
        accounts_.emplace_back();
    } else {
        id = free_.back();
        free_.pop_back();
    }
    Account& account = accounts_[id];
    account.user_agent = wanted.key.user_agent;
    account.vhost = wanted.key.vhost;
    account.opened = account.last_seen = now;
    account.weight_ns = inherited;
    account.hash = wanted.hash;
    by_key_.insert(id);
    see(id);
    return id;
}

std::uint64_t Ledger::evict_lightest() {
    const AccountId id = by_weight_.least_slot();
    Account& account = accounts_[id];
    const std::uint64_t weight = account.weight_ns;
    evicted_(id);
    adopt_other(account.balance.addresses);
    accounts_[kOther].last_seen = std::max(accounts_[kOther].last_seen, account.last_seen);
    by_key_.erase(id);
    by_weight_.remove(id);
    account.balance = Balance();
    free_.push_back(id);
    ++evictions_;
    return weight;
}

void Ledger::see(AccountId id) {
    by_weight_.set(id, {accounts_[id].weight_ns, ++sightings_});
}

}  // namespace finwait
