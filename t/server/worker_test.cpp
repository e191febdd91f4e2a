// SPDX-License-Identifier: Apache-2.0
//
// A worker is free as soon as it has replied, whatever its client does with the connection.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOneWorker = R"(
    FinWaitDrainIdleTimeout 60s
    FinWaitDrainTimeout 60s
    <IfModule mpm_prefork_module>
        StartServers 1
        ServerLimit 1
        MaxRequestWorkers 1
    </IfModule>
    <IfModule !mpm_prefork_module>
        ServerLimit 1
        ThreadsPerChild 1
        MaxRequestWorkers 1
    </IfModule>
)";

using Worker = PerMpmAndTransport;

TEST_P(Worker, ServesTheNextClientsWhileTheFirstOnesNeverClose) {
    Httpd httpd(mpm, std::string("KeepAlive Off\n") + kOneWorker);
    const auto start = Clock::now();
    std::vector<Client> crowd;
    for (int i = 0; i < 10; ++i) {
        crowd.push_back(httpd.client(transport));
        ASSERT_TRUE(crowd.back().get("/small").complete);
        // On HTTP/2 the connection is kept whatever KeepAlive says: the client leaves it half-way.
        if (crowd.back().speaks_h2()) crowd.back().half_close();
    }
    // Stock prefork and worker would wait 2 s for each of them.
    EXPECT_LT(Clock::now() - start, 9s);
    EXPECT_EVENTUALLY(httpd.counters().closes(), 10U);
    EXPECT_EVENTUALLY(httpd.counters().held(), is_h2 ? 0U : 10U);
}

TEST_P(Worker, IsNotHeldByClientsThatKeepSending) {
    Httpd httpd(mpm, std::string("KeepAlive Off\n") + kOneWorker);
    Client sender = httpd.client(transport);
    ASSERT_TRUE(sender.get("/small").complete);
    std::atomic<bool> is_over{false};
    std::thread flood([&] {
        sender.keep_sending();
        is_over = true;
    });
    const auto start = Clock::now();
    for (int i = 0; i < 20; ++i) {
        Client probe = httpd.client(Transport::plain);
        EXPECT_TRUE(probe.get("/small").complete);
        EXPECT_EQ(probe.wait_end(), End::fin);
    }
    // Stock httpd would read on for half a minute. On HTTP/2 it is refused as no HTTP/2.
    EXPECT_LT(Clock::now() - start, 20s);
    if (!is_h2) {
        EXPECT_FALSE(is_over) << "it was sending all the time";
    }
    ::shutdown(sender.fd(), SHUT_RDWR);
    flood.join();
}

INSTANTIATE_TEST_SUITE_P(Each, Worker,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

using WorkerStatus = PerMpm;

TEST_P(WorkerStatus, ShowsNoWorkerClosing) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 60s\nFinWaitDrainTimeout 60s\n");
    const auto begun = Clock::now();
    auto crowd = crowd_that_never_closes(httpd.port(), 20);
    ASSERT_EVENTUALLY(httpd.counters().held(), 20U);
    // A worker may only just come to write into the scoreboard that it is free. Stock httpd would
    // linger for half a minute, as these clients go on sending.
    const auto status = [&] {
        for (Client& client : crowd) (void)client.send_raw("x");
        return httpd.client().get("/server-status?auto", "Connection: close\r\n").body;
    };
    EXPECT_EVENTUALLY(
        status(), AllOf(HasSubstr("BusyWorkers: 1\n"), Not(ContainsRegex("Scoreboard: [^\n]*C"))));
    EXPECT_LT(Clock::now() - begun, 20s);
}

INSTANTIATE_TEST_SUITE_P(Each, WorkerStatus, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
