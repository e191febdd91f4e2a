// SPDX-License-Identifier: Apache-2.0
//
// Where Records go: conditions, several logs, rotation under load, and a reader that is slow.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <optional>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::Ge;
using testing::Gt;
using testing::Ne;
using testing::Not;
using testing::Optional;

constexpr const char* kClose = "Connection: close\r\n";

void one_request(Httpd& httpd, const std::string& path, const std::string& user_agent) {
    Client client = httpd.client(Transport::plain, {.user_agent = user_agent});
    EXPECT_NE(client.get(path, kClose).status, 0);
    EXPECT_EQ(client.wait_end(), End::fin);
}

std::size_t lines_in(const std::string& dir, const std::string& prefix) {
    std::size_t lines = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
        if (!entry.path().filename().string().starts_with(prefix)) continue;
        for (const char c : read_file(entry.path()))
            if (c == '\n') ++lines;
    }
    return lines;
}

// Once every close is accounted for.
std::optional<std::int64_t> closes_without_line(const Httpd& httpd, const std::string& prefix) {
    const Counters counters = httpd.counters().snapshot();
    if (!counters.settled()) return {};
    return static_cast<std::int64_t>(counters.closes() - lines_in(httpd.dir(), prefix));
}

TEST(Log, ConditionsHideClosesWhichAreThenCountedAsUnlogged) {
    Httpd httpd(Mpm::event, R"(
        SetEnvIf User-Agent quiet quiet
        FinWaitLog ${dir}/loud.log env=!quiet
        FinWaitLog ${dir}/quiet.log all env=quiet
        <VirtualHost *:${plain}>
            ServerName hidden.test
            FinWaitLog ${dir}/hidden.log env=!quiet
        </VirtualHost>
        <VirtualHost *:${plain}>
            ServerName both.test
            FinWaitLog ${dir}/loud.log env=!quiet
            FinWaitLog ${dir}/quiet.log env=quiet
        </VirtualHost>
    )",
                {.with_log = false});
    for (const char* host : {"hidden.test", "both.test"})
        for (const char* agent : {"a quiet one", "a loud one"}) {
            Client client = httpd.client(Transport::plain, {.user_agent = agent, .host = host});
            EXPECT_TRUE(client.get("/small", kClose).complete);
        }
    ASSERT_TRUE(httpd.wait_settled(4));
    EXPECT_EQ(read(httpd.counters().closer().records), 3U);
    EXPECT_EQ(read(httpd.counters().closer().unlogged), 1U);
    const auto clients_in = [&](const char* log) {
        std::vector<std::string> user_agents;
        for (const Record& record : httpd.records(log)) user_agents.emplace_back(record.user_agent);
        return user_agents;
    };
    EXPECT_EVENTUALLY(clients_in("hidden.log"), ElementsAre("a loud one"));
    EXPECT_EVENTUALLY(clients_in("loud.log"), ElementsAre("a loud one"));
    EXPECT_EVENTUALLY(clients_in("quiet.log"), ElementsAre("a quiet one"));
}

TEST(Log, FourOfOneVirtualHostGetTheSameLine) {
    Httpd httpd(Mpm::event, R"(
        FinWaitLog ${dir}/two.log
        FinWaitLog ${dir}/three.log
        FinWaitLog "|$cat >${dir}/four.log"
    )");
    one_request(httpd, "/small", "t/four");
    ASSERT_TRUE(httpd.wait_settled(1));
    const auto line = httpd.records().at(0);
    for (const char* log : {"two.log", "three.log", "four.log"})
        EXPECT_EVENTUALLY(httpd.records(log), ElementsAre(line)) << log;
    EXPECT_EQ(read(httpd.counters().closer().records), 1U);  // once per close
}

