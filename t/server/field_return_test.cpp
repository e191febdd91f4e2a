// SPDX-License-Identifier: Apache-2.0
//
// A client that is gone without a word and comes back from the same port: a machine that was reset,
// a NAT or a load balancer with few ports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "server/each.hpp"

namespace finwait::test {
namespace {

// Its kernel forgets the connection: neither FIN nor RST.
bool forgets(Client& client) {
    const int on = 1;
    if (::setsockopt(client.fd(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0) return false;
    client.close();
    return true;
}

using FieldReturn = PerMpm;

TEST_P(FieldReturn, FromThePortOfASocketInFinWait2IsServed) {
    Httpd httpd(mpm, R"(
        KeepAliveTimeout 300ms
        FinWaitDrainIdleTimeout 60s
        FinWaitShortDrainTimeout 60s
        FinWaitTimeout 60s
    )");
    Client client = httpd.client();
    EXPECT_EQ(client.get("/small").status, 200);
    ASSERT_EVENTUALLY(httpd.kernel_sockets(client), testing::HasSubstr("FIN-WAIT-2"));
    if (!forgets(client)) GTEST_SKIP() << "TCP_REPAIR needs CAP_NET_ADMIN";
    Client again =
        httpd.client(Transport::plain, {.source = "127.0.0.1", .source_port = client.local_port()});
    EXPECT_EQ(again.get("/small", "Connection: close\r\n").status, 200);
    again.close();
    const auto of = [&](Cause cause) {
        return httpd.wait_record([&](const Record& record) { return record.cause == cause; });
    };
    EXPECT_EQ(of(Cause::keepalive_timeout).outcome, Outcome::reset);
    EXPECT_EQ(of(Cause::client_asked).requests, 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, FieldReturn, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
