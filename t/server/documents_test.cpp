// SPDX-License-Identifier: Apache-2.0
//
// Code, shipped configuration and documents say the same: directives, where they are allowed, their
// defaults, and the environment variables. Run from the top of the tree, as t/check does.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "module/config/vhost_settings.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using Names = std::set<std::string>;

std::vector<std::smatch> matches(const std::string& text, const char* pattern) {
    const std::regex regex(pattern, std::regex::ECMAScript | std::regex::multiline);
    return {std::sregex_iterator(text.begin(), text.end(), regex), {}};
}
std::vector<std::smatch> matches(std::string&&, const char*) = delete;  // they point into it

// The first group of each match.
Names names(const std::string& text, const char* pattern) {
    Names found;
    for (const auto& match : matches(text, pattern)) found.insert(match[1]);
    return found;
}

// From this heading to the next one of its level.
std::string section(const std::string& text, const std::string& heading) {
    const auto begin = text.find("\n## " + heading + "\n");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find("\n## ", begin + 1) - begin);
}

// `text` without code marks, and with a table's escaped bars as they are meant.
std::string plain(std::string text) {
    std::erase(text, '`');
    return std::regex_replace(text, std::regex(R"(\\\|)"), "|");
}

// A quotation mark within a macro's argument.
std::string without_roff(const std::string& text) {
    return std::regex_replace(text, std::regex(R"(\\\(dq)"), "\"");
}

struct Directive {
    std::string syntax, value;  // `value`: the default, in words or as written
    bool in_vhost = false;
};

struct Documents : testing::Test {
    const std::string directives = read_file("docs/directives.md");
    const std::string readme = read_file("README.md");
    const std::string conf = read_file("conf/finwait.conf");
    const std::string man = read_file("docs/mod_finwait.7");

    // As docs/directives.md has them, each from its own section.
    std::map<std::string, Directive> documented() const {
        std::map<std::string, Directive> all;
        for (const auto& name : names(directives, R"(^## (FinWait\w+)$)")) {
            const std::string text = section(directives, name);
            const auto item = [&](const std::string& key) {
                const auto found = matches(text, ("^- \\*\\*" + key + ":\\*\\* (.+)$").c_str());
                EXPECT_EQ(found.size(), 1U) << name << ": " << key;
                return found.empty() ? "" : plain(found[0][1]);
            };
            EXPECT_EQ(item("Status"), "Extension") << name;
            EXPECT_EQ(item("Module"), "mod_finwait") << name;
            EXPECT_NE(item("Description"), "") << name;
            const std::string context = item("Context");
            EXPECT_TRUE(context == "server config" || context == "server config, virtual host");
            EXPECT_FALSE(matches(text, ("^ +(?:<\\w+ .*)?" + name + " ").c_str()).empty())
                << name << ": no example";
            all[name] = {item("Syntax"), item("Default"), context.ends_with("virtual host")};
        }
        return all;
    }
};

TEST_F(Documents, NameTheDirectivesOfTheCode) {
    const Finished said = apache2_says(Mpm::event, "", "-L");
    const Names code = names(said.output, R"(^(\w+) \(mod_finwait\.c\)$)");
    ASSERT_FALSE(code.empty()) << said.output;
    EXPECT_EQ(names(directives, R"(^## (FinWait\w+)$)"), code);
    EXPECT_EQ(names(directives, R"(^\| \[(FinWait\w+)\]\(#finwait\w+\) \|)"), code);
    EXPECT_EQ(names(readme, R"(^\| `(FinWait\w+) )"), code);
    EXPECT_EQ(names(conf, R"(^ +#?(FinWait\w+) )"), code);
    EXPECT_EQ(names(man, R"(^\.BR (FinWait\w+) )"), code);
}

