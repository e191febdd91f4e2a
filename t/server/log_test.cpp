// SPDX-License-Identifier: Apache-2.0
//
// Where Records go: conditions, several logs, rotation under load, and a reader that is slow.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

constexpr const char* kClose = "Connection: close\r\n";

void one_request(Httpd& httpd, const std::string& path, const std::string& user_agent) {
    Client client = httpd.client(Transport::plain, {.user_agent = user_agent});
    EXPECT_NE(client.get(path, kClose).status, 0);
    EXPECT_EQ(client.wait_end(3s), End::fin);
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
    ASSERT_TRUE(httpd.wait_closes(4) && httpd.wait_settled());
    EXPECT_EQ(read(httpd.counters().closer().records), 3U);
    EXPECT_EQ(read(httpd.counters().closer().unlogged), 1U);
    ASSERT_TRUE(wait_until(3s, [&] {
        return httpd.records("hidden.log").size() == 1 && httpd.records("loud.log").size() == 1 &&
               httpd.records("quiet.log").size() == 1;
    }));
    EXPECT_EQ(httpd.records("hidden.log")[0].user_agent, "a loud one");
    EXPECT_EQ(httpd.records("loud.log")[0].user_agent, "a loud one");
    EXPECT_EQ(httpd.records("quiet.log")[0].user_agent, "a quiet one");
}

TEST(Log, FourOfOneVirtualHostGetTheSameLine) {
    Httpd httpd(Mpm::event, R"(
        FinWaitLog ${dir}/two.log
        FinWaitLog ${dir}/three.log
        FinWaitLog "|$cat >${dir}/four.log"
    )");
    one_request(httpd, "/small", "t/four");
    ASSERT_TRUE(wait_until(3s, [&] { return httpd.records("four.log").size() == 1; }));
    const auto line = httpd.records().at(0);
    for (const char* log : {"two.log", "three.log", "four.log"})
        EXPECT_EQ(httpd.records(log).at(0), line) << log;
    EXPECT_EQ(read(httpd.counters().closer().records), 1U);  // once per close
}

// Neither at a stop nor when the closer is killed is a close lost that one of its logs has.
TEST(Log, OneThatTakesNothingDoesNotMakeTheOthersLinesUncounted) {
    for (const int signal : {SIGTERM, SIGKILL}) {
        Httpd httpd(Mpm::event, "FinWaitLog /dev/full\nFinWaitLog ${dir}/file.log",
                    {.with_log = false});
        for (const char* said :
             {"/dev/full: No space left", "lines of log /dev/full", "the closer died"})
            httpd.expect_error(said);
        for (int i = 0; i < 5; ++i) one_request(httpd, "/small", "two logs");
        ASSERT_TRUE(httpd.wait_closes(5) && httpd.wait_settled());
        ASSERT_TRUE(wait_until(3s, [&] { return httpd.records("file.log").size() == 5; }));
        const pid_t closer = httpd.closer_pid();
        ::kill(closer, signal);
        ASSERT_TRUE(wait_until(5s, [&] {
            const pid_t next = httpd.closer_pid();
            return next > 0 && next != closer && read(httpd.counters().closer().running[0]) == 1;
        }));
        one_request(httpd, "/small", "to the next closer");
        ASSERT_TRUE(httpd.wait_closes(6) && httpd.wait_settled());
        EXPECT_EQ(read(httpd.counters().closer().records), 6U) << httpd.counters().text();
        EXPECT_EQ(read(httpd.counters().closer().lost), 0U) << httpd.counters().text();
    }
}

TEST(Log, NoneConfiguredCountsAsUnlogged) {
    Httpd httpd(Mpm::event, "", {.with_log = false});
    one_request(httpd, "/small", "t/none");
    ASSERT_TRUE(httpd.wait_closes(1) && httpd.wait_settled());
    EXPECT_EQ(read(httpd.counters().closer().unlogged), 1U);
}

TEST(Log, LogrotateWithCreateAndReloadLosesNoLine) {
    Httpd httpd(Mpm::event);
    Load load(httpd.port(), 3);
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(load.wait_for(100, 5s));
        std::filesystem::rename(httpd.dir() + "/finwait.log",
                                httpd.dir() + "/finwait.log." + std::to_string(i));
        write_file(httpd.dir() + "/finwait.log", "");
        httpd.graceful();
    }
    ASSERT_TRUE(load.wait_for(100, 5s));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    const auto& counters = httpd.counters();
    ASSERT_TRUE(wait_until(5s, [&] {
        return counters.settled() &&
               lines_in(httpd.dir(), "finwait.log") >= read(counters.module().closes);
    })) << counters.text();
    EXPECT_EQ(lines_in(httpd.dir(), "finwait.log"), read(counters.module().closes));
    EXPECT_GT(httpd.records().size(), 0U) << "the last generation writes to the new file";
}

