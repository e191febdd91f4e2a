// SPDX-License-Identifier: Apache-2.0
//
// Forty clients that vanish once they have acknowledged our FIN, beside forty that are there and do
// not close: to the kernel they look the same, and only the latter may be blamed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "clients/can.hpp"
#include "clients/netns.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kOfEach = 40;
constexpr char kLives[] = "Lives/1.0", kVanishes[] = "Vanishes/1.0";

struct VanishedBesideTheLiving : testing::Test {
    std::optional<Netns> netns;
    std::optional<Httpd> httpd;
    std::vector<Client> living, vanishing;

    void SetUp() override {
        SKIP_IF(why_no_vanishing_clients());
        netns.emplace();
        httpd.emplace(Mpm::event, std::string(kStatusLocation) + R"(
            KeepAliveTimeout 2s
            FinWaitShortDrainTimeout 300ms
            FinWaitDrainIdleTimeout 300ms
            FinWaitTimeout 5mi
            FinWaitAuto On stuck=10% min=10 for=1h
        )",
                      HttpdOptions{.listen = netns->server_address()});
        for (std::size_t i = 0; i < kOfEach; ++i) {
            living.push_back(httpd->client(Transport::plain, {.user_agent = kLives}));
            vanishing.push_back(there(kVanishes));
        }
        for (auto* crowd : {&living, &vanishing})
            for (Client& client : *crowd) EXPECT_TRUE(client.get("/small").complete);
        ASSERT_EVENTUALLY(httpd->counters().waiting(), 2 * kOfEach);
        netns->vanish();
        ASSERT_EVENTUALLY(finished(kVanishes, "/outcomes/vanished"), kOfEach);
    }
    Client there(const char* user_agent) {
        return netns->connect(Transport::plain, httpd->port(), {.user_agent = user_agent});
    }
    Json page() { return Json(answered(*httpd, "?json").body); }
    std::size_t finished(const char* user_agent, const std::string& figure) {
        Json json = page();
        const std::string account = json.account(user_agent);
        return account.empty() ? 0 : json.number(account + "/finished" + figure);
    }
    void expect_the_page_to_blame_the_living() {
        // Those that asked before may still be closing.
        EXPECT_EVENTUALLY(page().text("/verdict/sentence"),
                          HasSubstr(std::string(kLives) + " holds 40 of 40 sockets in FIN_WAIT_2"));
        for (Client& client : living) client.close();
        ASSERT_EVENTUALLY(finished(kLives, "/outcomes/late_fin"), kOfEach);
        EXPECT_EQ(finished(kLives, "/stuck"), kOfEach);
        EXPECT_EQ(finished(kVanishes, "/stuck"), 0U);
    }
    void expect_the_report_to_blame_the_living() {
        ASSERT_TRUE(httpd->wait_settled(2 * kOfEach));
        const std::string program = Suite::build_dir() + "/finwait-report";
        Json report(run({program, httpd->dir() + "/finwait.log", "--json", "--by", "ua"}).output);
        const std::string sentence = report.text("/verdict/sentence");
        ASSERT_EQ(report.size("/verdict/culprits"), 1) << sentence;
        EXPECT_EQ(report.text("/verdict/culprits/0"), kLives);
        EXPECT_THAT(sentence, Not(HasSubstr(kVanishes)));
    }
    Record record_of_another(Client client) {
        EXPECT_TRUE(client.get("/small").complete);
        client.close();
        return httpd->record_of(client);
    }
    // Who has been seen for five seconds is judged. Few closes: a port that two have is one too
    // many.
    void expect_a_remedy_for_the_living() {
        const auto given = [&] {
            return read(
                httpd->counters().closer().remedies[static_cast<std::size_t>(Remedy::nokeepalive)]);
        };
        ASSERT_EVENTUALLY(given(), 1U);
        Client another = httpd->client(Transport::plain, {.user_agent = kLives});
        EXPECT_EQ(record_of_another(std::move(another)).remedy, Remedy::nokeepalive);
        netns->come_back();
        EXPECT_EQ(record_of_another(there(kVanishes)).remedy, Remedy::none);
        EXPECT_EQ(given(), 1U);
    }
};

TEST_F(VanishedBesideTheLiving, AreNotBlamed) {
    expect_the_page_to_blame_the_living();
    expect_the_report_to_blame_the_living();
    expect_a_remedy_for_the_living();
}

}  // namespace
}  // namespace finwait::test
