// SPDX-License-Identifier: Apache-2.0
//
// finwait-report --live: one figure over several servers.
#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "module/status/render.hpp"
#include "unit/module/status/status_view.hpp"
#include "unit/report/report_program.hpp"
#include "unit/report/status_server.hpp"

namespace finwait::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct ReportLive : ReportProgram {};

std::uint64_t closes_in(const std::string& answer) {
    return json::parse(answer)["all"]["stuck"]["closes"];
}

std::string calm_page() {
    StatusView view = a_view();
    view.draining = view.waiting = view.foreign.unattributed = {};
    return render_json(view);
}

TEST_F(ReportLive, AddsUpWhatSeveralServersSay) {
    StatusServer one(render_json(a_view())), two(calm_page());
    const Answer alone = ask("--json --live " + one.url());
    const Answer both = ask("--json --live " + one.url() + " " + two.url());
    EXPECT_EQ(both.exit_code, 0) << both.err;
    EXPECT_GT(closes_in(alone.out), 0U);
    EXPECT_EQ(closes_in(both.out), 2 * closes_in(alone.out));
    EXPECT_EQ(json::parse(both.out)["sources"], json::array({one.url(), two.url()}));
    const Answer screen = ask("--live " + two.url() + " --live " + one.url() + "?json");
    EXPECT_THAT(screen.out, HasSubstr("430 sockets are in FIN_WAIT_2 now on 2 servers, 430 of"));
    EXPECT_THAT(ask("--live " + one.url()).out, HasSubstr("430 sockets are in FIN_WAIT_2 now; "));
}

TEST_F(ReportLive, TellsOfTheOthersWhereOneCannotBeReadAndHidesThePassword) {
    StatusServer one(render_json(a_view())), no_page("hello");
    const std::string wrong = "http://user:secret@" + no_page.host() + "/finwait-status";
    const Answer answer = ask("--json --live " + wrong + " " + one.url());
    EXPECT_EQ(answer.exit_code, 3);
    EXPECT_GT(closes_in(answer.out), 0U);
    EXPECT_THAT(answer.err,
                HasSubstr("cannot read 'http://" + no_page.host() + "/finwait-status'"));
    EXPECT_THAT(answer.out + answer.err, Not(HasSubstr("secret")));
}

// In turns they would take as long as their timeouts together.
TEST_F(ReportLive, AsksAllAtTheSameTime) {
    StatusServer one(render_json(a_view()));
    std::vector<std::unique_ptr<StatusServer>> silent;
    std::vector<std::string> argv{report_executable(), "--live"};
    for (int i = 0; i < 4; ++i)
        argv.push_back(silent.emplace_back(std::make_unique<StatusServer>(""))->url());
    argv.push_back(one.url());
    Process report(argv);
    for (const auto& server : silent) EXPECT_EVENTUALLY(server->asked(), 1);
    EXPECT_EVENTUALLY(one.asked(), 1);
}

}  // namespace
}  // namespace finwait::test
