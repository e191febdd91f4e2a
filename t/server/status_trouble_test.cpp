// SPDX-License-Identifier: Apache-2.0
//
// The status page while the closer hangs, is dead, or is a new one.
#include "server/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace finwait::test {
namespace {

using testing::HasSubstr;

// Each answer is there at once, whatever the closer does; how soon is the bench's to say.
template <typename Ask>
Reply at_once(Ask ask) {
    const auto begin = Clock::now();
    const Reply reply = ask();
    EXPECT_LT(Clock::now() - begin, 20s);
    EXPECT_EQ(reply.status, 200);
    return reply;
}

// As one process: httpd's parent would end it.
TEST_P(StatusPage, AnswersAtOnceAndSaysSoWhenTheCloserHangs) {
    Httpd httpd(mpm, kLocation, {.run = Run::debug});
    auto crowd = crowd_of(httpd, "t/never-closes", 3);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 3);
    // The figures stop where they are: the asker's own connection shall not be among them.
    ASSERT_EVENTUALLY(httpd.counters().held(), 3U);
    const pid_t closer = httpd.closer_pid();
    ASSERT_EQ(kill(closer, SIGSTOP), 0);
    const auto page = [&](const std::string& query) {
        return at_once([&] { return asked(httpd, query); });
    };
    const auto server_status = [&](const std::string& query) {
        return at_once([&] {
            Client client = httpd.client();
            return client.get("/server-status" + query, "Connection: close\r\n");
        });
    };
    EXPECT_EVENTUALLY(Json(page("?json").body).text("/verdict/level"), "bad");
    Json json(page("?json").body);
    EXPECT_THAT(json.text("/trouble"), HasSubstr("it hangs or was stopped"));
    EXPECT_GE(json.number("/now_ms") - json.number("/figures_of_ms"), 3000);
    EXPECT_EQ(json.number("/sockets/draining/fin_wait_2"), 3) << "the last figures";
    EXPECT_EQ(json.number(json.account("t/never-closes") + "/now/fin_wait_2"), 3);
    const std::string html = page("").body;
    EXPECT_THAT(html, HasSubstr("class=\"verdict bad\""));
    EXPECT_THAT(html, HasSubstr("it hangs or was stopped. The figures are of "));
    EXPECT_THAT(page("?metrics").body, HasSubstr("\nfinwait_up 0\n"));
    EXPECT_THAT(server_status("?auto").body, HasSubstr("\nFinWaitUp: 0\n"));
    EXPECT_THAT(server_status("").body, HasSubstr("it hangs or was stopped"));
    ASSERT_EQ(kill(closer, SIGCONT), 0);
    EXPECT_EVENTUALLY(page("?metrics").body, HasSubstr("\nfinwait_up 1\n"));
    for (Client& client : crowd) client.close();
}

TEST(StatusPageAlone, SaysThatNoCloserRuns) {
    Httpd httpd(Mpm::event, kLocation, {.run = Run::debug});
    httpd.expect_unsettled();
    EXPECT_EVENTUALLY(asked(httpd, "?metrics").body, HasSubstr("\nfinwait_up 1\n"));
    const pid_t closer = httpd.closer_pid();
    kill(closer, SIGKILL);
    ASSERT_EVENTUALLY(is_running(closer), false);
    const Reply page = at_once([&] { return asked(httpd); });
    EXPECT_THAT(page.body, HasSubstr("The closer (process " + std::to_string(closer) +
                                     ") has ended. The figures are of "));
    EXPECT_THAT(page.headers, HasSubstr("Content-Security-Policy:"));
    EXPECT_THAT(Json(asked(httpd, "?json").body).text("/trouble"), HasSubstr(") has ended"));
    EXPECT_THAT(asked(httpd, "?metrics").body, HasSubstr("\nfinwait_up 0\n"));
}

TEST(StatusPageAlone, GoesOnWithTheNextCloser) {
    Httpd httpd(Mpm::event, kLocation);
    httpd.expect_error("the closer died");
    crowd_of(httpd, "before", 3).clear();
    const auto finished = [&] {
        return Json(asked(httpd, "?json").body).number("/finished/closes");
    };
    ASSERT_EVENTUALLY(finished(), testing::Ge(3));
    const std::int64_t before = finished();
    const pid_t killed = httpd.closer_pid();
    kill(killed, SIGKILL);
    const auto goes_on = [&] {
        Json json(at_once([&] { return asked(httpd, "?json"); }).body);
        EXPECT_GE(json.number("/finished/closes"), before);
        return json.text("/verdict/level") != "bad" && json.number("/process/pid") != killed;
    };
    EXPECT_EVENTUALLY(goes_on(), true);
    EXPECT_NE(Json(asked(httpd, "?json").body).account("before"), "");
}

}  // namespace
}  // namespace finwait::test
