// SPDX-License-Identifier: Apache-2.0
//
// FinWaitMethod: a large reply on its way to a slow client, with each method; and the method of one
// client alone.
#include <gtest/gtest.h>

#include "server/each.hpp"

namespace finwait::test {
namespace {

constexpr std::size_t kReplySize = 3'000'000;

struct MethodOf : testing::TestWithParam<std::tuple<Method, Transport>> {
    Method method = std::get<0>(GetParam());
    Transport transport = std::get<1>(GetParam());
    Httpd httpd{Mpm::event,
                "BrowserMatch ^one-client finwait-method=" + std::string(name_of(method)) +
                    "\nFinWaitDrainIdleTimeout 3s\nFinWaitTimeout 2s\n"};

    Client client_of(const std::string& user_agent) {
        return httpd.client(transport, {.user_agent = user_agent, .receive_buffer = 16'384});
    }
};

// Half of it is still with the server when httpd closes.
TEST_P(MethodOf, TheReplyArrivesWhole) {
    Client client = client_of("one-client/1");
    client.ask("/3m", "Connection: close\r\n");
    ASSERT_EVENTUALLY(httpd.counters().closes(), 1U);
    const Reply reply = client.reply();
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(reply.body.size(), kReplySize);
    client.close();
    EXPECT_EQ(httpd.record_of(client).user_agent, "one-client/1");
}

TEST_P(MethodOf, ASilentClientIsLeftAsTheMethodSays) {
    Client client = client_of("one-client/2");
    Client other = client_of("another");
    ASSERT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    ASSERT_TRUE(other.get("/small", "Connection: close\r\n").complete);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.drain, method == Method::drain ? Drain::idle_timeout : Drain::none);
    const bool is_reset = method == Method::reset;
    EXPECT_EQ(record.outcome, is_reset ? Outcome::method : Outcome::timeout);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), testing::IsEmpty());
    // A client that no variable names is drained.
    EXPECT_EQ(httpd.record_of(other).drain, Drain::idle_timeout);
}

INSTANTIATE_TEST_SUITE_P(Each, MethodOf,
                         testing::Combine(testing::Values(Method::drain, Method::close,
                                                          Method::solinger, Method::reset),
                                          testing::Values(Transport::plain, Transport::tls)),
                         [](const auto& each) {
                             return std::string(name_of(std::get<0>(each.param))) + "_" +
                                    transport_name(std::get<1>(each.param));
                         });

}  // namespace
}  // namespace finwait::test
