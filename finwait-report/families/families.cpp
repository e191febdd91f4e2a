// SPDX-License-Identifier: Apache-2.0
#include "families/families.hpp"

#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <stdexcept>

#include "families/product.hpp"

namespace finwait::report {

namespace {

constexpr std::string_view kOther = "Other";
constexpr int kGroups = 4;  // the whole match, family, major, minor

RE2::Options quiet() {
    RE2::Options options;
    options.set_log_errors(false);
    return options;
}

using Groups = std::array<re2::StringPiece, kGroups>;

std::string group(const Groups& groups, std::size_t number) {
    return std::string(groups[number].data() ? groups[number].as_string() : "");
}

// A replacement may name a group as $1.
std::string replaced(std::string_view replacement, const Groups& groups) {
    std::string text;
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        const bool is_group = replacement[i] == '$' && i + 1 < replacement.size() &&
                              replacement[i + 1] >= '1' && replacement[i + 1] < '0' + kGroups;
        if (is_group)
            text += group(groups, static_cast<std::size_t>(replacement[++i] - '0'));
        else
            text += replacement[i];
    }
    return text;
}

}  // namespace

struct Families::Rule {
    explicit Rule(const YAML::Node& node)
        : regex(node["regex"].as<std::string>(), quiet()),
          family(node["family_replacement"].as<std::string>("")),
          major(node["v1_replacement"].as<std::string>("")),
          minor(node["v2_replacement"].as<std::string>("")) {
        if (!regex.ok()) throw std::runtime_error(regex.error());
    }

    // Whether it matches is found out first, because that alone is much cheaper.
    [[nodiscard]] bool matches(re2::StringPiece user_agent) const {
        return regex.Match(user_agent, 0, user_agent.size(), RE2::UNANCHORED, nullptr, 0);
    }

    [[nodiscard]] Family apply(re2::StringPiece user_agent) const {
        Groups groups;
        const int count = std::min(kGroups, regex.NumberOfCapturingGroups() + 1);
        regex.Match(user_agent, 0, user_agent.size(), RE2::UNANCHORED, groups.data(), count);
        Family result;
        result.name = family.empty() ? group(groups, 1) : replaced(family, groups);
        result.version = major.empty() ? group(groups, 2) : replaced(major, groups);
        const std::string second = minor.empty() ? group(groups, 3) : replaced(minor, groups);
        if (!result.version.empty() && !second.empty()) result.version += "." + second;
        return result;
    }

    RE2 regex;
    std::string family, major, minor;
};

Families::Families() = default;
Families::~Families() = default;
Families::Families(Families&&) noexcept = default;

Families Families::from_file(const std::string& path) {
    Families families;
    try {
        const YAML::Node rules = YAML::LoadFile(path)["user_agent_parsers"];
        for (const YAML::Node& rule : rules)
            families.rules_.push_back(std::make_unique<Rule>(rule));
    } catch (const std::exception& error) {
        throw std::runtime_error("cannot read the regular expressions of '" + path +
                                 "': " + error.what());
    }
    if (families.rules_.empty())
        throw std::runtime_error(
            "'" + path + "' has no user_agent_parsers; it should be uap-core's regexes.yaml");
    return families;
}

Family Families::family_of(std::string_view user_agent) const {
    if (user_agent.empty()) return {std::string(kNoUserAgent), "", ""};
    const re2::StringPiece text(user_agent.data(), user_agent.size());
    for (const auto& rule : rules_) {
        if (!rule->matches(text)) continue;
        Family family = rule->apply(text);
        if (family.name.empty() || family.name == kOther) break;
        family.product = product_of_family(user_agent, family.name).text();
        return family;
    }
    const std::string product = first_product(user_agent).text();
    return {product, "", product};
}

}  // namespace finwait::report
