// SPDX-License-Identifier: Apache-2.0
//
// The accounts: who keeps our sockets, by User-Agent and virtual host. They are written in place,
// in this closer's slot of the books; whoever starts in the slot of a closer that died goes on with
// what that one left. Bounded by Space-Saving (Metwally, Agrawal and El Abbadi, "Efficient
// computation of frequent and top-k elements in data streams", 2005), with the time in FIN_WAIT_2
// as weight: a new account takes the place of the one with the least weight and inherits that
// weight, so that the new must outweigh the old to push them out. With k accounts, whoever has more
// than 1/k of all the time in FIN_WAIT_2 has an account, however many others there are, and no
// inherited weight is more than 1/k of all the time.
//
// The inherited weight decides who goes and nothing else; figures and ranking are of what was
// really booked since the account was opened. `(other)` is what is in the totals and in no account.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "closer/ledger/books_memory.hpp"
#include "closer/ledger/vhost_totals.hpp"
#include "closer/moment.hpp"
#include "closer/slot_heap.hpp"
#include "finwait/endpoint.hpp"

namespace finwait {

// The number of an account; given anew after its account was evicted.
using AccountId = std::uint32_t;
inline constexpr AccountId kOther = 0;

struct AccountKey {
    std::string_view user_agent;  // or the proxy's address
    std::string_view vhost;
    bool is_proxy = false;
};

// A held socket in the gauges of its account, or of `(other)` once that was evicted.
struct Holding {
    AccountId account = kOther;
    std::uint32_t opening = 0;  // of the account's number, which may be another's by now
    Phase phase = Phase::draining;
    bool is_held = false;
    Time fin_wait_2_since = kNever;
};

// What a held socket weighs, until its time in FIN_WAIT_2 does: so that nobody who holds sockets is
// pushed out by names that hold none.
inline constexpr std::uint64_t kHeldWeightNs = 1'000'000'000;

// 65,000 at once would take a tenth of a second, in which no deadline is met.
inline constexpr std::size_t kEvictionsPerTurn = 256;

class Ledger {
  public:
    using Evicted = std::function<void(AccountId)>;

    // `evicted` is called before an account's number is given anew.
    Ledger(BooksMemory& memory, Evicted evicted);
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    // Clamped to what is allowed. What is too much then is evicted by evict_some(), bit by bit.
    void set_size(std::uint32_t size_max);
    [[nodiscard]] bool is_too_large() const { return size() > size_max_; }
    void evict_some();

    // The account; kOther if there is no memory for one.
    AccountId book(const Close& close, std::uint64_t address_hash, std::chrono::milliseconds now);

    [[nodiscard]] Holding hold(const Close& close, Phase phase, Time fin_wait_2_since,
                               std::chrono::milliseconds now);
    [[nodiscard]] Holding hold(AccountKey key, Phase phase, Time fin_wait_2_since,
                               std::chrono::milliseconds now);
    void move(Holding& holding, Phase phase, Time fin_wait_2_since);
    void release(Holding& holding);

    // kOther if there is none.
    [[nodiscard]] AccountId find(AccountKey key) const;
    [[nodiscard]] const Account& at(AccountId id) const { return accounts_[id].own(); }

    [[nodiscard]] std::size_t size() const { return by_weight_.size(); }
    [[nodiscard]] std::uint32_t size_max() const { return size_max_; }
    // Accounts and virtual hosts that the closer before this one was writing when it was killed.
    [[nodiscard]] std::size_t half_written() const {
        return half_written_ + totals_.half_written();
    }
    [[nodiscard]] std::uint64_t hash_of(std::string_view address) const;
    [[nodiscard]] std::uint64_t hash_of(const Endpoint& endpoint) const;

  private:
    using Accounts = std::span<Part<Account>>;
    // Lightest first, of equals the one not seen for the longest time.
    using Weight = std::pair<std::uint64_t, std::uint64_t>;

    struct Hash {
        using is_transparent = void;
        Accounts accounts;
        struct Probe {
            std::uint64_t hash;
            AccountKey key;
        };
        std::size_t operator()(AccountId id) const {
            return static_cast<std::size_t>(accounts[id].own().figures.hash);
        }
        std::size_t operator()(const Probe& probe) const {
            return static_cast<std::size_t>(probe.hash);
        }
    };
    struct Equal {
        using is_transparent = void;
        Accounts accounts;
        bool operator()(AccountId a, AccountId b) const { return a == b; }
        bool operator()(const Hash::Probe& probe, AccountId id) const {
            const Account& account = accounts[id].own();
            return account.figures.hash == probe.hash &&
                   (account.figures.is_proxy != 0) == probe.key.is_proxy &&
                   account.vhost.text() == probe.key.vhost &&
                   account.user_agent.text() == probe.key.user_agent;
        }
        bool operator()(AccountId id, const Hash::Probe& probe) const { return (*this)(probe, id); }
    };

    void take_over();
    void take_over(AccountId id);
    [[nodiscard]] Hash::Probe probe(AccountKey key) const;
    [[nodiscard]] AccountId find_or_open(AccountKey key, std::chrono::milliseconds now);
    [[nodiscard]] AccountId open(const Hash::Probe& probe, std::chrono::milliseconds now);
    [[nodiscard]] AccountId free_place();
    [[nodiscard]] bool reserve_place(AccountId id);
    std::uint64_t evict_lightest();
    void see(AccountId id);
    void change_gauge(Holding& holding, bool adds);

    BooksMemory& memory_;
    CloserBooks& books_;
    VhostTotals totals_;
    Evicted evicted_;
    std::uint32_t size_max_ = kLedgerSizeDefault;
    Accounts accounts_;  // by AccountId
    AccountId reserved_ = 0;
    std::vector<AccountId> free_;
    std::vector<std::uint32_t> openings_;  // by AccountId
    std::unordered_set<AccountId, Hash, Equal> by_key_;
    SlotHeap<Weight> by_weight_;
    std::uint64_t sightings_ = 0;
    std::size_t half_written_ = 0;
};

}  // namespace finwait
