// SPDX-License-Identifier: Apache-2.0
//
// The status page, its JSON and its metrics, and mod_status' section, from a real server.
// Prometheus and Chromium are real too.
#include "server/status.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <span>

#include "clients/crowd.hpp"
#include "server/config.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kLocation =
    std::string(kStatusLocation) +
    "FinWaitDrainIdleTimeout 60s\nFinWaitDrainTimeout 60s\nFinWaitTimeout 1s\n";

constexpr char kHostile[] =
    "</b><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">";

std::vector<Client> crowd_of(const Httpd& httpd, const std::string& user_agent, std::size_t n) {
    std::vector<Client> crowd;
    for (std::size_t i = 0; i < n; ++i) {
        Client client(Transport::plain, httpd.port(), {.user_agent = user_agent});
        EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        crowd.push_back(std::move(client));
    }
    return crowd;
}

std::int64_t held_in_fin_wait_2(Httpd& httpd) {
    return Json(answered(httpd, "?json").body).number("/sockets/draining/fin_wait_2");
}

struct StatusPage : PerMpm {};

TEST_P(StatusPage, NamesTheCulprit) {
    Httpd httpd(mpm, kLocation);
    auto bad = crowd_of(httpd, "python-requests/2.28.1", 12);
    auto other = crowd_of(httpd, "curl/7.88.1", 2);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 14);
    // Those that asked before may still be closing.
    EXPECT_EVENTUALLY(answered(httpd).body,
                      HasSubstr("<b><bdi>python-requests/2.28.1</bdi></b> holds 12 of 14 sockets"));
    const Reply page = answered(httpd);
    EXPECT_THAT(page.headers, HasSubstr("Content-Security-Policy: default-src 'none'"));
    EXPECT_THAT(page.headers, HasSubstr("Content-Type: text/html; charset=utf-8"));
    EXPECT_THAT(page.headers, Not(HasSubstr("Refresh:")));
    EXPECT_THAT(answered(httpd, "?refresh=7").headers, HasSubstr("Refresh: 7"));
    EXPECT_THAT(answered(httpd, "?refresh").headers, HasSubstr("Refresh: 10"));
    EXPECT_THAT(answered(httpd, "?refresh=-1&x").headers, HasSubstr("Refresh: 10"));

    Json json(answered(httpd, "?json").body);
    EXPECT_EQ(json.number("/version"), 2);
    EXPECT_EQ(json.text("/accounts/0/user_agent"), "python-requests/2.28.1");
    EXPECT_EQ(json.number("/accounts/0/now/fin_wait_2"), 12);
    EXPECT_EQ(json.number("/process/pid"), httpd.closer_pid());
    EXPECT_GE(json.number("/module/closes"), 14);
    for (auto* crowd : {&bad, &other})
        for (Client& client : *crowd) client.close();
    EXPECT_EVENTUALLY(held_in_fin_wait_2(httpd), 0);
}

// Each answer is there at once, whatever the closer does; how soon is the bench's to say.
template <typename Ask>
Reply at_once(Ask ask) {
    const auto begin = Clock::now();
    const Reply reply = ask();
    EXPECT_LT(Clock::now() - begin, 20s);
    EXPECT_EQ(reply.status, 200);
    return reply;
}

TEST_P(StatusPage, AnswersAtOnceAndSaysSoWhenTheCloserHangs) {
    Httpd httpd(mpm, kLocation);
    auto crowd = crowd_of(httpd, "t/never-closes", 3);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 3);
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

// The kernel's own count, by state: what drains, what waits for its end, and what httpd closed by
// itself.
TEST_P(StatusPage, AddsUpToWhatSsShows) {
    Httpd httpd(mpm, std::string(kStatusLocation) + R"(
        FinWaitDrainIdleTimeout 60s
        FinWaitDrainTimeout 60s
        FinWaitTimeout 30s
        <VirtualHost *:${plain}>
            ServerName localhost
        </VirtualHost>
        <VirtualHost *:${plain}>
            ServerName waiting.test
            FinWaitDrainIdleTimeout 100ms
        </VirtualHost>
        <VirtualHost *:${plain}>
            ServerName stock.test
            FinWaitEngine Off
        </VirtualHost>
    )");
    std::vector<Client> crowd;
    const auto add = [&](const char* host, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            Client& client = crowd.emplace_back(Transport::plain, httpd.port(),
                                                ClientOptions{.user_agent = host, .host = host});
            EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        }
    };
    add("localhost", 4);
    add("waiting.test", 5);
    constexpr std::size_t kStock = 2;
    add("stock.test", kStock);
    const auto draining_waiting_unattributed_and_all = [&] {
        // httpd itself lingers for two seconds after the client's last byte.
        for (Client& client : std::span(crowd).last(kStock)) (void)client.send_raw("x");
        Json page(answered(httpd, "?json").body);
        std::vector<std::int64_t> seen;
        for (const std::string owner : {"draining", "waiting", "unattributed"})
            seen.push_back(page.number("/sockets/" + owner + "/fin_wait_2"));
        const auto all = run({"ss", "-Htn", "state", "fin-wait-2", "sport", "=",
                              ":" + std::to_string(httpd.port())})
                             .output;
        seen.push_back(std::ranges::count(all, '\n'));
        return seen;
    };
    EXPECT_EVENTUALLY(draining_waiting_unattributed_and_all(), ElementsAre(4, 5, 2, 11));
    httpd.stop();
}

INSTANTIATE_TEST_SUITE_P(Each, StatusPage, testing::ValuesIn(kEachMpm), NameOf());

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

