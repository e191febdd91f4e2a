// SPDX-License-Identifier: Apache-2.0
#include "module/status/read_accounts.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "module/status/candidates.hpp"
#include "module/status/finished.hpp"
#include "module/status/verdict.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;

// As many accounts with sockets in FIN_WAIT_2 are asked for their names to find the culprit.
constexpr std::size_t kSuspectsMax = 1000;

// Numbers of a damaged sketch or tally may be anything; a sum of them wraps and harms nobody.
Tally left_of(const Tally& whole, const Tally& part) {
    using Numbers = std::array<std::uint64_t, sizeof(Tally) / sizeof(std::uint64_t)>;
    auto left = std::bit_cast<Numbers>(whole);
    const auto gone = std::bit_cast<Numbers>(part);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] -= std::min(left[i], gone[i]);
    return std::bit_cast<Tally>(left);
}

milliseconds ms(std::uint64_t since_epoch) {
    return milliseconds(static_cast<milliseconds::rep>(since_epoch));
}

class Reading {
  public:
    Reading(const Books& books, const SlotClocks& clocks) : books_(books), clocks_(clocks) {}

    void look_at_all();
    void fill(StatusView& view);
    void fill_totals(StatusView& view) const;

  private:
    void look_at(std::size_t slot);
    [[nodiscard]] double open_seconds(const AccountFigures& figures, std::size_t slot) const;
    void add(const Part<Account>& entry, std::size_t slot, AccountView& view,
             Balance& balance) const;
    // Nothing if it was evicted meanwhile.
    [[nodiscard]] std::optional<AccountView> view_of(const Candidate& candidate) const;
    [[nodiscard]] Culprit culprit() const;
    [[nodiscard]] AccountView other_view(const Tally& total) const;

    const Books& books_;
    const SlotClocks& clocks_;
    std::vector<Candidate> candidates_;
    Tally accounts_;  // all of them, summed
    SocketCounts of_proxies_;
    AccountFigures other_;
    double other_open_seconds_ = 0;
};

double Reading::open_seconds(const AccountFigures& figures, std::size_t slot) const {
    if (!clocks_[slot].holds) return 0;
    return static_cast<double>(figures.all_open().fin_wait_2_ns(clocks_[slot].now_ns)) / 1e9;
}

// One that is being written is among `(other)` this time.
void Reading::look_at(std::size_t slot) {
    const auto entries = books_.closers[slot].used_accounts();
    for (const Part<Account>& entry : entries) {
        AccountFigures figures;
        if (!entry.read_first(figures) || figures.is_used == 0) continue;
        if (!clocks_[slot].holds) figures.open = {};
        if (&entry == entries.data()) {
            other_.balance.addresses.merge(figures.balance.addresses);
            for (std::size_t i = 0; i < figures.open.size(); ++i) other_.open[i] += figures.open[i];
            other_.last_seen_ms = std::max(other_.last_seen_ms, figures.last_seen_ms);
            other_open_seconds_ += open_seconds(figures, slot);
            continue;
        }
        const Tally& tally = figures.balance.tally;
        accounts_ += tally;
        const OpenSockets open = figures.all_open();
        if (figures.is_proxy != 0) of_proxies_ += {open.fin_wait_1, open.fin_wait_2, 0};
        Candidate& candidate = candidates_.emplace_back();
        candidate.hash = figures.hash;
        candidate.socket_seconds =
            static_cast<double>(tally.fin_wait_2_ns) / 1e9 + open_seconds(figures, slot);
        candidate.closes = tally.closes;
        candidate.stuck = tally.stuck;
        candidate.fin_wait_2 = open.fin_wait_2;
        candidate.entries[slot] = &entry;
    }
}

void Reading::look_at_all() {
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot) look_at(slot);
    merge(candidates_);
}

void Reading::add(const Part<Account>& entry, std::size_t slot, AccountView& view,
                  Balance& balance) const {
    Account account;
    if (!entry.read(account) || account.figures.is_used == 0) return;
    const AccountFigures& figures = account.figures;
    const bool is_first = view.opened.count() == 0;
    (figures.is_proxy != 0 ? view.proxy : view.user_agent) = account.user_agent.text();
    view.vhost = account.vhost.text();
    view.opened = is_first ? ms(figures.opened_ms) : std::min(view.opened, ms(figures.opened_ms));
    view.last_seen = std::max(view.last_seen, ms(figures.last_seen_ms));
    balance += figures.balance;
    if (!clocks_[slot].holds) return;
    const OpenSockets open = figures.all_open();
    view.now += SocketCounts{open.fin_wait_1, open.fin_wait_2, 0};
    view.open_socket_seconds += open_seconds(figures, slot);
}

