// SPDX-License-Identifier: Apache-2.0
//
// Who has a remedy, and who is on trial: the closer's side of FinWaitAuto. Takes every finished
// close, judges its client when that is due, keeps the shared table in step, and tells the error
// log of each change. Bounded: evidence by the ledger's accounts, remedies by kRemediesMax.
// Who has which stands in the books, for the page. docs/internals.md, "Remedies", has the rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "closer/channel/notices.hpp"
#include "closer/ledger/ledger.hpp"
#include "closer/remedy/judge.hpp"
#include "finwait/counters.hpp"
#include "finwait/remedy_table.hpp"

namespace finwait {

struct GivenRemedy {
    std::string user_agent;
    std::string vhost;
    Sentence sentence;
    std::size_t networks = 0;           // that the evidence is from, as far as they are kept
    std::chrono::milliseconds since{};  // since the epoch
    std::chrono::seconds term{};        // `for`
    Time until{};                       // of the trial, once it is on trial
    std::chrono::milliseconds ends{};   // the same, since the epoch
    bool on_trial = false;
    std::size_t place = kRemediesMax;  // in the books; kRemediesMax: it has none
};

class Remedies {
  public:
    // Becomes the table's owner. Counts in `counters`.
    Remedies(RemedyTable& table, std::size_t slot, CloserCounters& counters, Notices& notices,
             BooksMemory& books);
    Remedies(const Remedies&) = delete;
    Remedies& operator=(const Remedies&) = delete;

    // A finished close, booked in that account. Nothing, once another closer owns the table.
    void book(AccountId account, const Close& close, Moment now);
    // The account was evicted.
    void forget(AccountId account);

    // Ends what has had its time.
    void turn(Moment now);
    [[nodiscard]] Time due() const { return due_; }

    [[nodiscard]] std::uint64_t active() const;

  private:
    using ByKey = std::map<std::uint64_t, GivenRemedy>;

    [[nodiscard]] bool is_owner() const { return table_.owner() == owner_; }
    // Of that subject: all of the client with Network::none.
    [[nodiscard]] std::uint64_t key_of(std::uint64_t client, Network network) const;
    [[nodiscard]] const GivenRemedy* find(std::uint64_t key) const;
    [[nodiscard]] bool is_covered(std::uint64_t client, Network network) const;
    void end_trials(std::uint64_t client, const Evidence& evidence);
    void pass_judgement(std::uint64_t client, const Evidence& evidence, const Close& close,
                        Moment now);
    bool give(std::uint64_t key, GivenRemedy remedy, Moment now);
    [[nodiscard]] bool make_room();
    void book(const GivenRemedy& given);
    void unbook(const GivenRemedy& given);
    [[nodiscard]] std::size_t free_place();
    ByKey::iterator erase(ByKey::iterator remedy);
    void changed();

    RemedyTable& table_;
    std::uint64_t owner_;
    CloserCounters& counters_;
    Notices& notices_;
    BooksMemory& books_;
    std::vector<std::unique_ptr<Evidence>> evidence_;  // by AccountId
    ByKey by_key_;
    Time due_ = kNever;
};

}  // namespace finwait
