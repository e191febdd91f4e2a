// SPDX-License-Identifier: Apache-2.0
//
// conf/finwait-clients.conf, included as it is: each affected client of conf/clients.csv gets its
// remedy, and no other client anything. Run from the top of the tree, as t/check does.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "server/each.hpp"

namespace finwait::test {
namespace {

using Row = std::map<std::string, std::string>;

// Fields in quotes may have commas; there are no quotes within quotes.
std::vector<std::string> fields(const std::string& line) {
    std::vector<std::string> all(1);
    bool is_quoted = false;
    for (const char letter : line) {
        if (letter == '"')
            is_quoted = !is_quoted;
        else if (letter == ',' && !is_quoted)
            all.emplace_back();
        else
            all.back() += letter;
    }
    return all;
}

// One for each User-Agent: of several protocols and clients, the first that has a remedy.
std::vector<Row> clients() {
    std::istringstream lines(read_file("conf/clients.csv"));
    std::string line;
    std::getline(lines, line);
    const auto columns = fields(line);
    std::vector<Row> rows;
    std::map<std::string, std::size_t> seen;
    while (std::getline(lines, line)) {
        const auto values = fields(line);
        EXPECT_EQ(values.size(), columns.size()) << line;
        Row row;
        for (std::size_t i = 0; i < values.size(); ++i) row[columns[i]] = values[i];
        if (row["user_agent"].empty()) continue;
        const auto [first, is_new] = seen.emplace(row["user_agent"], rows.size());
        if (is_new)
            rows.push_back(row);
        else if (rows[first->second]["remedy"].empty())
            rows[first->second] = row;
    }
    return rows;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

bool is_asked_to_close(const Reply& reply) {
    return has(reply.headers, "Connection: close");
}

std::string with_known_clients(const std::string& directives) {
    return directives + "Include " +
           std::filesystem::absolute("conf/finwait-clients.conf").string() + "\n";
}

constexpr const char* kShortDrain =
    "KeepAliveTimeout 200ms\nFinWaitShortDrainTimeout 200ms\nFinWaitDrainIdleTimeout 200ms\n"
    "FinWaitTimeout 8s\n";

TEST(KnownClients, GetTheirRemedyAndOthersNone) {
    Httpd httpd(Mpm::event, with_known_clients(kShortDrain));
    const auto rows = clients();
    ASSERT_GE(rows.size(), 6U);
    std::vector<Client> open;
    for (const Row& row : rows) {
        open.push_back(httpd.client(Transport::plain, {.user_agent = row.at("user_agent")}));
        const Reply reply = open.back().get("/small");
        EXPECT_TRUE(reply.complete);
        EXPECT_EQ(is_asked_to_close(reply), row.at("remedy").starts_with("nokeepalive"))
            << row.at("client");
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Record record = httpd.record_of(open[i]);
        EXPECT_EQ(record.outcome, Outcome::timeout) << rows[i].at("client");
        if (has(rows[i].at("remedy"), "finwait-timeout=1s"))
            EXPECT_LT(record.fin_wait_2_ms(), 8000U) << rows[i].at("client");
        else
            EXPECT_GE(record.fin_wait_2_ms(), 8000U) << rows[i].at("client");
    }
}

// Netscape 3.01 on Windows 95 was not affected, where the same on FreeBSD was.
TEST(KnownClients, TheCleanOneOf1997KeepsItsKeepAliveAgainstABroaderLine) {
    Httpd httpd(Mpm::event, with_known_clients("KeepAliveTimeout 200ms\n"
                                               "BrowserMatch ^Mozilla/3 nokeepalive\n"));
    Client clean = httpd.client(Transport::plain, {.user_agent = "Mozilla/3.01 (Win95; I)"});
    EXPECT_FALSE(is_asked_to_close(clean.get("/small")));
    Client broader = httpd.client(Transport::plain, {.user_agent = "Mozilla/3.01 (WinNT; I)"});
    EXPECT_TRUE(is_asked_to_close(broader.get("/small")));
}

TEST(KnownClients, IdleSessionOfPythonRequestsLeavesNoFinWait2) {
    Httpd httpd(Mpm::event, with_known_clients("KeepAliveTimeout 200ms\n"));
    Process python({"/usr/bin/python3", "-c",
                    "import requests, sys, time\n"
                    "s = requests.Session()\n"
                    "for _ in range(3): assert s.get(sys.argv[1]).text == 'hello from httpd\\n'\n"
                    "print('idle', flush=True)\n"
                    "time.sleep(600)\n",
                    "http://127.0.0.1:" + std::to_string(httpd.port()) + "/small"});
    ASSERT_EVENTUALLY(python.output(), "idle\n");
    ASSERT_TRUE(httpd.wait_settled(3));
    const auto records = httpd.records();
    ASSERT_EQ(records.size(), 3U);
    for (const Record& record : records) {
        EXPECT_EQ(record.requests, 1U);
        EXPECT_TRUE(record.outcome == Outcome::fin || record.outcome == Outcome::client_first)
            << record.outcome;
        EXPECT_FALSE(record.is_stuck());
    }
}

}  // namespace
}  // namespace finwait::test