TEST_F(Documents, AgreeOnSyntaxAndDefault) {
    for (const auto& [name, directive] : documented()) {
        EXPECT_TRUE(directive.syntax.starts_with(name + " ")) << directive.syntax;
        const auto overview =
            matches(directives, (R"(^\| \[)" + name + R"(\]\(#\w+\) \| (.+) \| (.+) \|$)").c_str());
        ASSERT_EQ(overview.size(), 1U) << name;
        const std::string value = plain(overview[0][1]);
        EXPECT_EQ(overview[0][2],
                  directive.in_vhost ? "server config, virtual host" : "server config");
        const auto row = matches(readme, ("^\\| `" + name + R"(( [^`]+)` \| ([^|]+) \|)").c_str());
        ASSERT_EQ(row.size(), 1U) << name;
        EXPECT_EQ(plain(name + std::string(row[0][1])), directive.syntax);
        EXPECT_EQ(plain(row[0][2]), value) << name;
        const auto entry = matches(man, (R"(^\.BR )" + name + R"( "( .+) \[(.+)\]"$)").c_str());
        ASSERT_EQ(entry.size(), 1U) << name;
        EXPECT_EQ(name + without_roff(entry[0][1]), directive.syntax);
        EXPECT_EQ(entry[0][2], value) << name;
        // Some defaults are no value that could be written.
        if (value == "none" || value == "as installed" || value == "the server's User") continue;
        EXPECT_EQ(directive.value, name + " " + value);
        EXPECT_NE(conf.find("    #" + name + " " + value + "\n"), std::string::npos) << name;
    }
}

TEST_F(Documents, AgreeWithTheServerOnContexts) {
    for (const auto& [name, directive] : documented()) {
        const std::string other = name == "FinWaitUser" ? " nobody" : " /bin/true";
        const std::string line = directive.value.starts_with(name) ? directive.value : name + other;
        const Finished said = apache2_says(
            Mpm::event, "<VirtualHost *>\nServerName v\n" + line + "\n</VirtualHost>\n");
        EXPECT_EQ(said.exit_code == 0, directive.in_vhost) << said.output;
        EXPECT_EQ(apache2_says(Mpm::event, line + "\n").exit_code, 0) << line;
        const Finished refused =
            apache2_says(Mpm::event, "<Directory />\n" + line + "\n</Directory>\n");
        EXPECT_NE(refused.output.find("not allowed"), std::string::npos) << name;
    }
}

std::string seconds(std::uint32_t milliseconds) {
    return std::to_string(milliseconds / 1000) + "s";
}

// "kName = 100'000" of a header that only httpd's own code can include.
std::string constant(const std::string& name) {
    const std::string header = read_file("mod_finwait/module/config/server_config.hpp");
    const auto found = matches(header, (name + " = ([0-9']+);").c_str());
    if (found.empty()) return "no " + name;
    std::string digits = found[0][1];
    std::erase(digits, '\'');
    return digits;
}

TEST_F(Documents, StateTheDefaultsOfTheCode) {
    const VhostSettings vhost;
    const Policy& policy = vhost.policy;
    ASSERT_EQ(policy.drain_limit_bytes, Policy::kUnlimited);
    ASSERT_EQ(policy.ack_timeout_ms, Policy::kAckKernel);
    const std::map<std::string, std::string> code = {
        {"FinWaitEngine", vhost.engine ? "On" : "Off"},
        {"FinWaitDrainTimeout", seconds(policy.drain_timeout_ms)},
        {"FinWaitDrainIdleTimeout", seconds(policy.drain_idle_timeout_ms)},
        {"FinWaitShortDrainTimeout", seconds(vhost.short_drain_timeout_ms)},
        {"FinWaitDrainLimit", "unlimited"},
        {"FinWaitTimeout", seconds(policy.wait_timeout_ms)},
        {"FinWaitAckTimeout", "kernel"},
        {"FinWaitMethod", std::string(name_of(policy.method))},
        {"FinWaitAuto", vhost.auto_rule ? "On" : "Off"},
        {"FinWaitMaxHeld", constant("kMaxHeldDefault")},
        {"FinWaitLedgerSize", constant("kLedgerSizeDefault")},
    };
    const auto all = documented();
    for (const auto& [name, value] : code) {
        ASSERT_TRUE(all.contains(name)) << name;
        EXPECT_EQ(all.at(name).value, name + " " + value);
    }
}