// Answers each request and keeps the connection when httpd has closed it.
class Keeper {
  public:
    [[nodiscard]] std::uint16_t port() const { return backend_.port(); }
    ~Keeper() {
        for (const int fd : kept_) ::close(fd);
    }

  private:
    void serve(int fd) {
        std::array<char, 4096> request;
        if (::recv(fd, request.data(), request.size(), 0) <= 0) return;
        constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
        ::send(fd, kReply.data(), kReply.size(), MSG_NOSIGNAL);
        kept_.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }

    std::vector<int> kept_;
    Backend backend_{[this](int fd) { serve(fd); }};
};

TEST(StatusPageAlone, NamesTheBackendThatDoesNotClose) {
    Keeper keeper;
    const std::string address = "127.0.0.1:" + std::to_string(keeper.port());
    Httpd httpd(Mpm::event, kLocation + R"(
        LoadModule proxy_module ${modules}/mod_proxy.so
        LoadModule proxy_http_module ${modules}/mod_proxy_http.so
        ProxyPass /app http://)" +
                                address + "/ disablereuse=On\n");
    for (int i = 0; i < 12; ++i) {
        Client client = httpd.client();
        EXPECT_EQ(client.get("/app/", "Connection: close\r\n").status, 200);
        client.close();
    }
    const auto backends = [&] {
        return Json(asked(httpd, "?json").body).number("/sockets/to_backends/fin_wait_2");
    };
    EXPECT_EVENTUALLY(backends(), 12);
    Json json(asked(httpd, "?json").body);
    EXPECT_EQ(json.text("/sockets/backends/0/address"), "127.0.0.1");
    EXPECT_EQ(json.number("/sockets/backends/0/port"), keeper.port());
    EXPECT_EQ(json.text("/sockets/backends/0/name"), "http://" + address + "/");
    EXPECT_EQ(json.text("/verdict/level"), "watch");
    EXPECT_THAT(
        json.text("/verdict/sentence"),
        HasSubstr("12 sockets to backends are in FIN_WAIT_2: httpd has closed, " + address));
    EXPECT_THAT(asked(httpd).body, HasSubstr("to backend " + address));
    EXPECT_THAT(asked(httpd, "?metrics").body,
                HasSubstr("\nfinwait_backend_sockets{address=\"" + address +
                          "\",state=\"fin_wait_2\"} 12\n"));
}

TEST(StatusPageAlone, TakesOnlyGetAndHead) {
    Httpd httpd(Mpm::event, kLocation);
    Client post = httpd.client();
    post.send("POST /finwait-status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(post.reply().status, 405);
    Client head = httpd.client();
    head.send("HEAD /finwait-status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string reply = head.read_to_end();
    EXPECT_THAT(reply, HasSubstr("200 OK"));
    EXPECT_THAT(reply, HasSubstr("Content-Length: "));
    EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
    for (Client* client : {&post, &head}) client->close();
}

// Whoever may write a .htaccess file would see every virtual host's clients.
TEST(StatusPageAlone, IsNotToBeHadByHtaccess) {
    const std::string mine = Suite::dir() + "/www/mine";
    std::filesystem::create_directories(mine);
    write_file(mine + "/page", "a file\n");
    write_file(mine + "/.htaccess", "SetHandler finwait-status\n");
    write_file(mine + "/direct.finwait", "");
    Httpd httpd(Mpm::event, std::string(kLocation) +
                                "<Directory ${www}/mine>\n    AllowOverride All\n"
                                "</Directory>\n");
    httpd.expect_error("handler finwait-status refused");
    Client client = httpd.client();
    EXPECT_EQ(client.get("/mine/page", "Connection: close\r\n").status, 403);
    client.close();
    write_file(mine + "/.htaccess", "# nothing of ours\n");
    EXPECT_EVENTUALLY(asked(httpd).status, 200);
    std::filesystem::remove_all(mine);
}

// A document root with a .htaccess file of its own is no reason to refuse the server's page.
TEST(StatusPageAlone, IsServedBesideAHtaccessFile) {
    const std::string root = Suite::dir() + "/www/site";
    std::filesystem::create_directories(root);
    write_file(root + "/.htaccess", "SetHandler finwait-status\n");
    Httpd httpd(Mpm::event, std::string(kLocation) +
                                "DocumentRoot ${www}/site\n<Directory ${www}/site>\n"
                                "    AllowOverride All\n</Directory>\n");
    EXPECT_EVENTUALLY(asked(httpd).status, 200);
    std::filesystem::remove_all(root);
}

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

TEST(ModStatus, HasASectionAndLines) {
    Httpd httpd(Mpm::event, kLocation + "KeepAliveTimeout 60s\nMaxKeepAliveRequests 0\n");
    auto crowd = crowd_of(httpd, "t/never-closes", 2);
    ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), 2);
    Client client = httpd.client();
    // Those that asked before may still be closing.
    EXPECT_EVENTUALLY(client.get("/server-status").body, HasSubstr("<dt>sockets held now: 2</dt>"));
    EXPECT_EVENTUALLY(client.get("/server-status?auto").body, HasSubstr("\nFinWaitHeld: 2\n"));
    const std::string page = client.get("/server-status").body;
    EXPECT_THAT(page, HasSubstr("<h2>mod_finwait</h2>"));
    EXPECT_THAT(page, HasSubstr("no longer count them"));
    const std::string lines = client.get("/server-status?auto").body;
    EXPECT_THAT(lines, HasSubstr("\nFinWaitClosers: 1\n"));
    EXPECT_THAT(lines, HasSubstr("\nFinWaitOutcomeTimeout: 0\n"));
    EXPECT_THAT(lines, HasSubstr("\nFinWaitCauseClientAsked: "));
    client.close();
    for (Client& one : crowd) one.close();
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