// Neither at a stop nor when the closer is killed is a close lost that its first log has.
TEST(Log, OneThatTakesNothingDoesNotMakeTheFirstOnesLinesUncounted) {
    for (const int signal : {SIGTERM, SIGKILL}) {
        Httpd httpd(Mpm::event, "FinWaitLog ${dir}/file.log\nFinWaitLog /dev/full",
                    {.with_log = false});
        for (const char* said :
             {"/dev/full: No space left", "lines of log /dev/full", "the closer died"})
            httpd.expect_error(said);
        for (int i = 0; i < 5; ++i) one_request(httpd, "/small", "two logs");
        ASSERT_TRUE(httpd.wait_settled(5));
        ASSERT_EVENTUALLY(httpd.records("file.log").size(), 5U);
        const pid_t closer = httpd.closer_pid();
        ::kill(closer, signal);
        ASSERT_EVENTUALLY(httpd.closer_pids(), ElementsAre(Ne(closer)));
        ASSERT_EVENTUALLY(read(httpd.counters().closer().running[0]), 1U);
        one_request(httpd, "/small", "to the next closer");
        ASSERT_TRUE(httpd.wait_settled(6));
        EXPECT_EQ(read(httpd.counters().closer().records), 6U) << httpd.counters();
        EXPECT_EQ(read(httpd.counters().closer().lost), 0U) << httpd.counters();
    }
}

// The first log accounts for a close; what another one has of it is there all the same.
TEST(Log, AFirstOneThatTakesNothingLeavesItsClosesDroppedAndTheOthersWhole) {
    Httpd httpd(Mpm::event, "FinWaitLog /dev/full\nFinWaitLog ${dir}/file.log",
                {.with_log = false});
    httpd.expect_error("/dev/full: No space left");
    httpd.expect_error("lines of log /dev/full");
    for (int i = 0; i < 5; ++i) one_request(httpd, "/small", "two logs");
    ASSERT_EVENTUALLY(httpd.counters().unwritten(), 5U);
    ASSERT_EVENTUALLY(httpd.records("file.log").size(), 5U);
    httpd.stop();
    // httpd waits a second for its closer, and no longer.
    EXPECT_EVENTUALLY(read(httpd.counters().closer().dropped), 5U) << httpd.counters();
    EXPECT_EQ(httpd.records("file.log").size(), 5U);
}

TEST(Log, NoneConfiguredCountsAsUnlogged) {
    Httpd httpd(Mpm::event, "", {.with_log = false});
    one_request(httpd, "/small", "t/none");
    ASSERT_TRUE(httpd.wait_settled(1));
    EXPECT_EQ(read(httpd.counters().closer().unlogged), 1U);
}

TEST(Log, LogrotateWithCreateAndReloadLosesNoLine) {
    Httpd httpd(Mpm::event);
    Load load(httpd.port(), 3);
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(load.wait_for(100));
        std::filesystem::rename(httpd.dir() + "/finwait.log",
                                httpd.dir() + "/finwait.log." + std::to_string(i));
        write_file(httpd.dir() + "/finwait.log", "");
        httpd.graceful();
    }
    ASSERT_TRUE(load.wait_for(100));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    EXPECT_EVENTUALLY(closes_without_line(httpd, "finwait.log"), Optional(0));
    EXPECT_GT(httpd.records().size(), 0U) << "the last generation writes to the new file";
}

// Fewer than a log's buffer holds (1 MB), for a program that gets no processor meanwhile.
constexpr std::ptrdiff_t kLinesBuffered = 1200;

TEST(Log, RotatelogsThroughSixGracefulsUnderLoadLosesNoLine) {
    Httpd httpd(Mpm::event, "FinWaitLog \"|/usr/bin/rotatelogs ${dir}/piped.%s 1\"\n",
                {.with_log = false});
    Load load(httpd.port(), 3, Load::Allowed{});
    for (int i = 0; i < 6; ++i) {
        const std::uint64_t before = load.requests();
        load.allow(kLinesBuffered / 6);
        ASSERT_EVENTUALLY(load.requests(), Ge(before + 150));
        httpd.graceful();
    }
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    EXPECT_EVENTUALLY(closes_without_line(httpd, "piped."), Optional(0));
}

TEST(Log, ChangedProgramAtAGracefulLosesNoLine) {
    Httpd httpd(Mpm::event, "IncludeOptional ${dir}/log.con[f]\n", {.with_log = false});
    const auto use = [&](const std::string& file) {
        write_file(httpd.dir() + "/log.conf", "FinWaitLog \"|$exec cat >>${dir}/" + file + "\"\n");
        httpd.graceful();
    };
    use("piped.0");
    const std::uint64_t before = httpd.counters().closes();
    EXPECT_EQ(before, 0U);
    Load load(httpd.port(), 3, Load::Allowed{});
    for (const char* file : {"piped.1", "piped.0", "piped.2"}) {
        const std::uint64_t made = load.requests();
        load.allow(kLinesBuffered / 3);
        ASSERT_EVENTUALLY(load.requests(), Ge(made + 200));
        use(file);
    }
    load.stop();
    EXPECT_EVENTUALLY(closes_without_line(httpd, "piped."), Optional(0));
}

