// SPDX-License-Identifier: Apache-2.0
#include "unit/report/report_program.hpp"

#include <gmock/gmock.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "report/input/find_logs.hpp"
#include "unit/report/report_logs.hpp"

namespace finwait::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr uid_t kNobody = 65534;

const std::vector<Record>& closes() {
    static const auto made = some_closes(3'000);
    return made;
}

std::uint64_t closes_in(const std::string& answer) {
    return json::parse(answer)["all"]["stuck"]["closes"];
}

TEST_F(ReportProgram, NamesTheCulpritOnOneScreen) {
    const Answer answer = ask(file("finwait.log", all_log(closes())));
    EXPECT_EQ(answer.exit_code, 0) << answer.err;
    EXPECT_THAT(answer.out, StartsWith("Python Requests "));
    EXPECT_THAT(answer.out, HasSubstr("leaves your sockets in"));
    EXPECT_LE(std::count(answer.out.begin(), answer.out.end(), '\n'), 24);
    EXPECT_THAT(answer.out, Not(HasSubstr("\x1b")));
    EXPECT_THAT(answer.err, IsEmpty());
}

TEST_F(ReportProgram, ReadsPatternsDirectoriesAndEachFileOnce) {
    const std::vector<Record> half(closes().begin(), closes().begin() + 1'000);
    file("finwait.log", all_log(half));
    file("finwait.log.1", all_log(half));
    file("access.log", "127.0.0.1 - -\n");
    EXPECT_EQ(closes_in(ask("--json " + dir).out), 2'000U);
    EXPECT_EQ(closes_in(ask("--json '" + dir + "/finwait.log*'").out), 2'000U);
    EXPECT_EQ(closes_in(ask("--json " + dir + " " + path("finwait.log")).out), 2'000U);
}

// Ten kinds of damage: each gives a report, and an honest count.
TEST_F(ReportProgram, CountsWhatIsDamaged) {
    const std::vector<Record> few(closes().begin(), closes().begin() + 100);
    const std::string good = all_log(few);
    const std::string line = all_log({a_close("curl/8.0")});
    const struct {
        const char* name;
        std::string log;
        std::uint64_t records, broken, foreign;
    } damages[] = {
        {"cut", good + line.substr(0, 200), 100, 1, 0},
        {"zeros", good + std::string(5'000, '\0') + "\n", 100, 1, 0},
        {"noise", good + "\x80\xff\x1b{[\n" + line, 101, 1, 0},
        {"endless", good + std::string(3'000'000, 'x') + "\n" + line, 101, 1, 0},
        {"another log", good + "192.0.2.1 - - [22/Nov/2026] \"GET /\" 200 1\n", 100, 1, 0},
        {"another event", good + "{\"event.name\":\"http.request\"}\n", 100, 0, 1},
        {"two in one line", good + line.substr(0, line.size() - 1) + line, 100, 1, 0},
        {"missing middle", good.substr(0, 300) + good.substr(5'000), 0, 1, 0},
        {"empty lines", "\n\n" + good, 100, 2, 0},
        {"empty", "", 0, 0, 0},
    };
    for (const auto& damage : damages) {
        const Answer answer = ask("--json " + file("damaged", damage.log));
        ASSERT_EQ(answer.exit_code, 0) << damage.name << answer.err;
        const json report = json::parse(answer.out);
        const json& reading = report["reading"];
        EXPECT_EQ(reading["broken"]["lines"], damage.broken) << damage.name;
        EXPECT_EQ(reading["foreign"]["lines"], damage.foreign) << damage.name;
        if (damage.records != 0) {
            EXPECT_EQ(reading["records"], damage.records) << damage.name;
        }
        const std::uint64_t told =
            reading["records"].get<std::uint64_t>() + damage.broken + damage.foreign;
        EXPECT_EQ(reading["lines"], told) << damage.name;
        const std::string screen = ask(path("damaged")).out;
        if (damage.broken != 0) {
            EXPECT_THAT(screen, HasSubstr("broken or not of this log")) << damage.name;
        }
    }
}

TEST_F(ReportProgram, FiltersAsItIsTold) {
    const std::string log = file("finwait.log", all_log(closes()));
    const auto wanted = [&](auto&& fits) {
        return static_cast<std::uint64_t>(std::count_if(closes().begin(), closes().end(), fits));
    };
    EXPECT_EQ(closes_in(ask("--json --ua '^curl/7.8[34]' " + log).out), wanted([](const Record& r) {
                  return r.user_agent.starts_with("curl/7.83") ||
                         r.user_agent.starts_with("curl/7.84");
              }));
    EXPECT_EQ(closes_in(ask("--json --vhost API.example.org " + log).out),
              wanted([](const Record& r) { return r.vhost == "api.example.org"; }));
    EXPECT_EQ(closes_in(ask("--json --cause no_request --outcome late_fin " + log).out),
              wanted([](const Record& r) {
                  return r.cause == Cause::no_request && r.outcome == Outcome::late_fin;
              }));
    EXPECT_EQ(closes_in(ask("--json --address 192.0.2.0/26 " + log).out),
              wanted([](const Record& r) { return r.peer.address[3] < 64; }));
    EXPECT_EQ(
        closes_in(
            ask("--json --since 2026-11-22T12:00:10Z --until '2026-11-22 12:00:20' " + log).out),
        500U);
    EXPECT_EQ(closes_in(ask("--json --family badbrowser/1.0 " + log).out),
              wanted([](const Record& r) { return r.user_agent == "BadBrowser/1.0"; }));
}

TEST_F(ReportProgram, SaysInItsExitCodeHowItWent) {
    const std::string log = file("finwait.log", all_log(closes()));
    EXPECT_EQ(ask(log + " --fail-if 'stuck>5%'").exit_code, 1);
    EXPECT_EQ(ask(log + " --fail-if 'stuck>50%'").exit_code, 0);
    EXPECT_EQ(ask("--by colour " + log).exit_code, 2);
    const Answer missing = ask(path("missing.log"));
    EXPECT_EQ(missing.exit_code, 3);
    EXPECT_THAT(missing.err,
                StartsWith("finwait-report: cannot read '" + path("missing.log") + "': No such"));
    EXPECT_THAT(missing.out, IsEmpty());
    // The others are read all the same.
    const Answer half = ask("--json " + path("missing.log") + " " + log);
    EXPECT_EQ(half.exit_code, 3);
    EXPECT_EQ(closes_in(half.out), closes().size());
    EXPECT_EQ(ask("'" + path("nothing*") + "'").exit_code, 3);
}

TEST_F(ReportProgram, IsQuietWhenItsReaderHasSeenEnough) {
    const std::string log = file("finwait.log", all_log(closes()));
    const Answer answer = ask("--by ua --top 1000 --json " + log + " | head -c 1");
    EXPECT_EQ(answer.out, "{");
    EXPECT_THAT(answer.err, IsEmpty());
}

TEST_F(ReportProgram, TellsTheStoryOfOneConnection) {
    std::vector<Record> some = closes();
    some[7] = a_stuck_close("python-requests/2.28.1");
    some[7].socket_cookie = 0x14b83;
    const std::string log = file("finwait.log", all_log(some));
    const Answer story = ask("show 14b83 " + log);
    EXPECT_EQ(story.exit_code, 0) << story.err;
    for (const char* part :
         {"192.0.2.1:40000", "python-requests/2.28.1", "idle for KeepAliveTimeout",
          "FinWaitTimeout ran out in FIN_WAIT_2", "stuck: it acknowledged our FIN"})
        EXPECT_THAT(story.out, HasSubstr(part));
    EXPECT_THAT(ask("--anonymize show 14b83 " + log).out, Not(HasSubstr("192.0.2.1:")));
    const Answer none = ask("show abcdef " + file("stuck.log", stuck_log(closes())));
    EXPECT_EQ(none.exit_code, 1);
    EXPECT_THAT(none.err, HasSubstr("more closes are in tallies only"));
}

TEST_F(ReportProgram, ComparesTwoLogsAndTwoPeriods) {
    std::vector<Record> before, after;
    for (int i = 0; i < 200; ++i) {
        before.push_back(a_close("curl/8.0"));
        after.push_back(a_close("curl/8.0"));
        before.push_back(i < 100 ? a_stuck_close("improved/1.0") : a_close("improved/1.0"));
        after.push_back(a_close("improved/1.0"));
        before.push_back(a_close("worsened/1.0"));
        after.push_back(i < 100 ? a_stuck_close("worsened/1.0") : a_close("worsened/1.0"));
        after.push_back(a_stuck_close("appeared/1.0"));
    }
    for (Record& record : after) record.half_close += std::chrono::hours(24);
    const std::string a = file("a", all_log(before)), b = file("b", all_log(after));
    const auto changes = [](const std::string& answer) {
        std::map<std::string, std::string> by_name;
        const json report = json::parse(answer);
        for (const json& row : report["rows"]) by_name[row["name"]] = row["change"];
        return by_name;
    };
    const std::map<std::string, std::string> expected{{"curl/8.0", "same"},
                                                      {"improved/1.0", "better"},
                                                      {"worsened/1.0", "worse"},
                                                      {"appeared/1.0", "new"}};
    const Answer logs =
        ask("--json --ua-regexes " + file("none.yaml", "user_agent_parsers:\n- regex: '(zzz)'\n") +
            " --diff " + a + " " + b);
    EXPECT_EQ(logs.exit_code, 0) << logs.err;
    EXPECT_EQ(changes(logs.out), expected);
    EXPECT_EQ(changes(ask("--json --ua-regexes " + path("none.yaml") +
                          " --diff 2026-11-22 2026-11-23 " + a + " " + b)
                          .out),
              expected);
    EXPECT_THAT(ask("--diff " + a + " " + b).out, HasSubstr("0 % → 50 %"));
    EXPECT_THAT(ask("--csv --diff " + a + " " + b).out,
                HasSubstr("\"worsened/1.0\",worse,200,0,0,"));
    EXPECT_THAT(ask("--markdown --diff " + a + " " + b).out,
                HasSubstr("| worse | 200 | 200 | 0 % |"));
    EXPECT_EQ(ask("--diff " + a + " yesterday").exit_code, 2);
}

TEST_F(ReportProgram, MasksAddressesIfAsked) {
    const std::string log = file("finwait.log", all_log(closes()));
    EXPECT_THAT(ask("--by address --csv " + log).out, HasSubstr("\"192.0.2.17\""));
    const Answer masked = ask("--by address --anonymize --json " + log);
    EXPECT_THAT(masked.out, Not(HasSubstr("192.0.2.17")));
    EXPECT_EQ(json::parse(masked.out)["rows"].size(), 1U);
}

TEST_F(ReportProgram, FollowsALogThroughItsRotation) {
    const std::string log = file("finwait.log", all_log({a_close("a/1.0"), a_close("a/1.0")}));
    Process follower({report_executable(), "--follow", "--csv", "--no-progress", log});
    EXPECT_EVENTUALLY(follower.output(), HasSubstr("\"a/1.0\",\"\",\"a/1.0\",too_few,2,"));
    ASSERT_EQ(run({"sh", "-c", "cat >>" + log + " <<'END'\n" + all_log({a_close("b/1.0")}) + "END"})
                  .exit_code,
              0);
    EXPECT_EVENTUALLY(follower.output(), HasSubstr("\"b/1.0\""));
    std::filesystem::rename(log, log + ".1");
    file("finwait.log", all_log({a_close("c/1.0")}));
    EXPECT_EVENTUALLY(follower.output(), HasSubstr("\"c/1.0\""));
    follower.send_signal(SIGTERM);
    EXPECT_EQ(follower.wait(kPatience), 0);
}

// The tests run in the tree.
TEST_F(ReportProgram, HasNoOptionOrWordThatManualAndCompletionDoNotKnow) {
    std::string manual = read_file("docs/finwait-report.1");
    for (std::size_t at; (at = manual.find("\\-")) != std::string::npos;) manual.erase(at, 1);
    const std::string completion = read_file("conf/finwait-report.bash");
    const std::string help = ask("--help").out;
    re2::StringPiece rest = help;
    std::string option;
    std::size_t options = 0;
    while (RE2::FindAndConsume(&rest, "(--[a-z]+(?:-[a-z]+)*)", &option)) {
        ++options;
        EXPECT_THAT(completion, HasSubstr(option));
        if (option != "--help" && option != "--version") {
            EXPECT_THAT(manual, HasSubstr(option));
        }
    }
    EXPECT_GT(options, 25U);
    for (const auto& word : kOutcomes) EXPECT_THAT(completion, HasSubstr(std::string(word.name)));
    for (const auto& word : kCauses) EXPECT_THAT(completion, HasSubstr(std::string(word.name)));
}

TEST_F(ReportProgram, IsCompletedByBash) {
    const auto completed = [](const std::string& words) {
        return run({"bash", "-c",
                    "_init_completion() { cur=${COMP_WORDS[COMP_CWORD]} "
                    "prev=${COMP_WORDS[COMP_CWORD-1]}"
                    " cword=$COMP_CWORD; }; _filedir() { :; }; . conf/finwait-report.bash;"
                    " COMP_WORDS=(finwait-report " +
                        words +
                        "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));"
                        " _finwait_report; echo ${COMPREPLY[*]}"})
            .output;
    };
    EXPECT_EQ(completed("--by v"), "vhost\n");
    EXPECT_EQ(completed("--cause keep"), "keepalive_timeout\n");
    EXPECT_EQ(completed("--html"), "--html\n");
    EXPECT_EQ(completed("sh"), "show\n");
    EXPECT_EQ(completed("bug"), "bug-report\n");
}

TEST_F(ReportProgram, TellsALogThatMustNotBeReadFromNone) {
    file("finwait.log", all_log(closes()));
    const char* const places[] = {dir.c_str(), "/nonexistent"};
    EXPECT_THAT(report::logs_in(places).files, testing::ElementsAre(path("finwait.log")));
    EXPECT_THAT(report::logs_in(places).errors, IsEmpty());

    const uid_t self = ::geteuid();
    std::filesystem::permissions(dir, std::filesystem::perms::none);
    static_cast<void>(::seteuid(kNobody));  // nothing is kept from root
    const report::FoundLogs usual = report::logs_in(places);
    const report::FoundLogs named = report::find_logs({path("finwait.log"), path("fin*")});
    EXPECT_EQ(0, ::seteuid(self));
    std::filesystem::permissions(dir, std::filesystem::perms::owner_all);
    EXPECT_THAT(usual.files, IsEmpty());
    EXPECT_THAT(usual.errors, testing::ElementsAre(HasSubstr("Permission denied")));
    EXPECT_THAT(named.errors, testing::SizeIs(2));
    EXPECT_THAT(named.errors, testing::Each(HasSubstr("Permission denied")));
}

TEST_F(ReportProgram, SaysWhatToConfigureWithoutALog) {
    if (!report::logs_in(report::kUsualDirectories).files.empty())
        GTEST_SKIP() << "this machine has a finwait.log";
    const Answer answer = ask("");
    EXPECT_EQ(answer.exit_code, 2);
    EXPECT_THAT(answer.err, HasSubstr("FinWaitLog"));
}

}  // namespace
}  // namespace finwait::test
