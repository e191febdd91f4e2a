// SPDX-License-Identifier: Apache-2.0
//
// Programs that people use: one Record per connection, whoever closes first.
#include <gtest/gtest.h>

#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::AnyOf;
using testing::Pair;

using RealClient = PerMpm;
using RealHttp2Client = PerMpm;  // without prefork, where mod_http2 is inactive

TEST_P(RealClient, CurlOnHttp2IsOneRecord) {
    Httpd httpd(mpm, "Protocols h2 h2c http/1.1\n");
    const std::string tls = "https://localhost:" + std::to_string(httpd.port(Transport::tls));
    const std::string plain = "http://127.0.0.1:" + std::to_string(httpd.port());
    std::vector<std::vector<std::string>> calls = {{"curl", "-sk", "--http2", tls + "/small",
                                                    tls + "/3m", "-o", "/dev/null", "-o",
                                                    "/dev/null"}};
    if (mpm != Mpm::prefork)
        calls.push_back({"curl", "-s", "--http2-prior-knowledge", plain + "/small"});
    for (const auto& call : calls) EXPECT_EQ(run(call).exit_code, 0);
    ASSERT_TRUE(httpd.wait_settled(calls.size()));
    const auto records = httpd.records();
    ASSERT_EQ(records.size(), calls.size());
    for (const Record& record : records) {
        EXPECT_TRUE(record.user_agent.starts_with("curl/"));
        EXPECT_EQ(record.http, mpm == Mpm::prefork ? HttpVersion::http_1_1 : HttpVersion::http_2);
        EXPECT_EQ(record.cause, Cause::client_gone);
        EXPECT_EQ(record.requests, record.tls == TlsVersion::none ? 1U : 2U);
    }
}

TEST_P(RealClient, CurlOnTlsIsGoneByItself) {
    Httpd httpd(mpm);
    const std::string url = "https://localhost:" + std::to_string(httpd.port(Transport::tls));
    // curl sends close_notify and then closes. httpd may act in between: then our FIN is first, or
    // curl's kernel, with our close_notify unread, sends RST and no FIN. Close has the certain one.
    constexpr std::size_t calls = 5;
    for (std::size_t i = 0; i < calls; ++i)
        EXPECT_EQ(run({"curl", "-sk", "--http1.1", url + "/small"}).exit_code, 0);
    ASSERT_TRUE(httpd.wait_settled(calls));
    const auto records = httpd.records();
    EXPECT_EQ(records.size(), calls);
    for (const Record& record : records) {
        EXPECT_EQ(record.cause, Cause::client_gone);
        EXPECT_EQ(record.tls, TlsVersion::tls_1_3);
        EXPECT_THAT(record.outcome, AnyOf(Outcome::client_first, Outcome::fin, Outcome::reset));
    }
}

TEST_P(RealClient, CurlThatLeavesDuringItsFirstReplyIsKnown) {
    Httpd httpd(mpm);
    const std::string url = "https://localhost:" + std::to_string(httpd.port(Transport::tls));
    constexpr int kTimedOut = 28;
    EXPECT_EQ(run({"curl", "-sk", "--max-time", "3", "--limit-rate", "1k", "-o", "/dev/null",
                   url + "/10m"})
                  .exit_code,
              kTimedOut);
    const Record record =
        httpd.wait_record([](const Record& r) { return r.user_agent.starts_with("curl/"); });
    EXPECT_EQ(record.cause, Cause::client_gone);
    EXPECT_EQ(record.vhost, "localhost");
}

TEST_P(RealHttp2Client, NghttpIsOneRecord) {
    Httpd httpd(mpm, "Protocols h2 h2c http/1.1\n");
    EXPECT_EQ(run({"nghttp", "-n", "-m", "5",
                   "http://127.0.0.1:" + std::to_string(httpd.port()) + "/small"})
                  .exit_code,
              0);
    ASSERT_TRUE(httpd.wait_settled(1));
    ASSERT_EQ(httpd.records().size(), 1U);
    EXPECT_EQ(httpd.records()[0].requests, 5U);
}

