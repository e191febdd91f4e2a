// SPDX-License-Identifier: Apache-2.0
//
// finwait-report --live URL --watch in a terminal, and where there is none.
#include <gmock/gmock.h>
#include <re2/re2.h>

#include <algorithm>
#include <sstream>

#include "module/status/render.hpp"
#include "unit/module/status/status_view.hpp"
#include "unit/report/report_program.hpp"
#include "unit/report/status_server.hpp"
#include "unit/report/terminal.hpp"

namespace finwait::test {
namespace {

using testing::EndsWith;
using testing::Ge;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kEnter[] = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr char kLeave[] = "\x1b[?7h\x1b[?25h\x1b[?1049l";

std::string page_of(std::uint64_t sockets) {
    StatusView view = a_view();
    view.draining.fin_wait_2 = sockets;
    view.waiting = view.foreign.unattributed = {};
    return render_json(view);
}

std::vector<std::string> watch(const std::string& url, const std::string& seconds) {
    return {report_executable(), "--live", url, "--watch", seconds};
}

auto lines_of(const std::string& screen) {
    return std::count(screen.begin(), screen.end(), '\n') + 1;
}

// The widest line, of what is no escape sequence and all of one byte.
std::size_t width_of(const std::string& screen) {
    std::string plain = screen;
    RE2::GlobalReplace(&plain, "\x1b\\[[0-9;?]*[A-Za-z]", "");
    std::size_t width = 0;
    std::istringstream lines(plain);
    for (std::string line; std::getline(lines, line);) {
        RE2::GlobalReplace(&line, "[^ -~]", "");
        width = std::max(width, line.size());
    }
    return width;
}

TEST(ReportWatch, DrawsTheSameScreenAnewAndLeavesTheTerminalAsItWas) {
    StatusServer server(page_of(17));
    Terminal terminal(watch(server.url(), "0.1"), 100, 30);
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("17 sockets are in FIN_WAIT_2 now"));
    EXPECT_THAT(terminal.output(), StartsWith(kEnter));
    EXPECT_FALSE(terminal.echoes());
    server.set_page(page_of(23));
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("23 sockets are in FIN_WAIT_2 now"));
    terminal.type("xq");
    EXPECT_EVENTUALLY(terminal.exit_code(), 0);
    EXPECT_THAT(terminal.output(), EndsWith(kLeave));
    EXPECT_TRUE(terminal.echoes());
}

TEST(ReportWatch, FitsTheTerminalAlsoAfterItWasResized) {
    StatusServer server(page_of(17));
    Terminal terminal(watch(server.url(), "3600"), 120, 24);
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("\x1b[J"));
    const auto wide = width_of(terminal.last_screen());
    EXPECT_LE(lines_of(terminal.last_screen()), 24);
    terminal.resize(70, 6);
    EXPECT_EVENTUALLY(width_of(terminal.last_screen()), testing::AllOf(testing::Lt(wide), Ge(1U)));
    EXPECT_LE(lines_of(terminal.last_screen()), 6);
    EXPECT_EQ(server.asked(), 1) << "another size is no reason to ask again";
    terminal.resize(100, 30);
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("17 sockets"));
    server.set_page(page_of(18));
    terminal.type(" ");
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("18 sockets"));
    EXPECT_EQ(server.asked(), 2);
    terminal.type("\x03");  // Ctrl-C
    EXPECT_EVENTUALLY(terminal.exit_code(), 0);
    EXPECT_THAT(terminal.output(), EndsWith(kLeave));
}

// Behind a line as wide as the terminal the cursor stands on its last character.
TEST(ReportWatch, ErasesNothingBehindALine) {
    StatusServer server(page_of(17));
    Terminal terminal(watch(server.url(), "3600"), 80, 24);
    EXPECT_EVENTUALLY(terminal.last_screen(), EndsWith("\n\x1b[J"));
    EXPECT_THAT(terminal.last_screen(), Not(testing::ContainsRegex("[^\nH]\x1b\\[[KJ]")));
    terminal.type("q");
    EXPECT_EVENTUALLY(terminal.exit_code(), 0);
}

TEST(ReportWatch, LeavesTheTerminalWhileItIsStopped) {
    StatusServer server(page_of(17));
    Terminal terminal(watch(server.url(), "3600"), 100, 30);
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("17 sockets"));
    ASSERT_EQ(::kill(terminal.pid(), SIGTSTP), 0);
    EXPECT_EVENTUALLY(terminal.is_stopped(), true);
    EXPECT_THAT(terminal.output(), EndsWith(kLeave));
    EXPECT_TRUE(terminal.echoes());
    ASSERT_EQ(::kill(terminal.pid(), SIGCONT), 0);
    EXPECT_EVENTUALLY(terminal.output(), HasSubstr(std::string(kLeave) + kEnter));
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("17 sockets"));
    ASSERT_EQ(::kill(terminal.pid(), SIGTERM), 0);
    EXPECT_EVENTUALLY(terminal.exit_code(), 0);
}

TEST(ReportWatch, CanBeLeftWhileNoServerAnswers) {
    StatusServer silent("");
    Terminal terminal(watch(silent.url(), "1"), 100, 30);
    EXPECT_EVENTUALLY(silent.asked(), 1);
    terminal.type("q");
    EXPECT_EVENTUALLY(terminal.exit_code(), 0);
    EXPECT_THAT(terminal.output(), EndsWith(kLeave));
    EXPECT_TRUE(terminal.echoes());
}

TEST(ReportWatch, SaysOnTheScreenWhatCannotBeReadAndGoesOn) {
    StatusServer server("hello");
    Terminal terminal(watch(server.url(), "0.1"), 100, 30);
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("that is not the status page"));
    server.set_page(page_of(17));
    EXPECT_EVENTUALLY(terminal.last_screen(), HasSubstr("17 sockets"));
    terminal.type("q");
    EXPECT_EVENTUALLY(terminal.exit_code(), 0);
}

TEST(ReportWatch, WritesPlainLinesWhereThereIsNoTerminal) {
    StatusServer server(page_of(17));
    Process report(watch(server.url(), "0.1"));
    EXPECT_EVENTUALLY(server.asked(), Ge(3));
    EXPECT_EVENTUALLY(report.output(), testing::ContainsRegex("17 sockets(.|\n)*17 sockets"));
    report.send_signal(SIGTERM);
    EXPECT_EQ(report.wait(kPatience), 0);
    EXPECT_THAT(report.output(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace finwait::test
