// SPDX-License-Identifier: Apache-2.0
//
// What must hold at the end of every test with an httpd.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "server/httpd.hpp"

namespace finwait::test {
namespace {

// Debian's server reports these however well it runs.
constexpr std::string_view kStockNoise[] = {
    "AH10034",                                   // mod_http2 is inactive on prefork
    "AH01630",                                   // a test asked for what is denied
    "AH02031",                                   // a test sent HTTP/1.0 without Host over TLS
    "server reached MaxRequestWorkers setting",  // pools are small here on purpose
};

// A later connection may have the same two ends, and a Report knows no cookie: but the kernel does
// not give a port again before it has given thousands of others, and one close has one time.
bool tells_of(const Record& asked, const Record& other) {
    if (other.peer != asked.peer) return false;
    if (asked.socket_cookie != 0 && other.socket_cookie != 0)
        return other.socket_cookie == asked.socket_cookie;
    return std::chrono::abs(other.half_close - asked.half_close) < 100ms;
}

// Not while another program still writes there: Chromium's helpers outlive it.
bool is_removed(const std::string& folder) {
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    return !error;
}

}  // namespace

void Httpd::check_at_end() {
    for (const pid_t pid : seen_) {
        const bool ended = wait_until(kPatience, [&] {
            waitpid(pid, nullptr, WNOHANG);  // an orphan of the server is now our child
            return !is_running(pid);
        });
        if (ended) continue;
        ADD_FAILURE() << "left running: " << pid << " " << command_name(pid);
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    if (counters_) {
        EXPECT_EQ(read(counters_->closer().causes[static_cast<std::size_t>(Cause::other)]), 0U);
    }
    if (counters_ && check_accounting_) check_accounting();

    static const std::regex bad(
        R"(\[[a-z0-9_]*:(error|crit|alert|emerg)\]|exit signal|[Ss]egfault|Assertion)");
    std::istringstream lines(error_log());
    for (std::string line; std::getline(lines, line);) {
        if (!std::regex_search(line, bad)) continue;
        const auto named = [&](const auto& text) { return line.find(text) != std::string::npos; };
        if (std::ranges::any_of(kStockNoise, named) || std::ranges::any_of(expected_errors_, named))
            continue;
        ADD_FAILURE() << "unexpected in the error log: " << line;
    }
    // What is thrown becomes a failure later.
    if (testing::Test::HasFailure() || std::uncaught_exceptions() > 0)
        std::fprintf(stderr, "%s\nlog of %s:\n%s\n", counters_ ? counters_->text().c_str() : "",
                     dir_.c_str(), error_log().c_str());
    else
        EXPECT_TRUE(wait_until(kPatience, [&] { return is_removed(dir_); })) << dir_;
}

void Httpd::check_accounting() {
    EXPECT_TRUE(counters_->settled()) << counters_->text();
    if (!options_.with_log) return;
    const auto all = records();
    for (const auto& asked : asked_records_)
        EXPECT_EQ(std::ranges::count_if(all, [&](const Record& r) { return tells_of(asked, r); }),
                  1)
            << "Records of one connection";
    std::set<std::uint64_t> cookies;
    for (const auto& record : all) {
        if (record.socket_cookie == 0) continue;
        EXPECT_TRUE(cookies.insert(record.socket_cookie).second) << "two Records of one socket";
    }
}

}  // namespace finwait::test
