// SPDX-License-Identifier: Apache-2.0
//
// A proxy is shown as what it is; and nobody is taken for one who only calls himself so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "module/status/render.hpp"
#include "module/status/verdict.hpp"
#include "unit/module/status/status_view.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;

TEST(StatusOfProxies, ShowsThemAsTheyAreInEveryForm) {
    StatusView view = a_view();
    view.accounts = {account("", 3, 100), account("proxy 10.0.0.7", 2, 60)};
    view.accounts[0].proxy = view.oldest[0].proxy = "10.0.0.7";
    view.oldest[0].user_agent.clear();
    view.culprit = {shown_client("", "10.0.0.7"), 412};
    view.of_proxies = {1, 5, 0};
    const std::string page = render_page(view);
    EXPECT_THAT(page, HasSubstr("<bdi>proxy 10.0.0.7</bdi></b> holds 412"));
    EXPECT_THAT(page, HasSubstr("<bdi>proxy 10.0.0.7</bdi></b> <small>www"));
    EXPECT_THAT(page, HasSubstr("<bdi>&quot;proxy 10.0.0.7&quot;</bdi></b> <small>www"));
    EXPECT_THAT(page, HasSubstr("<bdi>proxy 10.0.0.7</bdi> <small>www"));
    const std::string text = render_json(view);
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.parse(text);
    EXPECT_EQ(std::int64_t(json["sockets"]["of_proxies"]["fin_wait_2"]), 5);
    EXPECT_EQ(std::string_view(json["accounts"].at(0)["proxy"]), "10.0.0.7");
    EXPECT_TRUE(json["accounts"].at(1)["proxy"].is_null());
    EXPECT_EQ(std::string_view(json["accounts"].at(1)["user_agent"]), "proxy 10.0.0.7");
    EXPECT_EQ(std::string_view(json["oldest"].at(0)["proxy"]), "10.0.0.7");
    EXPECT_EQ(std::string_view(json["oldest"].at(0)["user_agent"]), "");
    const std::string metrics = render_metrics(view);
    EXPECT_THAT(metrics, HasSubstr("finwait_proxy_sockets{state=\"fin_wait_2\"} 5\n"));
    EXPECT_THAT(metrics, testing::Not(HasSubstr("10.0.0.7")));
}

}  // namespace
}  // namespace finwait::test
