// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/remedies.hpp"

#include <algorithm>

namespace finwait {

namespace {

constexpr std::size_t kToldMax = 120;  // of a User-Agent, and of a virtual host, in the error log

std::string clipped(std::string_view text) {
    return text.size() <= kToldMax ? std::string(text)
                                   : std::string(text.substr(0, kToldMax)) + "...";
}

std::string name_of_client(const GivenRemedy& given) {
    std::string text = "'" + clipped(given.user_agent) + "' on " + clipped(given.vhost);
    if (given.sentence.network != Network::none)
        text += ", network " + network_text(given.sentence.network) + " only";
    return text;
}

std::string given_text(const GivenRemedy& given) {
    const SeenCloses& seen = given.sentence.seen;
    return "FinWaitAuto: remedy " + std::string(name_of(given.sentence.remedy)) + " for " +
           std::to_string(given.term.count()) + " s for " + name_of_client(given) + ": " +
           std::to_string(seen.stuck) + " of " + std::to_string(seen.closes) + " closes stuck, " +
           std::to_string(seen.requests) + " requests on them, the evidence is from " +
           std::to_string(given.networks) + (given.networks == 1 ? " network" : " networks");
}

std::string ended_text(const GivenRemedy& given) {
    return "FinWaitAuto: no more remedy " + std::string(name_of(given.sentence.remedy)) + " for " +
           name_of_client(given) + ": its time is over, it is on trial";
}

Time judged_at(const Evidence& evidence) {
    return evidence.begun() == kNever ? kNever : evidence.begun() + kJudgeAfter;
}

void set_end(GivenRemedy& given, Moment now) {
    given.until = now.monotonic + given.term;
    given.ends = std::chrono::floor<std::chrono::milliseconds>(now.realtime + given.term);
}

}  // namespace

// What the closer before this one had given is forgotten, in the table as in the books.
Remedies::Remedies(RemedyTable& table, std::size_t slot, CloserCounters& counters, Notices& notices,
                   BooksMemory& books)
    : table_(table), owner_(slot + 1), counters_(counters), notices_(notices), books_(books) {
    table_.take(owner_);
    CloserBooks& left = books_.own();
    for (Part<BookedRemedy>& booked : std::span(left.remedies).first(left.used_remedies().size())) {
        if (booked.is_half_written()) booked.mend([](BookedRemedy&) {});
        booked.write([](BookedRemedy& remedy) { remedy = {}; });
    }
}

void Remedies::book(AccountId account, const Close& close, Moment now) {
    if (!is_owner() || !close.auto_rule || account == kOther) return;
    const Network network = network_of(close.peer);
    const std::uint64_t client = by_key_.empty() ? 0 : table_.key_of(close.vhost, close.user_agent);
    const auto seen = evidence_of(close);
    if (!seen || is_covered(client, network)) return;
    if (evidence_.size() <= account) evidence_.resize(account + std::size_t{1});
    auto& evidence = evidence_[account];
    if (!evidence) evidence = std::make_unique<Evidence>();
    evidence->add(network, *seen, now.monotonic);
    const AutoRule& rule = *close.auto_rule;
    const Turn turn{judged_at(*evidence), account};
    if (evidence->all().closes < rule.closes_min)
        awaiting_.erase(turn);
    else
        awaiting_.try_emplace(turn, std::string(close.user_agent), std::string(close.vhost))
            .first->second.rule = rule;
    judge_those_due(now);
}

void Remedies::forget(AccountId account) {
    if (account >= evidence_.size() || !evidence_[account]) return;
    awaiting_.erase({judged_at(*evidence_[account]), account});
    evidence_[account].reset();
}

void Remedies::judge_those_due(Moment now) {
    if (!is_owner()) awaiting_.clear();
    while (!awaiting_.empty() && awaiting_.begin()->first.first <= now.monotonic) {
        const auto next = awaiting_.extract(awaiting_.begin());
        Evidence& evidence = *evidence_[next.key().second];
        pass_judgement(next.mapped(), evidence, now);
        evidence = Evidence();
    }
}

void Remedies::turn(Moment now) {
    judge_those_due(now);
    if (due_ > now.monotonic) return;
    for (auto at = by_key_.begin(); at != by_key_.end();) {
        GivenRemedy& given = at->second;
        if (given.until > now.monotonic) {
            ++at;
        } else if (given.on_trial) {
            at = erase(at);
        } else {
            if (is_owner()) table_.remove(at->first);
            given.on_trial = true;
            set_end(given, now);
            book(given);
            notices_.tell(NoticeKind::remedy, NoticeLevel::notice, ended_text(given),
                          now.monotonic);
            ++at;
        }
    }
    changed();
}

std::uint64_t Remedies::active() const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(by_key_, [](const auto& entry) { return !entry.second.on_trial; }));
}

std::uint64_t Remedies::key_of(std::uint64_t client, Network network) const {
    return network == Network::none ? client : table_.key_of(client, network);
}

const GivenRemedy* Remedies::find(std::uint64_t key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : &found->second;
}

