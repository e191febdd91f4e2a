// SPDX-License-Identifier: Apache-2.0
//
// Connections to backends that httpd has closed and the backend has not, over each protocol and in
// each way that httpd is told of a backend.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "clients/crowd.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using namespace std::string_view_literals;
using testing::Conditional;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kConnections = 20;

struct Proxied {
    const char* name;
    const char* directives;  // BACKEND stands for its address
    std::string_view reply;  // that a client gets as 200
    bool has_worker = true;  // of mod_proxy: the backend is configured
};

constexpr std::string_view kHttpReply = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
// STDOUT with headers and body, an empty one, END_REQUEST: each with version, type, id, length.
constexpr std::string_view kFcgiReply =
    "\1\6\0\1\0\34\0\0Content-Type: text/plain\r\n\r\n"
    "\1\6\0\1\0\0\0\0"
    "\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0"sv;
// SEND_HEADERS 200, END_RESPONSE: each after AB and its length.
constexpr std::string_view kAjpReply =
    "AB\0\12\4\0\310\0\2OK\0\0\0"
    "AB\0\2\5\0"sv;

constexpr Proxied kProxied[] = {
    {"HttpByProxyPass", "ProxyPass /app http://BACKEND/ disablereuse=On\n", kHttpReply},
    {"HttpByRewriteRule",
     "LoadModule rewrite_module ${modules}/mod_rewrite.so\n"
     "<Proxy http://BACKEND/>\n    ProxySet disablereuse=On\n</Proxy>\n"
     "RewriteEngine On\nRewriteRule ^/app http://BACKEND/ [P]\n",
     kHttpReply},
    {"FcgiByProxyPass", "ProxyPass /app fcgi://BACKEND/\n", kFcgiReply},
    {"FcgiByHandler",
     "<Proxy fcgi://BACKEND/>\n    ProxySet disablereuse=On\n</Proxy>\n"
     "<Location /app>\n    SetHandler \"proxy:fcgi://BACKEND/\"\n</Location>\n",
     kFcgiReply},
    {"AjpByProxyPass", "ProxyPass /app ajp://BACKEND/ disablereuse=On\n", kAjpReply},
    {"HttpByRewriteRuleAlone",
     "LoadModule rewrite_module ${modules}/mod_rewrite.so\n"
     "RewriteEngine On\nRewriteRule ^/app http://BACKEND/ [P]\n",
     kHttpReply, false},
    {"FcgiByHandlerAlone",
     "<Location /app>\n    SetHandler \"proxy:fcgi://BACKEND/\"\n</Location>\n", kFcgiReply, false},
    {"AjpByRewriteRuleAlone",
     "LoadModule rewrite_module ${modules}/mod_rewrite.so\n"
     "RewriteEngine On\nRewriteRule ^/app ajp://BACKEND/ [P]\n",
     kAjpReply, false},
};

// Answers each request and keeps the connection when httpd has closed it.
class Keeper {
  public:
    explicit Keeper(std::string_view reply) : reply_(reply) {}
    ~Keeper() {
        for (const int fd : kept_) ::close(fd);
    }
    [[nodiscard]] std::uint16_t port() const { return backend_.port(); }

  private:
    void serve(int fd) {
        std::array<char, 4096> request;
        if (::recv(fd, request.data(), request.size(), 0) <= 0) return;
        ::send(fd, reply_.data(), reply_.size(), MSG_NOSIGNAL);
        kept_.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }

    std::string_view reply_;
    std::vector<int> kept_;
    Backend backend_{[this](int fd) { serve(fd); }};
};

struct StatusBackend : testing::TestWithParam<Proxied> {
    Keeper keeper{GetParam().reply};
    std::string address = "127.0.0.1:" + std::to_string(keeper.port());
    Httpd httpd{Mpm::event,
                kLocation +
                    "LoadModule proxy_module ${modules}/mod_proxy.so\n"
                    "LoadModule proxy_http_module ${modules}/mod_proxy_http.so\n"
                    "LoadModule proxy_fcgi_module ${modules}/mod_proxy_fcgi.so\n"
                    "LoadModule proxy_ajp_module ${modules}/mod_proxy_ajp.so\n" +
                    std::regex_replace(GetParam().directives, std::regex("BACKEND"), address)};

    void SetUp() override {
        for (std::int64_t i = 0; i < kConnections; ++i) {
            Client client = httpd.client();
            EXPECT_EQ(client.get("/app/", "Connection: close\r\n").status, 200);
            client.close();
        }
    }
    Json json() { return Json(asked(httpd, "?json").body); }
};

TEST_P(StatusBackend, ThatDoesNotCloseIsNamed) {
    EXPECT_EVENTUALLY(json().number("/sockets/to_backends/fin_wait_2"), kConnections);
    Json seen = json();
    EXPECT_EQ(seen.size("/sockets/backends"), 1);
    EXPECT_EQ(seen.text("/sockets/backends/0/address"), "127.0.0.1");
    EXPECT_EQ(seen.number("/sockets/backends/0/port"), keeper.port());
    EXPECT_EQ(seen.number("/sockets/backends/0/sockets/fin_wait_2"), kConnections);
    if (GetParam().has_worker) {
        EXPECT_THAT(seen.text("/sockets/backends/0/name"), HasSubstr("://" + address));
    }
    EXPECT_EQ(seen.text("/verdict/level"), "watch");
    const std::string verdict = "20 sockets to backends are in FIN_WAIT_2: httpd has closed, ";
    EXPECT_THAT(seen.text("/verdict/sentence"), HasSubstr(verdict + address));
    const std::string page = asked(httpd).body;
    EXPECT_THAT(page, HasSubstr(verdict));
    EXPECT_THAT(page, HasSubstr("to backend " + address));
    const std::string metrics = asked(httpd, "?metrics").body;
    const auto has_address = HasSubstr("\nfinwait_backend_sockets{address=\"" + address +
                                       "\",state=\"fin_wait_2\"} 20\n");
    EXPECT_THAT(metrics,
                HasSubstr("\nfinwait_sockets{owner=\"backends\",state=\"fin_wait_2\"} 20\n"));
    // The others' addresses a forward proxy's clients would choose.
    EXPECT_THAT(metrics, Conditional(GetParam().has_worker, has_address, Not(has_address)));
}

INSTANTIATE_TEST_SUITE_P(Each, StatusBackend, testing::ValuesIn(kProxied),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace finwait::test
