// SPDX-License-Identifier: Apache-2.0
#include "report/families/families.hpp"

#include <re2/filtered_re2.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "report/families/atoms.hpp"
#include "report/families/product.hpp"

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
    return {groups[number].data(), groups[number].size()};
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

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("it cannot be opened");
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

bool is_key_at(std::string_view text, std::size_t at) {
    return at < text.size() && ((text[at] >= 'a' && text[at] <= 'z') || text[at] == '_');
}

// From its key to the next that is not indented: reading the others too would take longer than all
// the rest of our start.
std::string section_of(const std::string& yaml, const std::string& key) {
    const std::size_t found = ("\n" + yaml).find("\n" + key + ":");
    if (found == std::string::npos) return "";
    std::size_t end = yaml.find('\n', found);
    while (end != std::string::npos && !is_key_at(yaml, end + 1)) end = yaml.find('\n', end + 1);
    return yaml.substr(found, end - found);
}

}  // namespace

struct Families::Rules {
    struct Words {
        std::string family, major, minor;  // each empty if the regular expression finds it
    };

    void add(const YAML::Node& rule) {
        int number = 0;
        const auto regex = rule["regex"].as<std::string>();
        if (regexes.Add(regex, quiet(), &number) != RE2::NoError)
            throw std::runtime_error(RE2(regex, quiet()).error());
        words.push_back({rule["family_replacement"].as<std::string>(""),
                         rule["v1_replacement"].as<std::string>(""),
                         rule["v2_replacement"].as<std::string>("")});
    }

    void compile() {
        std::vector<std::string> texts;
        regexes.Compile(&texts);
        atoms = Atoms(std::move(texts));
    }

    // Of the first rule that matches; empty if none does.
    [[nodiscard]] Family apply(std::string_view user_agent) const {
        const re2::StringPiece text(user_agent.data(), user_agent.size());
        const int number = regexes.FirstMatch(text, atoms.in(user_agent));
        if (number < 0) return {};
        const RE2& regex = regexes.GetRE2(number);
        Groups groups;
        const int count = std::min(kGroups, regex.NumberOfCapturingGroups() + 1);
        regex.Match(text, 0, text.size(), RE2::UNANCHORED, groups.data(), count);
        return family_of(groups, words[static_cast<std::size_t>(number)]);
    }

    static Family family_of(const Groups& groups, const Words& rule) {
        Family result;
        result.name = rule.family.empty() ? group(groups, 1) : replaced(rule.family, groups);
        result.version = rule.major.empty() ? group(groups, 2) : replaced(rule.major, groups);
        const std::string second =
            rule.minor.empty() ? group(groups, 3) : replaced(rule.minor, groups);
        if (!result.version.empty() && !second.empty()) result.version += "." + second;
        return result;
    }

    re2::FilteredRE2 regexes{Atoms::kSizeMin};
    std::vector<Words> words;
    Atoms atoms;
};

Families::Families() = default;
Families::~Families() = default;
Families::Families(Families&&) noexcept = default;

Families Families::from_file(const std::string& path) {
    constexpr const char* kSection = "user_agent_parsers";
    Families families;
    families.rules_ = std::make_unique<Rules>();
    try {
        const YAML::Node section = YAML::Load(section_of(read(path), kSection));
        for (const YAML::Node& rule : section[kSection]) families.rules_->add(rule);
    } catch (const std::exception& error) {
        throw std::runtime_error("cannot read the regular expressions of '" + path +
                                 "': " + error.what());
    }
    if (families.rules_->words.empty())
        throw std::runtime_error(
            "'" + path + "' has no user_agent_parsers; it should be uap-core's regexes.yaml");
    families.rules_->compile();
    return families;
}

Family Families::family_of(std::string_view user_agent) const {
    if (user_agent.empty()) return {std::string(kNoUserAgent), "", ""};
    Family family = rules_ ? rules_->apply(user_agent) : Family{};
    if (!family.name.empty() && family.name != kOther) {
        family.product = product_of_family(user_agent, family.name).text();
        return family;
    }
    const std::string product = first_product(user_agent).text();
    return {product, "", product};
}

}  // namespace finwait::report