// Connections that began before the remedy may end under it.
bool Remedies::is_covered(std::uint64_t client, Network network) const {
    if (by_key_.empty()) return false;
    for (const std::uint64_t key : {client, key_of(client, network)})
        if (const GivenRemedy* given = find(key); given && !given->on_trial) return true;
    return false;
}

// Those that have now been judged.
void Remedies::end_trials(std::uint64_t client, const Evidence& evidence) {
    const auto end = [this](std::uint64_t key) {
        if (const auto found = by_key_.find(key); found != by_key_.end() && found->second.on_trial)
            erase(found);
    };
    end(client);
    for (const NetworkEvidence& each : evidence.networks()) end(key_of(client, each.network));
}

void Remedies::pass_judgement(const Accused& accused, const Evidence& evidence, Moment now) {
    const std::uint64_t client = table_.key_of(accused.vhost, accused.user_agent);
    const auto is_on_trial = [&](Network network) {
        const GivenRemedy* given = find(key_of(client, network));
        return given && given->on_trial;
    };
    const auto sentences = judge(evidence, accused.rule, is_on_trial);
    end_trials(client, evidence);
    for (const Sentence& sentence : sentences) {
        GivenRemedy given;
        given.user_agent = accused.user_agent;
        given.vhost = accused.vhost;
        given.sentence = sentence;
        given.networks = evidence.stuck_networks().size();
        given.term = std::chrono::seconds(accused.rule.for_s);
        if (!give(key_of(client, sentence.network), std::move(given), now))
            count(counters_.remedies_refused);
    }
    changed();
}

bool Remedies::give(std::uint64_t key, GivenRemedy given, Moment now) {
    if (by_key_.size() >= kRemediesMax && !make_room()) return false;
    const auto end_s = std::chrono::ceil<std::chrono::seconds>(now.realtime + given.term).count();
    if (!table_.set(key, given.sentence.remedy, static_cast<std::uint64_t>(end_s))) return false;
    given.since = std::chrono::floor<std::chrono::milliseconds>(now.realtime);
    set_end(given, now);
    notices_.tell(NoticeKind::remedy, NoticeLevel::notice, given_text(given), now.monotonic);
    const auto had = by_key_.find(key);
    given.place = had == by_key_.end() ? free_place() : had->second.place;
    book(given);
    const Remedy remedy = given.sentence.remedy;
    by_key_.insert_or_assign(key, std::move(given));
    changed();  // first: what is counted is in force
    count(counter_of(counters_.remedies, remedy));
    return true;
}

// kRemediesMax if there is none: then the page does not name it.
std::size_t Remedies::free_place() {
    CloserBooks& books = books_.own();
    const auto used = books.used_remedies();
    const auto free = static_cast<std::size_t>(
        std::ranges::find(used, 0U, [](const auto& booked) { return booked.own().is_used; }) -
        used.begin());
    if (free < used.size()) return free;
    if (free == kRemediesMax || !books_.reserve(&books.remedies[free], sizeof books.remedies[free]))
        return kRemediesMax;
    books.remedies_used = free + 1;
    return free;
}

void Remedies::unbook(const GivenRemedy& given) {
    if (given.place < kRemediesMax)
        books_.own().remedies[given.place].write([](BookedRemedy& remedy) { remedy = {}; });
}

void Remedies::book(const GivenRemedy& given) {
    if (given.place == kRemediesMax) return;
    books_.own().remedies[given.place].write([&](BookedRemedy& remedy) {
        const Sentence& sentence = given.sentence;
        remedy.user_agent.set(given.user_agent);
        remedy.vhost.set(given.vhost);
        remedy.network = static_cast<std::uint64_t>(sentence.network);
        remedy.remedy = static_cast<std::uint8_t>(sentence.remedy);
        remedy.on_trial = given.on_trial ? 1 : 0;
        remedy.since_ms = static_cast<std::uint64_t>(given.since.count());
        remedy.until_ms = static_cast<std::uint64_t>(given.ends.count());
        remedy.closes = sentence.seen.closes;
        remedy.stuck = sentence.seen.stuck;
        remedy.requests = sentence.seen.requests;
        remedy.networks = given.networks;
        remedy.is_used = 1;
    });
}

// Of those on trial, the one whose trial would end first.
bool Remedies::make_room() {
    auto oldest = by_key_.end();
    for (auto at = by_key_.begin(); at != by_key_.end(); ++at)
        if (at->second.on_trial &&
            (oldest == by_key_.end() || at->second.until < oldest->second.until))
            oldest = at;
    if (oldest == by_key_.end()) return false;
    erase(oldest);
    return true;
}

Remedies::ByKey::iterator Remedies::erase(ByKey::iterator remedy) {
    if (!remedy->second.on_trial && is_owner()) table_.remove(remedy->first);
    unbook(remedy->second);
    return by_key_.erase(remedy);
}

// The table's count and due_ follow from by_key_.
void Remedies::changed() {
    if (is_owner()) table_.set_used(active());
    due_ = kNever;
    for (const auto& [key, given] : by_key_) due_ = std::min(due_, given.until);
}

}  // namespace finwait
