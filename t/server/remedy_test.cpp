// SPDX-License-Identifier: Apache-2.0
//
// FinWaitAuto: a client that leaves sockets stuck gets a remedy, the others do not notice. Clients
// on different networks are on 127.0.N.1.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "server/status.hpp"

namespace finwait::test {
namespace {

// Stuck closes come quickly, and their Records do not wait for the kernel's end of them: a client
// is judged five seconds after its first Record.
constexpr const char* kShortDrains = R"(
    KeepAliveTimeout 1s
    FinWaitShortDrainTimeout 300ms
    FinWaitDrainIdleTimeout 300ms
)";
const std::string kQuick = std::string(kShortDrains) + "FinWaitTimeout 1ms\n";
// They take longer than `short`, which is one second, on any machine.
constexpr const char* kLongerThanShort = R"(
    FinWaitShortDrainTimeout 5s
    FinWaitDrainIdleTimeout 5s
)";
void expect_cut_short(const Record& record) {
    EXPECT_EQ(record.remedy, Remedy::cut_short);
    EXPECT_TRUE(record.is_stuck()) << record;
    EXPECT_GE(record.drain_ms(), 990U) << record;
    EXPECT_LT(record.drain_ms(), 5000U) << record;
}
constexpr const char* kAuto = "FinWaitAuto On stuck=50% min=10 requests=2 for=1h\n";

// On TLS it says "Upgrade, close": h2 is offered, too.
bool says_close(const Reply& reply) {
    const std::size_t at = reply.headers.find("\nConnection: ");
    if (at == std::string::npos) return false;
    const std::string line =
        reply.headers.substr(at + 1, reply.headers.find('\r', at + 1) - at - 1);
    return line.find("close") != std::string::npos;
}

struct Remedied : PerMpmAndTransport {
    std::unique_ptr<Httpd> httpd;
    std::vector<Client> open;  // stuck: answered, and never closed
    mutable std::uint64_t connections = 0;

    void start(const std::string& directives, const std::string& drains = {}) {
        httpd = std::make_unique<Httpd>(mpm, kQuick + drains + directives);
    }
    [[nodiscard]] Client client(const std::string& user_agent, int network) const {
        ++connections;
        return httpd->client(transport, {.user_agent = user_agent,
                                         .source = "127.0." + std::to_string(network) + ".1"});
    }
    void misbehave(const std::string& user_agent, int network, int requests = 1) {
        open.push_back(client(user_agent, network));
        open.back().ask("/small", {}, requests);
        for (int i = 0; i < requests; ++i) EXPECT_TRUE(open.back().reply().complete);
    }
    void behave(const std::string& user_agent, int network) {
        Client good = client(user_agent, network);
        EXPECT_TRUE(good.get("/small").complete);
        good.close();
    }
    [[nodiscard]] std::uint64_t given(Remedy remedy) const {
        return read(httpd->counters().closer().remedies[static_cast<std::size_t>(remedy)]);
    }
    // Bad clients of these networks in turn, until the closer has seen enough of them.
    [[nodiscard]] bool wait_for(Remedy remedy, const std::string& user_agent,
                                const std::vector<int>& networks, int requests = 1) {
        for (int i = 0; i < 12; ++i)
            misbehave(user_agent, networks[static_cast<std::size_t>(i) % networks.size()],
                      requests);
        std::size_t next = 0;
        return wait_until(kPatience, [&] {
            misbehave(user_agent, networks[next++ % networks.size()], requests);
            return wait_until(200ms, [&] { return given(remedy) > 0; });
        });
    }
    // What the client's next close says; keep-alive was left to it if the reply said nothing else.
    [[nodiscard]] Record next_record(const std::string& user_agent, int network,
                                     const std::string& headers = {},
                                     const std::string& path = "/small") {
        Client next = client(user_agent, network);
        const Reply reply = next.get(path, headers);
        EXPECT_TRUE(reply.complete);
        reply_ = reply;
        return httpd->record_of(next);
    }
    void replace_the_closer() {
        httpd->expect_error("the closer died");
        httpd->expect_error("lost");
        const pid_t killed = httpd->closer_pid();
        // Of a message that it is just receiving when it is killed nobody can tell.
        ASSERT_EVENTUALLY(read(httpd->counters().closer().received), connections);
        ::kill(killed, SIGKILL);
        ASSERT_EVENTUALLY(httpd->closer_pids(), testing::ElementsAre(testing::Ne(killed)));
        // The killed one's flag that it runs stays until its successor has taken over.
        const auto log_since = [&] {
            const std::string log = httpd->error_log();
            return log.substr(std::min(log.find("the closer died"), log.size()));
        };
        ASSERT_EVENTUALLY(log_since(), testing::HasSubstr(" ready: holds"));
    }
    [[nodiscard]] bool was_told_to_close() const { return says_close(reply_); }
    void expect_keep_alive(const std::string& user_agent, int network) {
        Client next = client(user_agent, network);
        // On h2 what is asked for already is answered in spite of a GOAWAY: one after the other.
        if (!is_h2) next.ask("/small", {}, 2);
        for (int i = 0; i < 2; ++i) {
            const Reply reply = is_h2 ? next.get("/small") : next.reply();
            EXPECT_TRUE(reply.complete) << user_agent;
            EXPECT_FALSE(says_close(reply)) << user_agent;
        }
        next.close();
    }

