// SPDX-License-Identifier: Apache-2.0
//
// A Record's end is what the client did, when it did it: within 20 ms of the client's own clock,
// and whatever the scheduler has let client and closer wait. (Who vanishes is in vanish_test.cpp.)
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <functional>
#include <thread>
#include <vector>

#include "server/each.hpp"

namespace finwait::test {
namespace {

constexpr milliseconds kExact = 20ms;

struct Ending {
    const char* user_agent;
    milliseconds at;  // since the server's FIN
    Outcome outcome;
    std::function<void(Client&)> act;
};

// Each after the drain, in the order of their times. Who never closes is given up after the drain
// and FinWaitTimeout.
const Ending kEndings[] = {
    {"late FIN", 3s, Outcome::late_fin, [](Client& client) { client.close(); }},
    {"late RST", 4s, Outcome::reset, [](Client& client) { client.reset(); }},
    {"data", 4s + 300ms, Outcome::reset, [](Client& client) { (void)client.send_raw("x"); }},
    {"never", 5s + 200ms, Outcome::timeout, [](Client&) {}},
};

struct Ended {
    Client client;
    Clock::time_point fin;
    Clock::duration acted{};
};

struct Ends : PerMpm {
    Httpd httpd{mpm, "FinWaitDrainIdleTimeout 200ms\nFinWaitTimeout 5s\n"};

    // Its kernel acknowledges our FIN at once, as FIN_WAIT_2 begins with that.
    Ended ended_by_the_server(const char* user_agent) {
        Client client = httpd.client(Transport::plain, {.user_agent = user_agent});
        EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        EXPECT_EQ(client.wait_end(), End::fin);
        const int at_once = 1;
        ::setsockopt(client.fd(), IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof at_once);
        return {std::move(client), Clock::now()};
    }
    [[nodiscard]] std::chrono::nanoseconds waited() const {
        return waited_for_a_core(std::to_string(httpd.closer_pid())) +
               waited_for_a_core("thread-self");
    }
};

TEST_P(Ends, AreThoseOfTheClientsAndExact) {
    const auto waited_before = waited();
    std::vector<Ended> ends;
    for (const Ending& ending : kEndings) ends.push_back(ended_by_the_server(ending.user_agent));
    for (std::size_t i = 0; i < ends.size(); ++i) {
        std::this_thread::sleep_until(ends[i].fin + kEndings[i].at);
        ends[i].acted = Clock::now() - ends[i].fin;
        kEndings[i].act(ends[i].client);
    }
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const Record record = httpd.record_of(ends[i].client);
        EXPECT_EQ(record.outcome, kEndings[i].outcome) << record;
        EXPECT_EQ(record.drain, Drain::idle_timeout) << record;
        const auto late = milliseconds(record.fin_wait_2_ms()) - ends[i].acted;
        const milliseconds yardstick = std::chrono::ceil<milliseconds>(waited() - waited_before);
        RecordProperty(kEndings[i].user_agent, std::to_string(late / 1us) + " us late");
        EXPECT_LE(std::chrono::abs(late), kExact + yardstick) << record;
    }
}

INSTANTIATE_TEST_SUITE_P(Each, Ends, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
