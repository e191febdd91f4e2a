// SPDX-License-Identifier: Apache-2.0
//
// The accounts: who keeps our sockets, by User-Agent and virtual host. Bounded by Space-Saving
// (Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements in data
// streams", 2005), with the time in FIN_WAIT_2 as weight: a new account takes the place of the one
// with the least weight and inherits that weight, so that the new must outweigh the old to push
// them out. With k accounts, whoever has more than 1/k of all the time in FIN_WAIT_2 has an
// account, however many others there are, and no inherited weight is more than 1/k of all the time.
//
// The inherited weight decides who goes and nothing else; figures and ranking are of what was
// really booked since the account was opened. `(other)` is what is in the totals and in no account
// here: what evicted ones had, what a closer that died had not saved, and what another closer that
// still runs has booked. So always
//
//     total == sum of accounts + other == sum of virtual hosts
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "closer/drain/slot_heap.hpp"
#include "closer/ledger/balance.hpp"
#include "closer/ledger/vhost_totals.hpp"
#include "finwait/endpoint.hpp"
#include "finwait/siphash.hpp"
#include "finwait/tally.hpp"

namespace finwait {

inline constexpr std::uint32_t kLedgerSizeDefault = 1024;
inline constexpr std::uint32_t kLedgerSizeMin = 16;
inline constexpr std::uint32_t kLedgerSizeMax = 65'536;

// The number of an account; given anew after its account was evicted.
using AccountId = std::uint32_t;
inline constexpr AccountId kOther = 0;

struct AccountKey {
    std::string_view user_agent;
    std::string_view vhost;
};

struct Account {
    std::string user_agent;
    std::string vhost;
    Balance balance;
    std::chrono::milliseconds opened{};     // since the epoch: its first close was booked
    std::chrono::milliseconds last_seen{};  // its last
    std::uint64_t weight_ns = 0;            // its time in FIN_WAIT_2 and what it inherited
    std::uint64_t hash = 0;
};

class Ledger {
  public:
    using Evicted = std::function<void(AccountId)>;

    // `evicted` is called before an account's number is given anew.
    Ledger(SipKey key, VhostTotals& totals, Evicted evicted);
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    // Clamped to what is allowed; evicts what is too much.
    void set_size(std::uint32_t size_max);

    AccountId book(AccountKey key, const BookedClose& close, std::chrono::milliseconds now);

    // kOther if there is none.
    [[nodiscard]] AccountId find(AccountKey key) const;
    [[nodiscard]] const Account& at(AccountId id) const { return accounts_[id]; }

    // All but `(other)`, in no order; valid until the next book(), as what ranked() gives.
    [[nodiscard]] std::vector<const Account*> accounts() const;
    // By their time in FIN_WAIT_2, the longest first; then by closes.
    [[nodiscard]] std::vector<const Account*> ranked(std::size_t max = SIZE_MAX) const;
    [[nodiscard]] const VhostTotals& totals() const { return totals_; }
    // With a look at every account.
    [[nodiscard]] Account other() const;
    // What has been booked and adopted here; grows with every change.
    [[nodiscard]] std::uint64_t changes() const { return sightings_; }

    [[nodiscard]] std::size_t size() const { return by_weight_.size(); }
    [[nodiscard]] std::uint32_t size_max() const { return size_max_; }
    [[nodiscard]] std::uint64_t evictions() const { return evictions_; }
    [[nodiscard]] const SipKey& key() const { return key_; }
    [[nodiscard]] std::uint64_t hash_of(std::string_view address) const;
    [[nodiscard]] std::uint64_t hash_of(const Endpoint& endpoint) const;

    // What another closer has booked (ledger_store.hpp); the totals have it already.
    void adopt(const Account& account);
    void adopt_other(const AddressSketch& addresses);

  private:
    // Lightest first, of equals the one not seen for the longest time.
    using Weight = std::pair<std::uint64_t, std::uint64_t>;

    struct Hash {
        using is_transparent = void;
        const std::deque<Account>* accounts;
        struct Probe {
            std::uint64_t hash;
            AccountKey key;
        };
        std::size_t operator()(AccountId id) const { return (*accounts)[id].hash; }
        std::size_t operator()(const Probe& probe) const { return probe.hash; }
    };
    struct Equal {
        using is_transparent = void;
        const std::deque<Account>* accounts;
        bool operator()(AccountId a, AccountId b) const { return a == b; }
        bool operator()(const Hash::Probe& probe, AccountId id) const {
            const Account& account = (*accounts)[id];
            return account.hash == probe.hash && account.vhost == probe.key.vhost &&
                   account.user_agent == probe.key.user_agent;
        }
        bool operator()(AccountId id, const Hash::Probe& probe) const { return (*this)(probe, id); }
    };

    [[nodiscard]] Hash::Probe probe(AccountKey key) const;
    AccountId open(const Hash::Probe& probe, std::chrono::milliseconds now);
    std::uint64_t evict_lightest();
    void see(AccountId id);

    SipKey key_;
    VhostTotals& totals_;
    Evicted evicted_;
    std::uint32_t size_max_ = kLedgerSizeDefault;
    // By AccountId; a deque, because growing must copy nothing. Of kOther only the addresses count.
    std::deque<Account> accounts_;
    std::vector<AccountId> free_;
    std::unordered_set<AccountId, Hash, Equal> by_key_;
    SlotHeap<Weight> by_weight_;
    std::uint64_t sightings_ = 0;
    std::uint64_t evictions_ = 0;
};

}  // namespace finwait