    Reply reply_;
};

TEST_P(Remedied, AGuiltyClientLosesKeepAliveAndTheOthersKeepIt) {
    start(kAuto, is_h2 ? std::string(kLongerThanShort) + "KeepAliveTimeout 3s\n" : "");
    const Remedy remedy = is_h2 ? Remedy::cut_short : Remedy::nokeepalive;
    ASSERT_TRUE(wait_for(remedy, "bad/1.0", {1, 2, 3, 4})) << httpd->counters().text();
    const Record record = next_record("bad/1.0", 7);
    EXPECT_EQ(record.remedy, remedy);
    if (is_h2) expect_cut_short(record);
    EXPECT_EQ(record.cause, is_h2 ? Cause::keepalive_timeout : Cause::server_limit);
    EXPECT_EQ(was_told_to_close(), !is_h2);
    expect_keep_alive("good/1.0", 1);
    EXPECT_EQ(given(remedy), 1U);
    httpd->graceful();  // else httpd tells what the closer has to say every ten seconds
    EXPECT_EVENTUALLY(httpd->error_log(),
                      testing::HasSubstr("remedy " + std::string(name_of(remedy)) +
                                         " for 3600 s for 'bad/1.0' on localhost: "));
}

INSTANTIATE_TEST_SUITE_P(Each, Remedied,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

// On one MPM, plain.
struct OnEvent : Remedied {};

TEST_P(OnEvent, AClientThatUsesKeepAliveKeepsItAndIsCutShort) {
    start(kAuto, kLongerThanShort);
    ASSERT_TRUE(wait_for(Remedy::cut_short, "busy/1.0", {1, 2, 3, 4}, 3));
    const Record record = next_record("busy/1.0", 7);
    expect_cut_short(record);
    EXPECT_FALSE(was_told_to_close());
}

TEST_P(OnEvent, WhatTheAdministratorSetsWins) {
    start(std::string(kAuto) +
              "SetEnvIf X-Wait . finwait-drain=1200ms finwait-idle=1200ms\n"
              "SetEnvIf X-Once . nokeepalive\n",
          kLongerThanShort);
    ASSERT_TRUE(wait_for(Remedy::cut_short, "busy/1.0", {1, 2, 3, 4}, 3));
    Client patient = client("busy/1.0", 7);
    EXPECT_TRUE(patient.get("/small", "X-Wait: 1\r\n").complete);
    const Record once = next_record("busy/1.0", 7, "X-Once: 1\r\n");
    EXPECT_EQ(once.remedy, Remedy::none);
    EXPECT_TRUE(was_told_to_close());
    const Record waited = httpd->record_of(patient);
    EXPECT_EQ(waited.remedy, Remedy::cut_short);
    EXPECT_GE(waited.drain_ms(), 1190U);
}

TEST_P(OnEvent, ARequestThroughAProxyIsLeftAlone) {
    start(kAuto);
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "bad/1.0", {1, 2, 3, 4}));
    Client proxy = client("bad/1.0", 7);
    EXPECT_FALSE(says_close(proxy.get("/small", "Via: 1.1 proxy\r\n")));
    const Record record = httpd->record_of(proxy);
    EXPECT_EQ(record.remedy, Remedy::none);
    EXPECT_TRUE(record.has_via);
}

TEST_P(OnEvent, AConnectionOfSeveralClientsIsLeftAlone) {
    start(kAuto);
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "bad/1.0", {1, 2, 3, 4}));
    Client proxy = client("good/1.0", 7);
    const std::string get = "GET /small HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ";
    proxy.send(get + "good/1.0\r\n\r\n" + get + "bad/1.0\r\n\r\n");
    for (int i = 0; i < 2; ++i) {
        const Reply reply = proxy.reply();
        EXPECT_TRUE(reply.complete);
        EXPECT_FALSE(says_close(reply));
    }
    const Record record = httpd->record_of(proxy);
    EXPECT_EQ(record.remedy, Remedy::none);
    EXPECT_TRUE(record.is_shared);
}

