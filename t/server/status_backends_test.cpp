// SPDX-License-Identifier: Apache-2.0
//
// Connections to backends that httpd has closed and the backend has not.
#include "server/status.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/crowd.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace finwait::test
