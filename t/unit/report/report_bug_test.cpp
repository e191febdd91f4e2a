// SPDX-License-Identifier: Apache-2.0
//
// finwait-report bug-report: what is told to the makers of a client, and what never is.
#include <gmock/gmock.h>

#include <filesystem>
#include <tuple>

#include "report/output/bug_report.hpp"
#include "unit/report/report_logs.hpp"
#include "unit/report/report_program.hpp"

namespace finwait::test {
namespace {

using namespace report;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// 40 of 50 stuck, of two versions; two others; a proxy that carried the client.
std::vector<Record> a_log() {
    std::vector<Record> closes;
    for (int i = 0; i < 50; ++i) {
        const std::string agent = i < 30 ? "python-requests/2.28.1" : "python-requests/2.9.0";
        Record close = i < 40 ? a_stuck_close(agent, 7) : a_close(agent, 8);
        if (i < 40 && i % 10 != 0) close.probe = Probe::answered;
        if (i < 5) close.tls = TlsVersion::tls_1_3;
        close.rtt_us = 300;
        closes.push_back(close);
        closes.push_back(a_close("curl/8.0"));
        closes.push_back(a_stuck_close("OtherBad/1.0", 9));
    }
    Record through = a_stuck_close("python-requests/2.28.1", 66);
    through.has_via = true;
    closes.push_back(through);
    return closes;
}

std::string reported(const std::vector<Record>& closes, const std::string& client,
                     const std::string& command = "") {
    const Families families;
    Evidence evidence(families, {}, client);
    Reading reading;
    LogLines lines(evidence, reading);
    feed(lines, all_log(closes), "finwait.log");
    return render_bug_report(evidence, command);
}

TEST(BugReport, TellsWhatWasSeenHowSureItIsAndThatTheClientWasThere) {
    const std::string text = reported(a_log(), "python-requests");
    EXPECT_THAT(text, StartsWith("# python-requests leaves connections open that the server"));
    for (const char* part :
         {"httpd, 2026-11-22:", "| connections that ended | 50 |",
          "| 40: 80 % (95 % sure: 67–89 %) |",
          "| 36 of 40: its machine answered keepalive probes after the server's FIN; **alive, and "
          "not closing**. Of the others it is not known |",
          "| idle for KeepAliveTimeout (40) |", "| HTTP/1.1 (40); 5 with TLS |",
          "| 2\\.28\\.1 | 30 | 30 | 100 % (89–100) |\n| 2\\.9\\.0 | 20 | 10 | 50 % (30–70) |"})
        EXPECT_THAT(text, HasSubstr(part));
}

TEST(BugReport, TellsOneConnectionTheStandardTheCommandsAndTheCure) {
    const std::string text = reported(a_log(), "python-requests", "python3 idle.py");
    for (const char* part :
         {"    0 s       server: FIN, it closes (keepalive_timeout: idle for KeepAliveTimeout) "
          "after "
          "2 requests, HTTP/1.1",
          "    < 1 ms    client's kernel: ACK", "    meanwhile client's kernel: answers",
          "    2.0 s     no FIN from the client",
          "    17 s      the end (timeout): FinWaitTimeout ran out in FIN_WAIT_2",
          "## What RFC 9112 asks\n\n> Implementations SHOULD constantly monitor", "H.timeout = 2;",
          "\n    python3 idle.py\n", "    ss -tn state close-wait '( dport = :8080 )'\n",
          "## What a client should do\n\n- "})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_THAT(text, Not(HasSubstr("(Section 9.6)")));
    EXPECT_THAT(reported(a_log(), "python-requests"), HasSubstr("\n    # your client: one GET"));
}

TEST(BugReport, IsAnotherWhereTheServerClosedAfterItsReply) {
    std::vector<Record> closes = a_log();
    for (Record& close : closes) close.cause = Cause::client_asked;
    const std::string text = reported(closes, "python-requests");
    EXPECT_THAT(text, HasSubstr("does not close a connection that the server has closed after"));
    EXPECT_THAT(text, HasSubstr("(Section 9.6)"));
    EXPECT_THAT(text, Not(HasSubstr("H.timeout")));
    EXPECT_THAT(text, HasSubstr("as soon as its body is read"));
}

TEST(BugReport, TellsVersionsAsTheClientsTellThem) {
    if (!std::filesystem::exists(kUapCoreRegexes)) GTEST_SKIP() << "uap-core is not installed";
    const Families families = Families::from_file(kUapCoreRegexes);
    const std::string chrome =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6.1 "
        "Safari/537.36";
    for (const auto& [agent, client, version] :
         {std::tuple{std::string("python-requests/2.28.1"), "Python Requests", "2.28.1"},
          std::tuple{chrome, "Chrome", "120.0.6.1"}}) {
        Evidence evidence(families, {}, client);
        evidence.take(a_stuck_close(agent));
        ASSERT_EQ(evidence.versions().size(), 1U) << agent;
        EXPECT_EQ(evidence.versions().begin()->first, version);
    }
}

TEST(BugReport, SaysNothingOfOthersAndNoAddress) {
    const std::string text = reported(a_log(), "python-requests", "python3 idle.py");
    for (const char* secret : {"192.0.2.", "192\\.0", "198.51.100", "example", "curl", "OtherBad",
                               "40000", "1000", ":443"})
        EXPECT_THAT(text, Not(HasSubstr(secret))) << secret;
}

TEST(BugReport, HoldsHostileTextAsText) {
    const std::string name = "a|`*_\\~&\x1b#b";
    const std::vector<Record> closes(40, a_stuck_close(name + "/1|0`\x1b<script>"));
    const std::string text = reported(closes, name, "a\n\n# b `c`\x1b[0m");
    EXPECT_THAT(text, Not(HasSubstr("<script")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, StartsWith("# a\\|\\`\\*\\_\\\\\\~&amp;\\\\x1b\\#<!-- -->b leaves"));
    EXPECT_THAT(text, HasSubstr("\n| 1\\|0\\`\\\\x1b | 40 |"));
    EXPECT_THAT(text, HasSubstr("\n    a\\x0a\\x0a# b `c`\\x1b[0m\n"));
}

TEST(BugReport, SaysWhereItsServerSpeaksAnotherProtocol) {
    std::vector<Record> closes = a_log();
    EXPECT_THAT(reported(closes, "python-requests"), Not(HasSubstr("KeepAliveTimeout 2")));
    for (Record& close : closes) close.tls = TlsVersion::tls_1_3;
    EXPECT_THAT(reported(closes, "python-requests"), HasSubstr("with `KeepAliveTimeout 2`, is"));
}

TEST(BugReport, BoundsTheVersionsItKeepsAndShows) {
    std::vector<Record> closes;
    for (std::size_t i = 0; i < Evidence::kVersionsMax + 5; ++i)
        closes.push_back(a_stuck_close("many/" + std::to_string(i)));
    const Families families;
    Evidence evidence(families, {}, "many");
    for (const Record& close : closes) evidence.take(close);
    EXPECT_EQ(evidence.versions().size(), Evidence::kVersionsMax + 1);
    EXPECT_EQ(evidence.versions().at(Evidence::kOtherVersions).whole, 5U);
    EXPECT_THAT(render_bug_report(evidence, ""), HasSubstr("and 989 more versions"));
}

struct ReportBug : ReportProgram {};

TEST_F(ReportBug, IsTheSameOfALogOfModeStuck) {
    const std::string command = "bug-report python-requests --command 'a b' ";
    const Answer all = ask(command + file("all.log", all_log(a_log())));
    EXPECT_EQ(all.exit_code, 0) << all.err;
    EXPECT_THAT(all.out, HasSubstr("\n    a b\n"));
    EXPECT_EQ(ask(command + file("stuck.log", stuck_log(a_log()))).out, all.out);
    EXPECT_EQ(ask("bug-report 'python requests' " + path("all.log") + " --command 'a b'").out,
              all.out);
}

TEST_F(ReportBug, AccusesNobodyOfWhomItIsNotSure) {
    const std::string log = file("finwait.log", all_log(a_log()));
    const Answer unknown = ask("bug-report wget " + log);
    EXPECT_EQ(unknown.exit_code, 1);
    EXPECT_THAT(unknown.err, HasSubstr("no close is of 'wget'"));
    const Answer good = ask("bug-report curl " + log);
    EXPECT_EQ(good.exit_code, 1);
    EXPECT_THAT(good.err, HasSubstr("0 of 50 closes of 'curl' got stuck: it is not sure (95 %)"));
    const Answer few = ask("bug-report OtherBad --min 51 " + log);
    EXPECT_EQ(few.exit_code, 1);
    EXPECT_THAT(few.err, HasSubstr("too few to tell, by --min 51"));
    EXPECT_EQ(few.out, "");
    EXPECT_EQ(ask("bug-report curl " + path("none.log")).exit_code, 3);
}

TEST_F(ReportBug, IsOfTheClosesThatAreWanted) {
    const std::string log = file("finwait.log", all_log(a_log()));
    const Answer old = ask("bug-report python-requests --min 20 --ua '/2.9' " + log);
    EXPECT_THAT(old.out, HasSubstr("| connections that ended | 20 |"));
    EXPECT_EQ(ask("bug-report python-requests --until 2020-01-01 " + log).exit_code, 1);
}

}  // namespace
}  // namespace finwait::test