TEST_F(Documents, StateTheDefaultsAndLimitsOfFinWaitAuto) {
    const AutoRule rule;
    const auto text_of = [](std::uint32_t value) { return std::to_string(value); };
    const std::string text = plain(section(directives, "FinWaitAuto"));
    for (const std::string& said :
         {"min (" + text_of(rule.closes_min) + "; 1 to " + text_of(AutoRule::kClosesMax) + ";",
          "(" + text_of(rule.stuck_percent) + "%; 1% to 100%)",
          "requests requests (" + text_of(rule.requests) + "; 0 to " +
              text_of(AutoRule::kRequestsMax) + ")",
          "for (" + text_of(rule.for_s / 3600) + "h; 1s to " + text_of(AutoRule::kForMaxS / 3600) +
              "h)"})
        EXPECT_NE(text.find(said), std::string::npos) << said;
    EXPECT_EQ(rule.for_s % 3600, 0U);
}

TEST_F(Documents, NameTheEnvironmentVariablesOfTheCode) {
    const Names code = names(read_file("mod_finwait/module/connection/client_variables.cpp"),
                             R"re("(finwait-\w+)")re");
    ASSERT_FALSE(code.empty());
    const std::string text = section(directives, "Per client: environment variables");
    EXPECT_EQ(names(text, R"(^\| `(finwait-\w+)` \|)"), code);
    std::string page =
        std::regex_replace(read_file("docs/mod_finwait.7"), std::regex(R"(\\-)"), "-");
    EXPECT_EQ(names(page, R"(^\.BR (finwait-\w+) [,.]$)"), code);
}

// configtest wants a file that is there.
std::string with_this_closer(const std::string& config) {
    return std::regex_replace(config, std::regex("(FinWaitCloser) /.*"), "$1 $${closer}");
}

TEST_F(Documents, ShippedConfigurationLoadsAsItIsAndWithEveryLineUncommented) {
    const std::string before =
        "LoadModule authz_host_module ${modules}/mod_authz_host.so\n"
        "Define APACHE_LOG_DIR ${dir}\n";
    Httpd httpd(Mpm::event, before + conf, {.with_log = false});
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    client.close();
    EXPECT_EQ(httpd.record_of(client).user_agent, "t/clients");

    const std::string all =
        with_this_closer(std::regex_replace(conf, std::regex("#(FinWait)"), "$1"));
    const Finished said = apache2_says(Mpm::event, before + all);
    EXPECT_EQ(said.exit_code, 0) << said.output;
}

TEST_F(Documents, HaveExamplesThatTheServerAccepts) {
    Names headings = names(directives, R"(^## (FinWait\w+)$)");
    headings.insert("A worked example");
    for (const auto& heading : headings) {
        std::string example;
        const std::string text = section(directives, heading);
        for (const auto& line : matches(text, "^    (.*)$")) example += line[1].str() + "\n";
        EXPECT_NE(example, "") << heading;
        const Finished said =
            apache2_says(Mpm::event, "Define APACHE_LOG_DIR ${dir}\n" + with_this_closer(example));
        EXPECT_EQ(said.exit_code, 0) << heading << ":\n" << example << said.output;
    }
}

// docs/fin-wait-2.md, "Why the server waits at all": the program fails if it is no longer so.
TEST_F(Documents, TellOfAReplyThatIsLostWithoutADrainOnly) {
    const Finished said = run({"env", "OUT=" + Suite::build_dir(), "t/survey/lost_reply"});
    EXPECT_EQ(said.exit_code, 0) << said.output;
}

TEST_F(Documents, HaveWhatIsMadeOfTheTableOfClients) {
    const Finished said = run({"/usr/bin/python3", "-B", "conf/make_clients", "--check"});
    EXPECT_EQ(said.exit_code, 0) << said.output << "run: make clients";
}

}  // namespace
}  // namespace finwait::test
