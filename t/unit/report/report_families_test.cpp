// SPDX-License-Identifier: Apache-2.0
//
// Families against uap-core's own corpus, which Debian ships beside its regular expressions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>

#include "report/families/atoms.hpp"
#include "report/families/families.hpp"
#include "report/families/product.hpp"

namespace finwait::test {
namespace {

using namespace report;

const Families& uap_core() {
    static const Families families = Families::from_file(kUapCoreRegexes);
    return families;
}

TEST(Families, AgreeWithTheCorpusOfUapCore) {
    std::size_t cases = 0, families = 0, versions = 0;
    for (const char* file :
         {"/usr/share/uap-core/tests/test_ua.yaml",
          "/usr/share/uap-core/test_resources/firefox_user_agent_strings.yaml",
          "/usr/share/uap-core/test_resources/opera_mini_user_agent_strings.yaml",
          "/usr/share/uap-core/test_resources/pgts_browser_list.yaml",
          "/usr/share/uap-core/test_resources/podcasting_user_agent_strings.yaml"}) {
        ASSERT_TRUE(std::filesystem::exists(file)) << file;
        for (const YAML::Node& test : YAML::LoadFile(file)["test_cases"]) {
            const auto agent = test["user_agent_string"].as<std::string>();
            const auto expected = test["family"].as<std::string>();
            const auto major = test["major"].as<std::string>("");
            const Family family = uap_core().family_of(agent);
            // Where uap-core knows nobody, we go by the first product.
            const bool is_other = expected == "Other";
            const std::string wanted =
                is_other ? agent.empty() ? std::string(kNoUserAgent) : first_product(agent).text()
                         : expected;
            ++cases;
            families += family.name == wanted;
            const bool tells_none = is_other || major.empty() || major == "null";
            versions += tells_none || (family.version + ".").starts_with(major + ".");
            EXPECT_EQ(family.name, wanted) << agent;
        }
    }
    EXPECT_GT(cases, 1'000U);
    EXPECT_EQ(families, cases);
    EXPECT_EQ(versions, cases);
    RecordProperty("cases", static_cast<int>(cases));
}

TEST(Families, ShowTheClientsOwnWordBesideUapCores) {
    EXPECT_EQ(uap_core().family_of("python-requests/2.28.1"),
              (Family{"Python Requests", "2.28", "python-requests/2.28.1"}));
    EXPECT_EQ(uap_core().family_of("curl/7.88.1"), (Family{"curl", "7.88", "curl/7.88.1"}));
    EXPECT_EQ(uap_core().family_of(
                  "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"),
              (Family{"Firefox", "115.0", "Firefox/115.0"}));
}

TEST(Families, GoByTheFirstProductWhereNobodyKnowsThem) {
    EXPECT_EQ(uap_core().family_of("BadBrowser/1.0"),
              (Family{"BadBrowser/1.0", "", "BadBrowser/1.0"}));
    EXPECT_EQ(uap_core().family_of("Mozilla/3.01 (X11; I; FreeBSD 2.1.5-RELEASE i386)").name,
              "Mozilla/3.01");
    EXPECT_EQ(uap_core().family_of("").name, kNoUserAgent);
    EXPECT_EQ(uap_core().family_of(" ;( ").name, " ;( ");
    EXPECT_EQ(Families().family_of("curl/8.0 (x)").name, "curl/8.0");
}

TEST(Families, AreRefusedFromAFileThatIsNotUapCores) {
    const std::string path = testing::TempDir() + "report-families.yaml";
    for (const char* text :
         {"", "x: 1", "user_agent_parsers:\n- regex: '('\n", "user_agent_parsers: [1]", "{"}) {
        std::ofstream(path) << text;
        EXPECT_THROW((void)Families::from_file(path), std::runtime_error) << text;
    }
    EXPECT_THROW((void)Families::from_file("/nonexistent"), std::runtime_error);
    std::filesystem::remove(path);
}

// A rule whose letters are not ASCII is found too, and one that only short texts are in.
TEST(Families, AreFoundByAnyRuleThatMatches) {
    const std::string path = testing::TempDir() + "report-rules.yaml";
    std::ofstream(path) << "os_parsers:\n  - regex: 'x'\nuser_agent_parsers:\n"
                           "  - regex: '(?i)(gr\303\234n)/(\\d+)'\n  - regex: '(A)'\n"
                           "    family_replacement: 'the $1'\ndevice_parsers:\n  - regex: 'y'\n";
    const Families families = Families::from_file(path);
    EXPECT_EQ(families.family_of("gr\303\274n/7").version, "7");
    EXPECT_EQ(families.family_of("xAx").name, "the A");
    EXPECT_EQ(families.family_of("y/1").name, "y/1");
    std::filesystem::remove(path);
}

TEST(Atoms, AreFoundWhereverTheyAre) {
    const Atoms atoms({"bot", "robot", "\303\274", "curl/", "ot"});
    EXPECT_THAT(atoms.in("A ROBOT"), testing::ElementsAre(0, 1, 2, 4));
    EXPECT_THAT(atoms.in("cURL/7"), testing::ElementsAre(2, 3, 4));
    EXPECT_THAT(atoms.in(""), testing::ElementsAre(2, 4));
}

TEST(Products, AreFoundOutsideAndInsideComments) {
    const auto products = products_of("A/1.0 (compatible; B/2; C) D");
    ASSERT_EQ(products.size(), 5U);
    EXPECT_EQ(products[2].text(), "B/2");
    EXPECT_EQ(first_product("/x").name, "/x");
    EXPECT_EQ(product_of_family("Mozilla/5.0 (compatible; Googlebot/2.1)", "Googlebot").text(),
              "Googlebot/2.1");
}

}  // namespace
}  // namespace finwait::test
