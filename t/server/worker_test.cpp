// SPDX-License-Identifier: Apache-2.0
//
// A worker is free as soon as it has replied, whatever its client does with the connection.
#include <gtest/gtest.h>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

constexpr const char* kOneWorker = R"(
    FinWaitDrainIdleTimeout 3s
    FinWaitDrainTimeout 4s
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
    EXPECT_LT(Clock::now() - start, 1500ms);
    const std::uint64_t held = is_h2 ? 0 : 10;
    EXPECT_TRUE(wait_until(1s, [&] { return httpd.counters().held() == held; }));
}

TEST_P(Worker, IsNotHeldByClientsThatKeepSending) {
    Httpd httpd(mpm, std::string("KeepAlive Off\n") + kOneWorker);
    Client sender = httpd.client(transport);
    ASSERT_TRUE(sender.get("/small").complete);
    std::thread flood([&] { sender.keep_sending(1s); });
    const auto start = Clock::now();
    for (int i = 0; i < 20; ++i) {
        Client probe = httpd.client(Transport::plain);
        EXPECT_TRUE(probe.get("/small").complete);
        EXPECT_EQ(probe.wait_end(2s), End::fin);
    }
    EXPECT_LT(Clock::now() - start, 1s);
    flood.join();
}

INSTANTIATE_TEST_SUITE_P(Each, Worker,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

using WorkerStatus = PerMpm;

TEST_P(WorkerStatus, ShowsNoWorkerClosing) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 3s\n");
    const auto crowd = crowd_that_never_closes(httpd.port(), 20);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == 20; }));
    const std::string status =
        httpd.client().get("/server-status?auto", "Connection: close\r\n").body;
    std::string scoreboard = status.substr(status.find("Scoreboard: ") + 12);
    scoreboard.resize(scoreboard.find('\n'));
    EXPECT_EQ(scoreboard.find('C'), std::string::npos) << scoreboard;
    EXPECT_NE(status.find("BusyWorkers: 1\n"), std::string::npos) << status;
}

INSTANTIATE_TEST_SUITE_P(Each, WorkerStatus, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