std::optional<AccountView> Reading::view_of(const Candidate& candidate) const {
    AccountView view;
    Balance balance;
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot)
        if (candidate.entries[slot] != nullptr) add(*candidate.entries[slot], slot, view, balance);
    if (view.opened.count() == 0) return std::nullopt;
    view.finished = finished_of(balance);
    return view;
}

// Of all accounts, also of those that are not shown.
Culprit Reading::culprit() const {
    std::vector<const Candidate*> suspects;
    for (const Candidate& candidate : candidates_)
        if (candidate.fin_wait_2 != 0) suspects.push_back(&candidate);
    const auto most = static_cast<std::ptrdiff_t>(std::min(suspects.size(), kSuspectsMax));
    std::ranges::partial_sort(suspects, suspects.begin() + most, std::ranges::greater(),
                              &Candidate::fin_wait_2);
    std::map<std::string, std::uint64_t> sockets;
    for (const Candidate* suspect : std::span(suspects).first(static_cast<std::size_t>(most)))
        if (const auto view = view_of(*suspect))
            sockets[shown_client(view->user_agent, view->proxy)] += suspect->fin_wait_2;
    Culprit culprit;
    for (const auto& [client, count] : sockets)
        if (count > culprit.sockets) culprit = {client, count};
    return culprit;
}

AccountView Reading::other_view(const Tally& total) const {
    AccountView view;
    view.user_agent = view.vhost = kOtherAccount;
    Balance balance{left_of(total, accounts_), other_.balance.addresses};
    view.finished = finished_of(balance);
    view.last_seen = ms(other_.last_seen_ms);
    const OpenSockets open = other_.all_open();
    view.now = {open.fin_wait_1, open.fin_wait_2, 0};
    view.open_socket_seconds = other_open_seconds_;
    return view;
}

// After the accounts, so that no account can have what they have not.
void Reading::fill_totals(StatusView& view) const {
    // What is caught half-written has good numbers all the same: none of them ever falls.
    std::map<std::string, Balance> vhosts;
    BookedBeyond beyond;
    for (const CloserBooks& closer : books_.closers) {
        BookedBeyond of_closer;
        static_cast<void>(closer.beyond.read(of_closer));
        beyond.balance += of_closer.balance;
        beyond.names.merge(of_closer.names);
        for (const Part<BookedVhost>& entry : closer.used_vhosts()) {
            BookedVhost vhost;
            static_cast<void>(entry.read(vhost));
            if (vhost.is_used != 0) vhosts[std::string(vhost.name.text())] += vhost.balance;
        }
    }
    view.vhosts_left_out = beyond.names.estimate();
    if (beyond.balance.tally.closes != 0) vhosts[std::string(kOtherAccount)] += beyond.balance;
    Balance total;
    for (const auto& [name, balance] : vhosts) {
        total += balance;
        view.vhosts.push_back({name, finished_of(balance)});
    }
    view.finished = finished_of(total);
    const AccountView other = other_view(total.tally);
    if (other.finished.closes != 0 || other.now.all() != 0) view.other = other;
}

void Reading::fill(StatusView& view) {
    view.culprit = culprit();
    view.of_proxies = of_proxies_;
    view.culprits = count_culprits(candidates_);
    rank(candidates_);
    const std::size_t shown = std::min(candidates_.size(), kAccountsShownMax);
    for (const Candidate& candidate : std::span(candidates_).first(shown))
        if (auto account = view_of(candidate)) view.accounts.push_back(std::move(*account));
    view.accounts_left_out = candidates_.size() - shown;
    fill_totals(view);
}

}  // namespace

void read_accounts(const Books& books, const SlotClocks& clocks, StatusView& view) {
    Reading reading(books, clocks);
    reading.look_at_all();
    reading.fill(view);
}

}  // namespace finwait