TEST(Log, ProgramThatDiesIsStartedAgainAndGetsTheLines) {
    Httpd httpd(Mpm::event,
                "FinWaitLog \"|$echo $$ >${dir}/cat.pid; exec cat >>${dir}/piped.log\"\n",
                {.with_log = false});
    one_request(httpd, "/small", "t/before");
    ASSERT_EVENTUALLY(httpd.records("piped.log").size(), 1U);
    const std::string first = read_file(httpd.dir() + "/cat.pid");
    httpd.expect_error("ended: starting it again");
    kill(std::stoi(first), SIGKILL);
    // Until it is dead it may read a line that it does not live to write.
    ASSERT_EVENTUALLY(read_file("/proc/" + std::to_string(std::stoi(first)) + "/cmdline"), "");
    one_request(httpd, "/small", "t/meanwhile");
    ASSERT_EVENTUALLY(read_file(httpd.dir() + "/cat.pid"), Not(AnyOf("", first)));
    one_request(httpd, "/small", "t/after");
    EXPECT_EVENTUALLY(httpd.records("piped.log").size(), 3U);
}

TEST(Log, ReaderThatNeverReadsCostsLinesAndNeverTime) {
    // The program holds its pipe open and does not read it.
    Httpd httpd(Mpm::event, R"(
        FinWaitLog "|$echo $$ >${dir}/reader.pid; exec sleep 600"
        FinWaitDrainIdleTimeout 60s
        BrowserMatch ^late finwait-idle=300ms
        LimitRequestFieldSize 16000
    )",
                {.with_log = false});
    const std::string agent(3000, '\x80');  // not UTF-8: lines of over 2 KB
    const auto& closer = httpd.counters().closer();
    const auto dropped_after_another = [&] {
        one_request(httpd, "/small", agent);
        return read(closer.dropped);
    };
    EXPECT_EVENTUALLY(dropped_after_another(), Gt(0U)) << httpd.counters();
    Client late = httpd.client(Transport::plain, {.user_agent = "late"});
    EXPECT_TRUE(late.get("/small", kClose).complete);
    // Its drain still ends in time, though the log is stuck.
    EXPECT_EVENTUALLY(read(closer.drains[static_cast<std::size_t>(Drain::idle_timeout)]), 1U);
    EXPECT_EVENTUALLY(httpd.counters().held(), 0U);
    // The parent would start another one.
    httpd.expect_error("could not be written before the end");
    httpd.stop();
    kill(std::stoi(read_file(httpd.dir() + "/reader.pid")), SIGKILL);
    // httpd waits a second for its closer, and no longer.
    EXPECT_EVENTUALLY(httpd.counters().unwritten(), 0U);
    EXPECT_EVENTUALLY(httpd.counters().settled(), true) << httpd.counters().text();
}

// Two restarts later no configuration names the log any more, but what is held still does.
TEST(Log, TakenOutOfTheConfigurationStaysForTheSocketsHeld) {
    Httpd httpd(Mpm::event, R"(
        FinWaitDrainIdleTimeout 60s
        FinWaitDrainTimeout 60s
        <IfFile !${dir}/changed>
            FinWaitLog ${dir}/before.log
        </IfFile>
        <IfFile ${dir}/changed>
            FinWaitLog ${dir}/after.log
        </IfFile>
    )",
                {.with_log = false});
    auto crowd = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_EVENTUALLY(httpd.counters().held(), 10U);
    write_file(httpd.dir() + "/changed", "");
    for (int i = 0; i < 3; ++i) httpd.graceful();
    EXPECT_EQ(httpd.counters().held(), 10U);
    for (Client& client : crowd) client.close();
    EXPECT_EVENTUALLY(httpd.records("before.log").size(), 10U);
}

}  // namespace
}  // namespace finwait::test
