// SPDX-License-Identifier: Apache-2.0
//
// Which system calls the closer makes under load, with all it can do, beside its filter's list.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "server/can_confine.hpp"
#include "server/each.hpp"
#include "server/make_requests.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using Names = std::set<std::string>;

Names allowed_calls() {
    const std::string source = read_file("mod_finwait/closer/sandbox/call_filter.cpp");
    static const std::regex call(R"(SCMP_SYS\((\w+)\))");
    Names names;
    for (auto at = std::sregex_iterator(source.begin(), source.end(), call);
         at != std::sregex_iterator(); ++at)
        names.insert((*at)[1]);
    return names;
}

// "4711 epoll_wait(5, [], 256, 0) = 0"
Names traced_calls(const std::string& trace) {
    std::ifstream in(trace);
    static const std::regex line_begins(R"(^\d+ +(\w+)\()");
    Names names;
    std::smatch match;
    for (std::string line; std::getline(in, line);)
        if (std::regex_search(line, match, line_begins)) names.insert(match[1]);
    return names;
}

bool is_traced(pid_t pid) {
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
    return status.find("\nTracerPid:\t0\n") == std::string::npos;
}

// Few: a traced closer is slow, and what all of a user's processes have in flight together is
// bounded, also other servers'.
constexpr std::uint64_t kTogether = 25;

TEST(ConfinementUnderLoad, NeedsNoCallThatItsFilterDoesNotHave) {
    SKIP_IF(why_no_confinement());
    if (run({"strace", "-V"}).exit_code != 0) GTEST_SKIP() << "no strace";
    Httpd httpd(Mpm::event, kLocation + R"(
        FinWaitDrainIdleTimeout 300ms
        FinWaitLog ${dir}/finwait.log
        FinWaitLog ${dir}/stuck.log stuck
        FinWaitLog "|/bin/cat"
        FinWaitAuto On min=20 for=5s
    )",
                {.with_log = false});
    const pid_t closer = httpd.closer_pid();
    const std::string trace = httpd.dir() + "/trace";
    Process strace({"strace", "-f", "-qq", "-o", trace, "-p", std::to_string(closer)});
    if (!wait_until(kPatience, [&] { return is_traced(closer); }))
        GTEST_SKIP() << "a process cannot be traced here: " << strace.output();
    Load load(httpd.port(), 4, Load::Allowed{});
    {
        const auto crowd = crowd_that_never_closes(httpd.port(), 60);
        make_requests(httpd, load, 500, kTogether);
        EXPECT_EVENTUALLY(read(httpd.counters().closer().remedies[1]) +
                              read(httpd.counters().closer().remedies[2]),
                          testing::Gt(0U));
        httpd.graceful();
        make_requests(httpd, load, 500, kTogether);
    }
    load.stop();
    EXPECT_EQ(httpd.counters().declined(), 0U) << httpd.counters();
    EXPECT_EQ(answered(httpd, "?json").status, 200);
    EXPECT_TRUE(httpd.wait_settled());
    httpd.stop();
    EXPECT_TRUE(strace.wait(kPatience));
    const Names traced = traced_calls(trace), allowed = allowed_calls();
    EXPECT_TRUE(traced.contains("recvmmsg") && traced.contains("exit_group"))
        << testing::PrintToString(traced);
    for (const std::string& call : traced)
        EXPECT_TRUE(allowed.contains(call)) << call << " is not in the closer's filter";
}

}  // namespace
}  // namespace finwait::test
