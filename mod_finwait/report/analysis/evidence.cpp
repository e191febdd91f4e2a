// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/evidence.hpp"

#include <algorithm>
#include <utility>

#include "report/families/product.hpp"

namespace finwait::report {

namespace {

std::string without_version(const std::string& product) {
    return std::string(first_product(product).name);
}

// uap-core tells two numbers, the client itself mostly more. What a browser begins with
// ("Mozilla/5.0") is no version of it.
std::string version_of(const Family& family) {
    const std::string_view told = first_product(family.product).version;
    const bool is_known = family.name != family.product;
    const bool is_its_own = !family.version.empty() && told.starts_with(family.version);
    return is_known && !is_its_own ? family.version : std::string(told);
}

}  // namespace

bool is_called(const Family& family, std::string_view name) {
    return is_same_name(family.name, name) || is_same_name(family.product, name) ||
           is_same_name(without_version(family.product), name);
}

Evidence::Evidence(const Families& families, Filter filter, std::string client)
    : families_(families), filter_(std::move(filter)), wanted_(std::move(client)) {}

const Evidence::Client& Evidence::client_of(std::string_view user_agent) {
    const auto [at, is_new] = clients_.try_emplace(std::string(user_agent));
    if (!is_new) return at->second;
    const Family family = families_.family_of(user_agent);
    if (!is_called(family, wanted_) || !filter_.wants_client(user_agent, family)) return at->second;
    at->second = {true, version_of(family)};
    if (!name_.empty()) return at->second;
    name_ = family.name == family.product ? without_version(family.name) : family.name;
    product_ = without_version(family.product);
    return at->second;
}

void Evidence::take(const Close& close) {
    if (close.is_of_proxy()) return;
    const Client& client = client_of(close.user_agent);
    if (!client.is_wanted || !filter_.wants(close)) return;
    const bool is_stuck = close.is_stuck();
    add(client, {is_stuck ? 1U : 0U, 1}, close.half_close);
    if (is_stuck) add_stuck(close);
}

void Evidence::take(const TallyLine& line) {
    if (!line.proxy.empty() || line.vhost == kOtherAccount) return;
    const Client& client = client_of(line.user_agent);
    if (!client.is_wanted) return;
    const Filter::Part part = filter_.part_of(line);
    if (part.closes == 0 || !part.is_known) return;
    const Tally& tally = line.tally;
    add(client, {std::min(tally.stuck, tally.closes), tally.closes}, line.since);
}

void Evidence::add(const Client& client, const Share& stuck, std::chrono::milliseconds time) {
    const auto count = [&stuck](Share& share) {
        share += stuck;
        share.part = std::min(share.part, share.whole);  // a damaged line may claim anything
    };
    count(stuck_);
    first_ = first_ ? std::min(*first_, time) : time;
    last_ = last_ ? std::max(*last_, time) : time;
    const bool has_room = versions_.size() < kVersionsMax || versions_.contains(client.version);
    count(versions_[has_room ? client.version : kOtherVersions]);
}

void Evidence::add_stuck(const Close& close) {
    ++counts_.told;
    ++counts_.causes[static_cast<std::size_t>(close.cause)];
    ++counts_.probes[static_cast<std::size_t>(close.probe)];
    ++counts_.outcomes[static_cast<std::size_t>(close.outcome)];
    ++counts_.http[static_cast<std::size_t>(close.http)];
    counts_.tls += close.tls != TlsVersion::none ? 1 : 0;
    counts_.times.add(close);
    std::optional<Record>& example = examples_[static_cast<std::size_t>(close.cause)];
    if (example && (example->probe == Probe::answered || close.probe != Probe::answered)) return;
    example.emplace();
    static_cast<Close&>(*example) = close;
    example->own_texts();
}

const Record* Evidence::example() const {
    if (counts_.told == 0) return nullptr;
    const auto commonest = std::ranges::max_element(counts_.causes) - counts_.causes.begin();
    return &*examples_[static_cast<std::size_t>(commonest)];
}

}  // namespace finwait::report
