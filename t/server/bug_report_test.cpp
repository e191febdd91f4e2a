// SPDX-License-Identifier: Apache-2.0
//
// The three commands of a bug report show the bug, and show none where there is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "server/config.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kPrintsWhenItStays[] =
    "import requests, sys, time; s = requests.Session(); s.get(sys.argv[1]).text; "
    "print(\"stays\", flush=True); time.sleep(600)";
// As a client that heeds what the server does: it closes when its connection becomes readable.
constexpr char kHeedsTheEnd[] =
    "import select, socket, sys, time; s = socket.create_connection((\"127.0.0.1\", "
    "int(sys.argv[1]))); "
    "s.sendall(b\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\")\n"
    "while s.recv(65536): pass\n"
    "s.close(); print(\"stays\", flush=True); time.sleep(600)";

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
    return std::regex_replace(text, std::regex(from), to);
}

// A log in which python-requests leaves sockets stuck, after causes of one kind.
std::string a_log(Cause cause) {
    std::string log;
    Record record;
    record.user_agent = "python-requests/2.28.1";
    record.state = TcpState::fin_wait_2;
    record.cause = cause;
    record.drain = Drain::deadline;
    record.outcome = Outcome::timeout;
    record.fin_wait_2_time = std::chrono::milliseconds(2000);
    for (int i = 0; i < 60; ++i) append_record(log, record);
    const std::string file = Suite::dir() + "/bug-report.log";
    write_file(file, log);
    return file;
}

// Server, client, look.
std::vector<std::string> commands_of(Cause cause, const std::string& client) {
    const Finished said = run({Suite::build_dir() + "/finwait-report", "bug-report",
                               "python-requests", "--command", client, a_log(cause)});
    EXPECT_EQ(said.exit_code, 0) << said.output;
    std::istringstream text(said.output.substr(said.output.find("## How to reproduce it")));
    std::vector<std::string> commands;
    for (std::string line; std::getline(text, line);)
        if (line.starts_with("    ")) commands.push_back(line.substr(4));
    EXPECT_EQ(commands.size(), 3U);
    commands.resize(3);
    return commands;
}

class Reproduced {
  public:
    Reproduced(Cause cause, const std::string& client)
        : commands_(commands_of(cause, client)), port_(std::to_string(free_ports().plain)) {
        for (std::string& command : commands_) command = "exec " + replaced(command, "8080", port_);
        server_ = Process({"sh", "-c", commands_[0]});
        EXPECT_EVENTUALLY(run({"curl", "-s", "http://127.0.0.1:" + port_ + "/"}).exit_code, 0);
        client_ = Process({"sh", "-c", commands_[1]});
        EXPECT_EVENTUALLY(client_.output(), HasSubstr("stays"));
    }
    std::string look() { return run({"sh", "-c", commands_[2]}).output; }
    // Sockets of the port that are not at their end.
    std::string open() {
        return run({"ss", "-Htn", "state", "established", "( dport = :" + port_ + " )"}).output;
    }

  private:
    std::vector<std::string> commands_;
    std::string port_;
    Process server_, client_;
};

TEST(BugReport, HasCommandsThatShowTheBug) {
    Reproduced bug(Cause::keepalive_timeout,
                   std::string("python3 -c '") + kPrintsWhenItStays + "' http://127.0.0.1:8080/");
    EXPECT_EVENTUALLY(bug.look(), HasSubstr("127.0.0.1:"));
}

TEST(BugReport, HasCommandsThatShowNothingOfAClientThatCloses) {
    Reproduced no_bug(Cause::keepalive_timeout,
                      std::string("python3 -c '") + kHeedsTheEnd + "' 8080");
    EXPECT_THAT(no_bug.open(), IsEmpty());
    EXPECT_THAT(no_bug.look(), Not(HasSubstr("127.0.0.1:")));
}

TEST(BugReport, HasAServerThatClosesAfterEachReplyWhereThatWasTheCause) {
    Reproduced closes(Cause::client_asked, std::string("python3 -c '") + kHeedsTheEnd + "' 8080");
    EXPECT_THAT(closes.look(), Not(HasSubstr("127.0.0.1:")));
}

}  // namespace
}  // namespace finwait::test
