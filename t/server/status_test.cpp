// SPDX-License-Identifier: Apache-2.0
//
// The status page, its JSON and its metrics, and mod_status' section, from a real server.
#include "server/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <span>

namespace finwait::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_P(StatusPage, NamesTheCulprit) {
    Httpd httpd(mpm, kLocation);
    auto bad = crowd_of(httpd, "python-requests/2.28.1", 12);
    auto other = crowd_of(httpd, "curl/7.88.1", 2);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 14);
    // Those that asked before may still be closing.
    EXPECT_EVENTUALLY(answered(httpd).body,
                      HasSubstr("<b><bdi>python-requests/2.28.1</bdi></b> holds 12 of 14 sockets"));
    const Reply page = answered(httpd);
    EXPECT_THAT(page.headers, HasSubstr("Content-Security-Policy: default-src 'none'"));
    EXPECT_THAT(page.headers, HasSubstr("Content-Type: text/html; charset=utf-8"));
    EXPECT_THAT(page.headers, Not(HasSubstr("Refresh:")));
    EXPECT_THAT(answered(httpd, "?refresh=7").headers, HasSubstr("Refresh: 7"));
    EXPECT_THAT(answered(httpd, "?refresh").headers, HasSubstr("Refresh: 10"));
    EXPECT_THAT(answered(httpd, "?refresh=-1&x").headers, HasSubstr("Refresh: 10"));

    Json json(answered(httpd, "?json").body);
    EXPECT_EQ(json.number("/version"), 2);
    EXPECT_EQ(json.text("/accounts/0/user_agent"), "python-requests/2.28.1");
    EXPECT_EQ(json.number("/accounts/0/now/fin_wait_2"), 12);
    EXPECT_EQ(json.number("/process/pid"), httpd.closer_pid());
    EXPECT_GE(json.number("/module/closes"), 14);
    for (auto* crowd : {&bad, &other})
        for (Client& client : *crowd) client.close();
    EXPECT_EVENTUALLY(held_in_fin_wait_2(httpd), 0);
}

// The kernel's own count, by state: what drains, what waits for its end, and what httpd closed by
// itself.
TEST_P(StatusPage, AddsUpToWhatSsShows) {
    Httpd httpd(mpm, std::string(kStatusLocation) + R"(
        FinWaitDrainIdleTimeout 60s
        FinWaitDrainTimeout 60s
        FinWaitTimeout 30s
        KeepAliveTimeout 60s
        MaxKeepAliveRequests 0
        <VirtualHost *:${plain}>
            ServerName localhost
        </VirtualHost>
        <VirtualHost *:${plain}>
            ServerName waiting.test
            FinWaitDrainIdleTimeout 100ms
        </VirtualHost>
        <VirtualHost *:${plain}>
            ServerName stock.test
            FinWaitEngine Off
        </VirtualHost>
    )");
    std::vector<Client> crowd;
    const auto add = [&](const char* host, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            Client& client = crowd.emplace_back(Transport::plain, httpd.port(),
                                                ClientOptions{.user_agent = host, .host = host});
            EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        }
    };
    add("localhost", 4);
    add("waiting.test", 5);
    constexpr std::size_t kStock = 2;
    add("stock.test", kStock);
    // On one connection: each close of another would be one more that is on its way.
    Client reader = httpd.client();
    const auto draining_waiting_unattributed_and_all = [&] {
        // httpd itself lingers for two seconds after the client's last byte.
        for (Client& client : std::span(crowd).last(kStock)) (void)client.send_raw("x");
        Json page(reader.get("/finwait-status?json").body);
        std::vector<std::int64_t> seen;
        for (const std::string owner : {"draining", "waiting", "unattributed"})
            seen.push_back(page.number("/sockets/" + owner + "/fin_wait_2"));
        const auto all = run({"ss", "-Htn", "state", "fin-wait-2", "sport", "=",
                              ":" + std::to_string(httpd.port())})
                             .output;
        seen.push_back(std::ranges::count(all, '\n'));
        return seen;
    };
    EXPECT_EVENTUALLY(draining_waiting_unattributed_and_all(), ElementsAre(4, 5, 2, 11));
    httpd.stop();
}

