// SPDX-License-Identifier: Apache-2.0
//
// finwait-report on logs and status pages of a real server with real clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config.hpp"
#include "server/each.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kSessions = 35;  // more than finwait-report's smallest sample

// Sessions of python3-requests that are left idle for longer than KeepAliveTimeout, as a program
// leaves them that has nothing to ask for a while.
constexpr char kIdleSessions[] =
    "import requests, sys, time\n"
    "sessions = [requests.Session() for _ in range(int(sys.argv[2]))]\n"
    "for s in sessions:\n"
    "    assert s.get(sys.argv[1]).text == 'hello from httpd\\n'\n"
    "print('idle', flush=True)\n"
    "time.sleep(600)\n";

constexpr char kShortWaits[] =
    "KeepAliveTimeout 1s\nFinWaitShortDrainTimeout 2s\nFinWaitTimeout 1s\n";

Finished report(const std::vector<std::string>& words) {
    std::vector<std::string> argv{Suite::build_dir() + "/finwait-report"};
    argv.insert(argv.end(), words.begin(), words.end());
    return run(argv);
}

bool is_of_requests(const Record& record) {
    return record.user_agent.starts_with("python-requests/");
}

std::int64_t closes_of_requests(const Httpd& httpd) {
    const auto records = httpd.records();
    return std::count_if(records.begin(), records.end(), is_of_requests);
}

// Idle sessions and ten well-behaved curls; returns when each has its Record.
void let_clients_come(Httpd& httpd) {
    const std::string url = "http://127.0.0.1:" + std::to_string(httpd.port()) + "/small";
    Process python({"/usr/bin/python3", "-c", kIdleSessions, url, std::to_string(kSessions)});
    for (int i = 0; i < kSessions; ++i) EXPECT_EQ(run({"curl", "-s", url}).exit_code, 0);
    EXPECT_EVENTUALLY(closes_of_requests(httpd), testing::Ge(kSessions));
}

TEST(Report, NamesRequestsAndItsSnippetMakesTheFinWait2GoAway) {
    std::string snippet;
    {
        Httpd httpd(Mpm::event, kShortWaits);
        let_clients_come(httpd);
        const std::string log = httpd.dir() + "/finwait.log";
        const Finished screen = report({log});
        EXPECT_THAT(screen.output, testing::StartsWith("Python Requests "));
        EXPECT_THAT(screen.output, HasSubstr("100 % of its 35 closes"));
        EXPECT_THAT(screen.output, Not(HasSubstr("curl leaves")));
        const Finished conf = report({"--httpd-conf", log});
        EXPECT_EQ(conf.exit_code, 0);
        snippet = conf.output;
        for (const Record& record : httpd.records())
            EXPECT_EQ(is_of_requests(record), record.is_stuck());
    }
    EXPECT_THAT(snippet, HasSubstr("BrowserMatch \"^python-requests/\" nokeepalive"));
    const Finished configtest = apache2_says(Mpm::event, snippet);
    EXPECT_EQ(configtest.exit_code, 0) << configtest.output;

    Httpd httpd(Mpm::event, kShortWaits + snippet);
    let_clients_come(httpd);
    for (const Record& record : httpd.records()) {
        EXPECT_FALSE(record.is_stuck()) << record.user_agent;
        EXPECT_LT(record.fin_wait_2_ms(), 2000U) << record.user_agent;
    }
}

TEST(Report, OfAHostileClientPassesConfigtest) {
    const std::string hostile = "${PATH}\"'\\ %{x}<IfModule>#|/1.0 \\";
    std::string log;
    Record record;
    record.user_agent = hostile;
    record.state = TcpState::fin_wait_2;
    record.cause = Cause::keepalive_timeout;
    record.drain = Drain::deadline;
    record.outcome = Outcome::timeout;
    record.fin_wait_2_time = std::chrono::milliseconds(2000);
    for (int i = 0; i < 60; ++i) append_record(log, record);
    const std::string file = Suite::dir() + "/hostile.log";
    write_file(file, log);
    const Finished conf = report({"--httpd-conf", file});
    EXPECT_THAT(conf.output, HasSubstr("BrowserMatch"));
    const Finished configtest = apache2_says(Mpm::event, conf.output);
    EXPECT_EQ(configtest.exit_code, 0) << configtest.output << conf.output;
}

