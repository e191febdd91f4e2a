// SPDX-License-Identifier: Apache-2.0
//
// Programs that read the status page: promtool, Prometheus and Chromium.
#include "server/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "server/config.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kHostile[] =
    "</b><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">";

TEST(StatusMetrics, PassPromtool) {
    Httpd httpd(Mpm::event, kLocation);
    const Reply metrics = answered(httpd, "?metrics");
    EXPECT_THAT(metrics.headers,
                HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
    write_file(httpd.dir() + "/metrics", metrics.body);
    const Finished check =
        run({"sh", "-c", "promtool check metrics < " + httpd.dir() + "/metrics"});
    EXPECT_EQ(check.exit_code, 0) << check.output;
    EXPECT_EQ(check.output, "");
}

TEST(StatusMetrics, AreScrapedByPrometheus) {
    Httpd httpd(Mpm::event, kLocation);
    auto crowd = crowd_of(httpd, "t/never-closes", 3);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 3);
    const std::string folder = httpd.dir() + "/prometheus";
    std::filesystem::create_directories(folder);
    write_file(folder + "/prometheus.yml",
               "global:\n  scrape_interval: 1s\nscrape_configs:\n- job_name: httpd\n"
               "  metrics_path: /finwait-status\n  params: {metrics: ['']}\n"
               "  static_configs:\n  - targets: ['127.0.0.1:" +
                   std::to_string(httpd.port()) + "']\n");
    const std::string listen = "127.0.0.1:" + std::to_string(free_ports().plain);
    Process prometheus({"prometheus", "--config.file=" + folder + "/prometheus.yml",
                        "--storage.tsdb.path=" + folder + "/data",
                        "--web.listen-address=" + listen});
    const auto query = [&](const std::string& expression) {
        return run({"curl", "-sG", "http://" + listen + "/api/v1/query", "--data-urlencode",
                    "query=" + expression})
            .output;
    };
    EXPECT_EVENTUALLY(query("finwait_sockets{owner=\"draining\",state=\"fin_wait_2\"}"),
                      HasSubstr(",\"3\"]"))
        << query("up") << prometheus.output();
    EXPECT_EVENTUALLY(query("up"), HasSubstr(",\"1\"]"));
    prometheus.send_signal(SIGTERM);
    EXPECT_TRUE(prometheus.wait(kPatience));
    for (Client& client : crowd) client.close();
}

// What Chromium makes of the page, at the width of a desktop and of a phone. The script in the
// User-Agent would change the title.
class Browser {
  public:
    explicit Browser(const Httpd& httpd) : httpd_(httpd) {}

    std::string see(const std::string& option, int width) {
        return run({"chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                    "--disable-dev-shm-usage", "--hide-scrollbars",
                    "--user-data-dir=" + httpd_.dir() + "/chromium",
                    "--window-size=" + std::to_string(width) + ",2000", option,
                    "http://127.0.0.1:" + std::to_string(httpd_.port()) + "/finwait-status"},
                   3 * kPatience)
            .output;
    }

  private:
    const Httpd& httpd_;
};

TEST(StatusInChromium, IsInertAndFitsBothWidths) {
    Httpd httpd(Mpm::event, kLocation);
    auto crowd = crowd_of(httpd, kHostile, 11);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 11);
    Browser browser(httpd);
    const std::string dom = browser.see("--dump-dom", 1200);
    EXPECT_THAT(dom, HasSubstr("<title>mod_finwait status</title>"));
    EXPECT_THAT(dom, HasSubstr("&lt;script&gt;document.title='pwned'&lt;/script&gt;"));
    EXPECT_THAT(dom, Not(HasSubstr("<script")));
    EXPECT_THAT(dom, Not(HasSubstr("<img")));
    for (const int width : {1200, 500}) {
        const std::string file = httpd.dir() + "/" + std::to_string(width) + ".png";
        const std::string output = browser.see("--screenshot=" + file, width);
        std::error_code error;
        EXPECT_GT(std::filesystem::file_size(file, error), 20'000U) << output;
    }
    Json looks(
        run({"t/browser", "http://127.0.0.1:" + std::to_string(httpd.port()) + "/finwait-status",
             httpd.dir() + "/chromium"},
            3 * kPatience)
            .output);
    for (const std::string at : {"/desktop", "/phone"}) {
        EXPECT_LE(looks.number(at + "/light/wanted"), looks.number(at + "/light/width")) << at;
        EXPECT_EQ(looks.text(at + "/light/title"), "mod_finwait status");
        EXPECT_NE(looks.text(at + "/light/background"), looks.text(at + "/dark/background"));
        EXPECT_NE(looks.text(at + "/dark/background"), looks.text(at + "/dark/color"));
    }
    EXPECT_EQ(looks.number("/phone/light/width"), 375);
    for (Client& client : crowd) client.close();
}

}  // namespace
}  // namespace finwait::test