// The old page's buggy client of today: its pool keeps the socket that the server has closed.
TEST_P(RealClient, IdleSessionOfPythonRequestsIsStuck) {
    Httpd httpd(mpm, "KeepAliveTimeout 200ms\nFinWaitDrainIdleTimeout 600ms\n");
    const std::string url = "http://127.0.0.1:" + std::to_string(httpd.port()) + "/small";
    Process python({"/usr/bin/python3", "-c",
                    "import requests, sys, time\n"
                    "s = requests.Session()\n"
                    "assert s.get(sys.argv[1]).text == 'hello from httpd\\n'\n"
                    "print('idle', flush=True)\n"
                    "time.sleep(600)\n",
                    url});
    const Record record = httpd.wait_record(
        [](const Record& r) { return r.user_agent.starts_with("python-requests/"); });
    EXPECT_EQ(record.cause, Cause::keepalive_timeout);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    EXPECT_EQ(record.requests, 1U);
    EXPECT_EQ(record.outcome, Outcome::timeout);
    EXPECT_GE(record.fin_wait_2_ms(), 1000U);  // FinWaitTimeout, and some of the drain
    EXPECT_EVENTUALLY(python.output(), "idle\n");
}

TEST_P(RealClient, ApacheBenchWithKeepAliveIsOneRecordPerConnection) {
    Httpd httpd(mpm);
    EXPECT_EQ(run({"ab", "-q", "-k", "-n", "200", "-c", "4",
                   "http://127.0.0.1:" + std::to_string(httpd.port()) + "/small"})
                  .exit_code,
              0);
    const auto requests_and_missing_records = [&] {
        const auto records = httpd.records();
        std::uint64_t requests = 0;
        for (const Record& record : records) requests += record.requests;
        return std::pair(requests, httpd.counters().closes() - records.size());
    };
    EXPECT_EVENTUALLY(requests_and_missing_records(), Pair(200U, 0U));
}

TEST(RealRemedy, PythonRequestsIsLearntAndStopsLeavingSockets) {
    // What is told to close does so in less than the drains' time on any machine.
    Httpd httpd(Mpm::event,
                "FinWaitAuto On stuck=50% min=10 requests=2 for=1h\n"
                "KeepAliveTimeout 200ms\n"
                "FinWaitShortDrainTimeout 3s\nFinWaitDrainIdleTimeout 3s\n");
    const std::string url = "http://127.0.0.1:" + std::to_string(httpd.port()) + "/small";
    Process python({"/usr/bin/python3", "-c", R"(
import requests, sys, time
from requests.adapters import HTTPAdapter

class From(HTTPAdapter):
    def __init__(self, address):
        self.address = address
        super().__init__()
    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=(self.address, 0), **kwargs)

sessions = [requests.Session() for _ in range(12)]
for i, session in enumerate(sessions):
    session.mount('http://', From('127.0.%d.1' % (i % 4 + 1)))
while True:
    for session in sessions:
        assert session.get(sys.argv[1]).text == 'hello from httpd\n'
    time.sleep(5)
)",
                    url});
    const auto is_on_remedy = [](const Record& record) {
        return record.user_agent.starts_with("python-requests/") &&
               record.remedy == Remedy::nokeepalive;
    };
    const Record record = httpd.wait_record(is_on_remedy);
    EXPECT_EQ(record.cause, Cause::server_limit);
    EXPECT_EQ(record.drain, Drain::fin);
    EXPECT_LT(record.fin_wait_2_ms(), 3000U);
    Process ended = std::move(python);
}

INSTANTIATE_TEST_SUITE_P(Each, RealHttp2Client, testing::Values(Mpm::event, Mpm::worker), NameOf());
INSTANTIATE_TEST_SUITE_P(Each, RealClient, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