TEST(Report, AsksALiveServer) {
    Httpd httpd(Mpm::event, std::string(kShortWaits) + kStatusLocation);
    let_clients_come(httpd);
    const std::string url = "http://127.0.0.1:" + std::to_string(httpd.port()) + "/finwait-status";
    const Finished live = report({"--live", url});
    EXPECT_EQ(live.exit_code, 0) << live.output;
    EXPECT_THAT(live.output, testing::StartsWith("Python Requests "));
    EXPECT_THAT(live.output, HasSubstr("sockets are in FIN_WAIT_2 now"));
    const Finished none = report({"--live", url + "x"});
    EXPECT_EQ(none.exit_code, 3);
    EXPECT_THAT(none.output, HasSubstr("the server says 404"));
}

// What Chromium makes of a page in a file. The script in the User-Agent would change the title.
std::string seen(const std::string& page, const std::vector<std::string>& options) {
    std::vector<std::string> argv{"chromium",
                                  "--headless=new",
                                  "--no-sandbox",
                                  "--disable-gpu",
                                  "--disable-dev-shm-usage",
                                  "--hide-scrollbars",
                                  "--user-data-dir=" + Suite::dir() + "/chromium"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back("file://" + page);
    return run(argv, 3 * kPatience).output;
}

TEST(ReportInChromium, IsInertDrawsItsChartAndFitsBothWidths) {
    Record record;
    record.user_agent =
        "</b></script><script>document.title='pwned'</script><img src=x "
        "onerror=\"document.title='pwned'\">";
    record.state = TcpState::fin_wait_2;
    record.drain = Drain::deadline;
    record.fin_wait_2_time = std::chrono::milliseconds(2000);
    std::string log;
    for (int i = 0; i < 60; ++i) {
        record.half_close += 10min;
        append_record(log, record);
    }
    const std::string page = Suite::dir() + "/report.html";
    write_file(Suite::dir() + "/report.log", log);
    ASSERT_EQ(report({"--html", page, Suite::dir() + "/report.log"}).exit_code, 0);
    const std::string html = read_file(page);
    EXPECT_LT(html.size(), 200'000U);
    EXPECT_THAT(html, HasSubstr("<rect class=\"fill-time\""));
    const std::string dom = seen(page, {"--dump-dom", "--window-size=1200,1500"});
    EXPECT_THAT(dom, HasSubstr("<title>finwait-report</title>"));
    EXPECT_THAT(dom, HasSubstr("&lt;script&gt;document.title='pwned'"));
    EXPECT_THAT(dom, Not(HasSubstr("<img")));
    // Without uPlot at build time there are the bars alone.
    if (html.find("uPlot") != std::string::npos) {
        EXPECT_THAT(dom, HasSubstr("class=\"scripted\""));
        EXPECT_THAT(dom, HasSubstr("<canvas"));
    }
    for (const char* width : {"1200", "480"})
        for (const char* scheme : {"0", "1"}) {
            const std::string picture = Suite::dir() + "/" + width + scheme + ".png";
            (void)seen(page,
                       {"--screenshot=" + picture, std::string("--window-size=") + width + ",1500",
                        std::string("--blink-settings=preferredColorScheme=") + scheme});
            EXPECT_GT(read_file(picture).size(), 20'000U) << width;
        }
    EXPECT_NE(read_file(Suite::dir() + "/12000.png"), read_file(Suite::dir() + "/12001.png"));
}

}  // namespace
}  // namespace finwait::test