// What no closer holds is counted after an answer, so that the next one need not wait: then there
// are more counts than answers with one of their own. What is held is always of now.
TEST_P(StatusPage, CountsTheKernelsSocketsForTheNextWhoLooks) {
    Httpd httpd(mpm, kLocation);
    std::set<std::int64_t> counts;
    std::size_t of_their_own = 0;
    const auto looks = [&] {
        Json json(answered(httpd, "?json").body);
        const std::int64_t counted = json.number("/sockets/counted_ms");
        EXPECT_LE(counted, json.number("/now_ms"));
        counts.insert(counted);
        if (counted == json.number("/now_ms")) ++of_their_own;
        return counts.size() > of_their_own;
    };
    EXPECT_FALSE(looks());
    EXPECT_EQ(of_their_own, 1U) << "nobody had looked before";
    EXPECT_EVENTUALLY(looks(), true);
}

INSTANTIATE_TEST_SUITE_P(Each, StatusPage, testing::ValuesIn(kEachMpm), NameOf());

TEST(StatusPageAlone, TakesOnlyGetAndHead) {
    Httpd httpd(Mpm::event, kLocation);
    Client post = httpd.client();
    post.send("POST /finwait-status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(post.reply().status, 405);
    Client head = httpd.client();
    head.send("HEAD /finwait-status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string reply = head.read_to_end();
    EXPECT_THAT(reply, HasSubstr("200 OK"));
    EXPECT_THAT(reply, HasSubstr("Content-Length: "));
    EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
    for (Client* client : {&post, &head}) client->close();
}

// Whoever may write a .htaccess file would see every virtual host's clients.
TEST(StatusPageAlone, IsNotToBeHadByHtaccess) {
    const std::string mine = Suite::dir() + "/www/mine";
    std::filesystem::create_directories(mine);
    write_file(mine + "/page", "a file\n");
    write_file(mine + "/.htaccess", "SetHandler finwait-status\n");
    write_file(mine + "/direct.finwait", "");
    Httpd httpd(Mpm::event, std::string(kLocation) +
                                "<Directory ${www}/mine>\n    AllowOverride All\n"
                                "</Directory>\n");
    httpd.expect_error("handler finwait-status refused");
    Client client = httpd.client();
    EXPECT_EQ(client.get("/mine/page", "Connection: close\r\n").status, 403);
    client.close();
    write_file(mine + "/.htaccess", "# nothing of ours\n");
    EXPECT_EVENTUALLY(asked(httpd).status, 200);
    std::filesystem::remove_all(mine);
}

// A document root with a .htaccess file of its own is no reason to refuse the server's page.
TEST(StatusPageAlone, IsServedBesideAHtaccessFile) {
    const std::string root = Suite::dir() + "/www/site";
    std::filesystem::create_directories(root);
    write_file(root + "/.htaccess", "SetHandler finwait-status\n");
    Httpd httpd(Mpm::event, std::string(kLocation) +
                                "DocumentRoot ${www}/site\n<Directory ${www}/site>\n"
                                "    AllowOverride All\n</Directory>\n");
    EXPECT_EVENTUALLY(asked(httpd).status, 200);
    std::filesystem::remove_all(root);
}

TEST(ModStatus, HasASectionAndLines) {
    Httpd httpd(Mpm::event, kLocation + "KeepAliveTimeout 60s\nMaxKeepAliveRequests 0\n");
    auto crowd = crowd_of(httpd, "t/never-closes", 2);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 2);
    Client client = httpd.client();
    // Those that asked before may still be closing.
    EXPECT_EVENTUALLY(client.get("/server-status").body, HasSubstr("<dt>sockets held now: 2</dt>"));
    EXPECT_EVENTUALLY(client.get("/server-status?auto").body, HasSubstr("\nFinWaitHeld: 2\n"));
    const std::string page = client.get("/server-status").body;
    EXPECT_THAT(page, HasSubstr("<h2>mod_finwait</h2>"));
    EXPECT_THAT(page, HasSubstr("no longer count them"));
    const std::string lines = client.get("/server-status?auto").body;
    EXPECT_THAT(lines, HasSubstr("\nFinWaitClosers: 1\n"));
    EXPECT_THAT(lines, HasSubstr("\nFinWaitOutcomeTimeout: 0\n"));
    EXPECT_THAT(lines, HasSubstr("\nFinWaitCauseClientAsked: "));
    client.close();
    for (Client& one : crowd) one.close();
}

}  // namespace
}  // namespace finwait::test