TEST_P(OnEvent, AnInternalRedirectKeepsTheRemedy) {
    start(std::string(kAuto) + "ErrorDocument 404 /small\n");
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "bad/1.0", {1, 2, 3, 4}));
    const Record record = next_record("bad/1.0", 7, {}, "/missing");
    EXPECT_EQ(reply_.status, 404);
    EXPECT_EQ(reply_.body, "hello from httpd\n");
    EXPECT_TRUE(was_told_to_close());
    EXPECT_EQ(record.remedy, Remedy::nokeepalive);
}

TEST_P(OnEvent, AVirtualHostWithoutItLooksNothingUp) {
    start(std::string("FinWaitAuto On min=10\n") + R"(
        <VirtualHost *:${plain}>
            ServerName localhost
        </VirtualHost>
        <VirtualHost *:${plain}>
            ServerName off.test
            FinWaitAuto Off
        </VirtualHost>
    )");
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "bad/1.0", {1, 2, 3, 4}));
    EXPECT_EQ(next_record("bad/1.0", 7).remedy, Remedy::nokeepalive);
    Client other = httpd->client(Transport::plain, {.user_agent = "bad/1.0", .host = "off.test"});
    EXPECT_FALSE(says_close(other.get("/small")));
    EXPECT_EQ(httpd->record_of(other).remedy, Remedy::none);
}

TEST_P(OnEvent, IsOverWhenAGracefulRestartSwitchesItOff) {
    start("FinWaitAuto On min=10\nIncludeOptional ${dir}/auto.con[f]\n");
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "bad/1.0", {1, 2, 3, 4}));
    EXPECT_EQ(next_record("bad/1.0", 7).remedy, Remedy::nokeepalive);
    write_file(httpd->dir() + "/auto.conf", "FinWaitAuto Off\n");
    httpd->graceful();
    // A child of before may still take a connection.
    EXPECT_EVENTUALLY(next_record("bad/1.0", 7).remedy, Remedy::none);
    EXPECT_FALSE(was_told_to_close());
    expect_keep_alive("bad/1.0", 1);
}

TEST_P(OnEvent, EndsWithTheCloser) {
    start(kAuto);
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "bad/1.0", {1, 2, 3, 4}));
    EXPECT_EQ(next_record("bad/1.0", 7).remedy, Remedy::nokeepalive);
    replace_the_closer();
    EXPECT_EQ(next_record("bad/1.0", 7).remedy, Remedy::none);
}

TEST_P(OnEvent, IsLearntByTheNextCloserToo) {
    start(kAuto);
    behave("bad/1.0", 1);
    replace_the_closer();
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "bad/1.0", {1, 2, 3, 4}));
    EXPECT_EQ(next_record("bad/1.0", 7).remedy, Remedy::nokeepalive);
}

// --- who lends a popular name to bad clients ---

TEST_P(OnEvent, AnAttackFromOneNetworkCostsOnlyThatNetwork) {
    start(kAuto);
    for (const int network : {1, 2, 3, 4, 5}) behave("Chrome", network);
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "Chrome", {9}));
    EXPECT_EQ(next_record("Chrome", 9).remedy, Remedy::nokeepalive);
    for (const int network : {1, 2, 3, 4, 5, 6}) expect_keep_alive("Chrome", network);
    EXPECT_EQ(given(Remedy::nokeepalive), 1U);
}

TEST_P(OnEvent, AnAttackFromThreeNetworksCostsKeepAliveForItsTimeAndNoReply) {
    start("FinWaitAuto On min=10 for=4s\n");
    for (const int network : {1, 2, 3, 4, 5}) behave("Chrome", network);
    ASSERT_TRUE(wait_for(Remedy::nokeepalive, "Chrome", {7, 8, 9}));
    const auto begun = Clock::now();
    Client honest = client("Chrome", 1);
    const Reply whole = honest.get("/3m");
    EXPECT_TRUE(whole.complete);
    EXPECT_EQ(whole.body.size(), 3'000'000U);
    EXPECT_TRUE(says_close(whole));
    const auto is_told_to_close = [&] {
        Client next = client("Chrome", 1);
        const bool says = says_close(next.get("/small"));
        next.close();
        return says;
    };
    EXPECT_EVENTUALLY(is_told_to_close(), false);
    EXPECT_LE(Clock::now() - begun, 20s);
    expect_keep_alive("Chrome", 2);
}

INSTANTIATE_TEST_SUITE_P(Each, OnEvent, testing::Values(std::tuple(Mpm::event, Transport::plain)),
                         NameOf());

}  // namespace
}  // namespace finwait::test
