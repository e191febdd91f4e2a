// SPDX-License-Identifier: Apache-2.0
//
// The tools themselves, against httpd as Debian ships it: what the other suites take for granted.
#include <gtest/gtest.h>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "clients/netns.hpp"
#include "server/each.hpp"
#include "server/httpd.hpp"

namespace finwait::test {
namespace {

const HttpdOptions kStock{.with_module = false};

using Harness = PerMpmAndTransport;

TEST_P(Harness, ServesAndRestartsAndStops) {
    Httpd httpd(mpm, "KeepAliveTimeout 4s\n", kStock);
    Client first = httpd.client(transport);
    EXPECT_EQ(first.get("/small").body, "hello from httpd\n");
    EXPECT_EQ(first.get("/3m").body.size(), 3'000'000U);
    EXPECT_EQ(first.get("/nothing").status, 404);
    EXPECT_EQ(first.speaks_h2(), is_h2);
    EXPECT_EQ(first.wait_end(), End::fin);
    EXPECT_EQ(first.saw_close_notify(), transport != Transport::plain);
    EXPECT_EQ(first.saw_goaway(), first.speaks_h2());
    httpd.graceful();
    Client second = httpd.client(transport);
    EXPECT_EQ(second.get("/small").status, 200);
    second.reset();
    httpd.graceful_stop();
}

INSTANTIATE_TEST_SUITE_P(Each, Harness,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

TEST(HarnessClient, VanishesWithoutAnotherPacket) {
    SKIP_IF(why_no_vanishing_clients());
    Netns netns;
    Httpd httpd(Mpm::event, "KeepAliveTimeout 2s\n",
                {.with_module = false, .listen = netns.server_address()});
    Client client = netns.connect(Transport::plain, httpd.port());
    EXPECT_EQ(client.get("/small").status, 200);
    netns.vanish();
    EXPECT_EQ(client.wait_end(3s), End::still_open);
}

TEST(HarnessClient, TheRecordOfAClientIsNotThatOfAnotherWithItsPort) {
    Httpd httpd(Mpm::event, "KeepAlive Off\n");
    std::uint16_t port = 0;
    // The third has the address of the first, too.
    for (const char* source : {"127.0.0.2", "127.0.0.3", "127.0.0.2"}) {
        const std::string user_agent = std::string(source) + " after port " + std::to_string(port);
        Client client = httpd.client(
            Transport::plain, {.user_agent = user_agent, .source = source, .source_port = port});
        port = client.local_port();
        EXPECT_TRUE(client.get("/small").complete);
        EXPECT_EQ(client.wait_end(), End::fin);
        client.close();
        EXPECT_EQ(httpd.record_of(client).user_agent, user_agent);
    }
}

TEST(HarnessClient, OneHalfLineIsNoFailureWhereItIsExpected) {
    Httpd httpd(Mpm::event, "");
    httpd.expect_half_line();
    write_file(httpd.dir() + "/killed.log", "{\"@timestamp\":\"2026-11-2\n");
    EXPECT_TRUE(httpd.records("killed.log").empty());
}

TEST(HarnessClient, LoadCountsRequestsAndFailures) {
    std::uint16_t port = 0;
    {
        Httpd httpd(Mpm::event, "", kStock);
        port = httpd.port();
        Load load(port, 2);
        EXPECT_TRUE(load.wait_for(50));
        load.stop();
        EXPECT_EQ(load.failures(), 0U);
    }
    Load refused(port, 1);
    EXPECT_EVENTUALLY(refused.failures(), testing::Gt(0U));
}

TEST(HarnessClient, ResetEndsAsResetAndCloseAsFin) {
    Backend backend([](int fd) { Backend::echo(fd); });
    Client client(Transport::plain, backend.port());
    client.send("bye");
    EXPECT_EQ(client.wait_end(), End::fin);
}

}  // namespace
}  // namespace finwait::test
