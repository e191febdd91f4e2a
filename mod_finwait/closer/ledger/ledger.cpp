// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/ledger.hpp"

#include <algorithm>
#include <array>

#include "finwait/handoff.hpp"

namespace finwait {

namespace {

constexpr AccountId kReservedTogether = 64;

std::uint64_t weight_of(const Account& account) {
    return account.figures.weight_ns + account.figures.all_open().all() * kHeldWeightNs;
}

// Whose account a close is booked in. A proxy's closes are its own, never its users'.
struct ClientName {
    explicit ClientName(const Close& close) {
        key = {close.user_agent, close.vhost, close.is_of_proxy()};
        if (!key.is_proxy) return;
        address = address_text(close.peer);
        key.user_agent = address;
    }
    ClientName(const ClientName&) = delete;
    ClientName& operator=(const ClientName&) = delete;

    std::string address;
    AccountKey key;
};

std::uint64_t to_ms(std::chrono::milliseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

// The compiler must not move one step of a change before the other: a closer that is killed between
// them leaves the first, and no name without its account or half a name.
void then() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

Ledger::Ledger(BooksMemory& memory, Evicted evicted)
    : memory_(memory),
      books_(memory.own()),
      totals_(memory),
      evicted_(std::move(evicted)),
      accounts_(books_.accounts),
      by_key_(0, Hash{accounts_}, Equal{accounts_}) {
    take_over();
}

// What another process left is checked as if it were anybody's.
void Ledger::take_over() {
    const auto used = static_cast<AccountId>(books_.used_accounts().size());
    reserved_ = std::max<AccountId>(used, 1);
    openings_.resize(reserved_);
    take_over(kOther);
    accounts_[kOther].write([](Account& other) {
        other.user_agent.set(kOtherAccount);
        other.vhost.set(kOtherAccount);
    });
    books_.accounts_used.store(reserved_);
    std::vector<AccountId> ids;
    for (AccountId id = kOther + 1; id < used; ++id) {
        take_over(id);
        if (at(id).figures.is_used != 0) ids.push_back(id);
    }
    std::ranges::stable_sort(ids, {}, [this](AccountId id) { return at(id).figures.last_seen_ms; });
    for (const AccountId id : ids) see(id);
}

// Sockets that the one before held are gone. In a half-written account each number is as it was or
// as it was to be, and the totals were written first: it stays, unless it had no name yet.
void Ledger::take_over(AccountId id) {
    Part<Account>& part = accounts_[id];
    if (part.is_half_written()) {
        ++half_written_;
        part.mend([](Account&) {});
    }
    const Account& left = part.own();
    const Hash::Probe known =
        probe({left.user_agent.text(), left.vhost.text(), left.figures.is_proxy != 0});
    const bool stays = id == kOther || (left.figures.is_used != 0 && !by_key_.contains(known));
    part.write([&](Account& account) {
        account.figures.is_used = stays ? 1 : 0;
        account.figures.hash = known.hash;
        account.figures.open = {};
        if (!stays) account.figures = {};
    });
    if (!stays)
        free_.push_back(id);
    else if (id != kOther)
        by_key_.insert(id);
}

void Ledger::set_size(std::uint32_t size_max) {
    size_max_ = std::clamp(size_max, kLedgerSizeMin, kLedgerSizeMax);
    totals_.set_size(size_max_);
}

void Ledger::evict_some() {
    for (std::size_t i = 0; i < kEvictionsPerTurn && is_too_large(); ++i) evict_lightest();
}

// First the totals: no account may ever have what they have not.
AccountId Ledger::book(const Close& close, std::uint64_t address_hash,
                       std::chrono::milliseconds now) {
    totals_.book(close, address_hash);
    const AccountId id = find_or_open(ClientName(close).key, now);
    if (id == kOther) return id;
    accounts_[id].write([&](Account& account) {
        account.figures.balance.book(close, address_hash);
        account.figures.last_seen_ms = to_ms(now);
        account.figures.weight_ns += static_cast<std::uint64_t>(
            std::max(close.fin_wait_2_time, std::chrono::nanoseconds::zero()).count());
    });
    see(id);
    return id;
}

AccountId Ledger::find(AccountKey key) const {
    const auto found = by_key_.find(probe(key));
    return found == by_key_.end() ? kOther : *found;
}

AccountId Ledger::find_or_open(AccountKey key, std::chrono::milliseconds now) {
    const Hash::Probe wanted = probe(key);
    const auto found = by_key_.find(wanted);
    return found != by_key_.end() ? *found : open(wanted, now);
}

Holding Ledger::hold(const Close& close, Phase phase, Time fin_wait_2_since,
                     std::chrono::milliseconds now) {
    return hold(ClientName(close).key, phase, fin_wait_2_since, now);
}

Holding Ledger::hold(AccountKey key, Phase phase, Time fin_wait_2_since,
                     std::chrono::milliseconds now) {
    Holding holding;
    holding.account = find_or_open(key, now);
    holding.opening = openings_[holding.account];
    holding.phase = phase;
    holding.fin_wait_2_since = fin_wait_2_since;
    holding.is_held = true;
    change_gauge(holding, true);
    return holding;
}

void Ledger::move(Holding& holding, Phase phase, Time fin_wait_2_since) {
    if (!holding.is_held) return;
    change_gauge(holding, false);
    holding.phase = phase;
    holding.fin_wait_2_since = fin_wait_2_since;
    change_gauge(holding, true);
}

void Ledger::release(Holding& holding) {
    if (std::exchange(holding.is_held, false)) change_gauge(holding, false);
}

void Ledger::change_gauge(Holding& holding, bool adds) {
    if (openings_[holding.account] != holding.opening)
        holding = {kOther, openings_[kOther], holding.phase, holding.is_held,
                   holding.fin_wait_2_since};
    OpenSockets one;
    if (holding.fin_wait_2_since == kNever)
        one.fin_wait_1 = 1;
    else
        one = {0, 1, static_cast<std::uint64_t>(holding.fin_wait_2_since.count())};
    if (!adds) one = {-one.fin_wait_1, -one.fin_wait_2, -one.fin_wait_2_since_ns};
    accounts_[holding.account].write([&](Account& account) {
        account.figures.open[static_cast<std::size_t>(holding.phase)] += one;
    });
    if (holding.account != kOther) see(holding.account);
}

std::uint64_t Ledger::hash_of(std::string_view address) const {
    return sip_hash(memory_.key(), std::as_bytes(std::span(address)));
}

std::uint64_t Ledger::hash_of(const Endpoint& endpoint) const {
    return sip_hash(memory_.key(), std::as_bytes(std::span(endpoint.address)));
}

// The length of one part stands before it: "a" + "bc" must not be "ab" + "c".
Ledger::Hash::Probe Ledger::probe(AccountKey key) const {
    std::array<char, kVhostMax + kUserAgentMax + 2> text;
    key.vhost = key.vhost.substr(0, kVhostMax);
    key.user_agent = key.user_agent.substr(0, kUserAgentMax);
    char* end = text.data();
    *end++ = key.is_proxy ? 'p' : 'u';
    *end++ = static_cast<char>(key.vhost.size());
    end = std::copy(key.vhost.begin(), key.vhost.end(), end);
    end = std::copy(key.user_agent.begin(), key.user_agent.end(), end);
    return {hash_of(std::string_view(text.data(), end)), key};
}

AccountId Ledger::open(const Hash::Probe& wanted, std::chrono::milliseconds now) {
    std::uint64_t inherited = size() < size_max_ ? 0 : evict_lightest();
    AccountId id = free_place();
    if (id == kOther && size() > 0) {
        inherited = evict_lightest();
        id = free_place();
    }
    if (id == kOther) return id;
    accounts_[id].write([&](Account& account) {
        account.user_agent.set(wanted.key.user_agent);
        account.figures.is_proxy = wanted.key.is_proxy ? 1 : 0;
        account.vhost.set(wanted.key.vhost);
        account.figures.opened_ms = account.figures.last_seen_ms = to_ms(now);
        account.figures.weight_ns = inherited;
        account.figures.hash = wanted.hash;
        then();
        account.figures.is_used = 1;
    });
    by_key_.insert(id);
    see(id);
    return id;
}

// kOther if there is no memory for one more.
AccountId Ledger::free_place() {
    if (!free_.empty()) {
        const AccountId id = free_.back();
        free_.pop_back();
        return id;
    }
    const auto id = static_cast<AccountId>(openings_.size());
    if (!reserve_place(id)) return kOther;
    openings_.push_back(0);
    books_.accounts_used.store(id + std::uint64_t{1}, std::memory_order_release);
    return id;
}

bool Ledger::reserve_place(AccountId id) {
    if (id < reserved_) return true;
    const std::size_t count = std::min<std::size_t>(kReservedTogether, accounts_.size() - id);
    if (count == 0 || !memory_.reserve(&accounts_[id], count * sizeof accounts_[id])) return false;
    reserved_ = id + static_cast<AccountId>(count);
    return true;
}

std::uint64_t Ledger::evict_lightest() {
    const AccountId id = by_weight_.least_slot();
    const AccountFigures gone = at(id).figures;
    evicted_(id);
    by_key_.erase(id);
    by_weight_.remove(id);
    accounts_[id].write([](Account& account) {
        account.figures.is_used = 0;
        then();
        account.figures = {};
    });
    accounts_[kOther].write([&](Account& other) {
        other.figures.balance.addresses.merge(gone.balance.addresses);
        other.figures.last_seen_ms = std::max(other.figures.last_seen_ms, gone.last_seen_ms);
        for (std::size_t i = 0; i < gone.open.size(); ++i) other.figures.open[i] += gone.open[i];
    });
    ++openings_[id];
    free_.push_back(id);
    return gone.weight_ns;
}

void Ledger::see(AccountId id) {
    by_weight_.set(id, {weight_of(at(id)), ++sightings_});
}

}  // namespace finwait
