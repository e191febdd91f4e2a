// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/remedies.hpp"

#include <algorithm>

#include "presentation/text.hpp"

namespace finwait {

namespace {

constexpr std::size_t kToldMax = 120;  // of a User-Agent, and of a virtual host, in the error log

std::string name_of_client(const GivenRemedy& given) {
    std::string text =
        "'" + clipped(given.user_agent, kToldMax) + "' on " + clipped(given.vhost, kToldMax);
    if (given.sentence.network != Network::none)
        text += ", network " + network_text(given.sentence.network) + " only";
    return text;
}

std::string given_text(const GivenRemedy& given) {
    const SeenCloses& seen = given.sentence.seen;
    return "FinWaitAuto: remedy " + std::string(name_of(given.sentence.remedy)) + " for " +
           seconds_text(static_cast<double>(given.term.count())) + " for " + name_of_client(given) +
           ": " + std::to_string(seen.stuck) + " of " + std::to_string(seen.closes) +
           " closes stuck, " + std::to_string(seen.requests) +
           " requests on them, the evidence is from " + std::to_string(given.networks) +
           (given.networks == 1 ? " network" : " networks");
}

std::string ended_text(const GivenRemedy& given) {
    return "FinWaitAuto: no more remedy " + std::string(name_of(given.sentence.remedy)) + " for " +
           name_of_client(given) + ": its time is over, it is on trial";
}

void set_end(GivenRemedy& given, Moment now) {
    given.until = now.monotonic + given.term;
    given.ends = std::chrono::floor<std::chrono::milliseconds>(now.realtime + given.term);
}

}  // namespace

Remedies::Remedies(RemedyTable& table, std::size_t slot, CloserCounters& counters, Notices& notices)
    : table_(table), owner_(slot + 1), counters_(counters), notices_(notices) {
    table_.take(owner_);
}

void Remedies::book(AccountId account, const Handoff& handoff, const TalliedClose& close,
                    Moment now) {
    if (!is_owner() || !handoff.auto_rule) return;
    const Network network = network_of(handoff.peer);
    const std::uint64_t client =
        by_key_.empty() ? 0 : table_.key_of(handoff.vhost, handoff.user_agent);
    const auto is_stuck = evidence_of(close);
    if (!is_stuck || is_covered(client, network)) return;
    if (evidence_.size() <= account) evidence_.resize(account + std::size_t{1});
    auto& evidence = evidence_[account];
    if (!evidence) evidence = std::make_unique<Evidence>();
    evidence->add(network, *is_stuck, close.requests, now.monotonic);
    if (!is_due(*evidence, *handoff.auto_rule, now.monotonic)) return;
    pass_judgement(table_.key_of(handoff.vhost, handoff.user_agent), *evidence, handoff, now);
    *evidence = Evidence();
}

void Remedies::forget(AccountId account) {
    if (account < evidence_.size()) evidence_[account].reset();
}

void Remedies::turn(Moment now) {
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
            notices_.tell(NoticeKind::remedy, NoticeLevel::notice, ended_text(given),
                          now.monotonic);
            ++at;
        }
    }
    changed();
}

std::vector<const GivenRemedy*> Remedies::given() const {
    std::vector<const GivenRemedy*> all;
    for (const auto& [key, given] : by_key_) all.push_back(&given);
    return all;
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

void Remedies::pass_judgement(std::uint64_t client, const Evidence& evidence,
                              const Handoff& handoff, Moment now) {
    const auto is_on_trial = [&](Network network) {
        const GivenRemedy* given = find(key_of(client, network));
        return given && given->on_trial;
    };
    const auto sentences = judge(evidence, *handoff.auto_rule, is_on_trial);
    end_trials(client, evidence);
    for (const Sentence& sentence : sentences) {
        GivenRemedy given;
        given.user_agent = handoff.user_agent;
        given.vhost = handoff.vhost;
        given.sentence = sentence;
        given.networks = evidence.stuck_networks().size();
        given.term = std::chrono::seconds(handoff.auto_rule->for_s);
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
    count(counter_of(counters_.remedies, given.sentence.remedy));
    notices_.tell(NoticeKind::remedy, NoticeLevel::notice, given_text(given), now.monotonic);
    by_key_.insert_or_assign(key, std::move(given));
    return true;
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
    return by_key_.erase(remedy);
}

// The table's count and due_ follow from by_key_.
void Remedies::changed() {
    if (is_owner()) table_.set_used(active());
    due_ = kNever;
    for (const auto& [key, given] : by_key_) due_ = std::min(due_, given.until);
}

}  // namespace finwait