TEST(Log, RotatelogsThroughSixGracefulsUnderLoadLosesNoLine) {
    Httpd httpd(Mpm::event, "FinWaitLog \"|/usr/bin/rotatelogs ${dir}/piped.%s 1\"\n",
                {.with_log = false});
    Load load(httpd.port(), 3);
    for (int i = 0; i < 6; ++i) {
        ASSERT_TRUE(load.wait_for(150, 5s));
        httpd.graceful();
    }
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    const auto& counters = httpd.counters();
    ASSERT_TRUE(wait_until(8s,
                           [&] {
                               return counters.settled() && lines_in(httpd.dir(), "piped.") >=
                                                                read(counters.module().closes);
                           }))
        << counters.text() << lines_in(httpd.dir(), "piped.") << " lines";
    EXPECT_EQ(lines_in(httpd.dir(), "piped."), read(counters.module().closes));
}

TEST(Log, ChangedProgramAtAGracefulLosesNoLine) {
    Httpd httpd(Mpm::event, "IncludeOptional ${dir}/log.con[f]\n", {.with_log = false});
    const auto use = [&](const std::string& file) {
        write_file(httpd.dir() + "/log.conf", "FinWaitLog \"|$exec cat >>${dir}/" + file + "\"\n");
        httpd.graceful();
    };
    use("piped.0");
    const std::uint64_t before = read(httpd.counters().module().closes);
    EXPECT_EQ(before, 0U);
    Load load(httpd.port(), 3);
    for (const char* file : {"piped.1", "piped.0", "piped.2"}) {
        ASSERT_TRUE(load.wait_for(200, 5s));
        use(file);
    }
    load.stop();
    const auto& counters = httpd.counters();
    ASSERT_TRUE(wait_until(8s,
                           [&] {
                               return counters.settled() && lines_in(httpd.dir(), "piped.") >=
                                                                read(counters.module().closes);
                           }))
        << counters.text() << lines_in(httpd.dir(), "piped.") << " lines";
    EXPECT_EQ(lines_in(httpd.dir(), "piped."), read(counters.module().closes));
}

TEST(Log, ProgramThatDiesIsStartedAgainAndGetsTheLines) {
    Httpd httpd(Mpm::event,
                "FinWaitLog \"|$echo $$ >${dir}/cat.pid; exec cat >>${dir}/piped.log\"\n",
                {.with_log = false});
    one_request(httpd, "/small", "t/before");
    ASSERT_TRUE(wait_until(3s, [&] { return httpd.records("piped.log").size() == 1; }));
    const std::string first = read_file(httpd.dir() + "/cat.pid");
    httpd.expect_error("ended: starting it again");
    kill(std::stoi(first), SIGKILL);
    one_request(httpd, "/small", "t/meanwhile");
    ASSERT_TRUE(wait_until(5s, [&] { return read_file(httpd.dir() + "/cat.pid") != first; }));
    one_request(httpd, "/small", "t/after");
    EXPECT_TRUE(wait_until(5s, [&] { return httpd.records("piped.log").size() == 3; }));
}

TEST(Log, ReaderThatNeverReadsCostsLinesAndNeverTime) {
    // The program holds its pipe open and does not read it.
    Httpd httpd(Mpm::event, R"(
        FinWaitLog "|$echo $$ >${dir}/reader.pid; exec sleep 60"
        FinWaitDrainIdleTimeout 300ms
        LimitRequestFieldSize 16000
    )",
                {.with_log = false});
    const std::string agent(3000, '\x80');  // not UTF-8: lines of over 2 KB
    const auto& closer = httpd.counters().closer();
    const auto start = Clock::now();
    while (read(closer.dropped) == 0 && Clock::now() - start < 8s)
        one_request(httpd, "/small", agent);
    EXPECT_GT(read(closer.dropped), 0U) << httpd.counters().text();
    Client late = httpd.client();
    EXPECT_TRUE(late.get("/small", kClose).complete);
    // Its drain still ends in time, though the log is stuck.
    EXPECT_TRUE(wait_until(3s, [&] {
        return read(closer.drains[static_cast<std::size_t>(Drain::idle_timeout)]) == 1;
    }));
    EXPECT_TRUE(wait_until(3s, [&] { return httpd.counters().held() == 0; }))
        << httpd.counters().text();
    // The parent would start another one.
    httpd.expect_error("could not be written before the end");
    httpd.stop();
    kill(std::stoi(read_file(httpd.dir() + "/reader.pid")), SIGKILL);
    EXPECT_EQ(httpd.counters().closer().unwritten[0], 0U);
    EXPECT_TRUE(httpd.counters().settled()) << httpd.counters().text();
}

// Two restarts later no configuration names the log any more, but what is held still does.
TEST(Log, TakenOutOfTheConfigurationStaysForTheSocketsHeld) {
    Httpd httpd(Mpm::event, R"(
        FinWaitDrainIdleTimeout 3s
        <IfFile !${dir}/changed>
            FinWaitLog ${dir}/before.log
        </IfFile>
        <IfFile ${dir}/changed>
            FinWaitLog ${dir}/after.log
        </IfFile>
    )",
                {.with_log = false});
    const auto crowd = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_TRUE(wait_until(2s, [&] { return httpd.counters().held() == 10; }));
    write_file(httpd.dir() + "/changed", "");
    for (int i = 0; i < 3; ++i) httpd.graceful();
    EXPECT_TRUE(wait_until(5s, [&] { return httpd.records("before.log").size() == 10; }))
        << httpd.counters().text();
}

}  // namespace
}  // namespace finwait::test
