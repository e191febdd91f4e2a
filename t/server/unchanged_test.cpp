// SPDX-License-Identifier: Apache-2.0
//
// With the module loaded httpd answers exactly as without it: the same exchange with the same
// configuration, once as Debian ships it and once with the module, must give the same bytes.
#include <gtest/gtest.h>

#include <thread>

#include "clients/crowd.hpp"
#include "server/each.hpp"
#include "server/replies.hpp"

namespace finwait::test {
namespace {

constexpr const char* kDirectives = R"(
    LoadModule info_module ${modules}/mod_info.so
    KeepAliveTimeout 400ms
    Redirect 301 /moved /small
    Redirect 410 /gone
    ErrorDocument 404 "a page of our own\n"
    LimitRequestBody 1000000
    <Location /server-info>
        SetHandler server-info
    </Location>
    <Location /secret>
        Require all denied
    </Location>
    RewriteEngine on
    RewriteRule ^/rewritten$ /small [PT]
)";

// Everything the server sends until it closes, for one exchange after the other.
std::vector<std::string> replies(Httpd& httpd, Transport transport) {
    const std::string requests[] = {
        "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\nGET /moved HTTP/1.1\r\nHost: "
        "localhost\r\n\r\n",
        "GET /gone HTTP/1.1\r\nHost: localhost\r\n\r\nGET /no HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "HEAD /3m HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /secret HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /rewritten HTTP/1.0\r\n\r\n",
        "GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "NONSENSE\r\n\r\n",
        "GET /small HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /3m HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5-9\r\nConnection: close\r\n\r\n",
        "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: "
        "close\r\n\r\nabc",
        "POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    };
    std::vector<std::string> all;
    for (const auto& request : requests) {
        Client client = httpd.client(transport);
        client.send(request);
        all.push_back(without_variables(client.read_to_end(), httpd));
        EXPECT_EQ(client.end(), End::fin) << request;
    }
    return all;
}

using Unchanged = PerMpmAndTransport;  // HTTP/1, byte for byte
using UnchangedPerMpm = PerMpm;

TEST_P(Unchanged, RepliesAreTheSameBytes) {
    std::vector<std::string> stock;
    {
        Httpd httpd(mpm, kDirectives, {.with_module = false});
        stock = replies(httpd, transport);
    }
    Httpd httpd(mpm, kDirectives);
    const auto ours = replies(httpd, transport);
    ASSERT_EQ(ours.size(), stock.size());
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i], stock[i]);
}

std::string curled(const Httpd& httpd) {
    const std::string base = "https://localhost:" + std::to_string(httpd.port(Transport::tls));
    std::vector<std::string> call = {"curl", "-skiL", "--http2"};
    for (const char* path : {"/small", "/moved", "/gone", "/no", "/secret", "/rewritten"})
        call.push_back(base + path);
    return without_variables(run(call).output, httpd);
}

TEST_P(UnchangedPerMpm, RepliesToCurlAreTheSame) {
    std::string stock;
    {
        Httpd httpd(mpm, kDirectives, {.with_module = false});
        stock = curled(httpd);
    }
    Httpd httpd(mpm, kDirectives);
    EXPECT_EQ(curled(httpd), stock);
    EXPECT_NE(stock.find("410"), std::string::npos);
}

// An upload that is answered early: the client sends until it sees the reply, and must see it.
void expect_early_413(Httpd& httpd, Transport transport, std::uint64_t declared) {
    Client client = httpd.client(transport);
    client.send("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(declared) + "\r\n\r\n");
    const std::string block(65536, 'u');
    std::string reply;
    for (std::uint64_t sent = 0; sent < declared && reply.empty(); sent += block.size()) {
        client.send(block);
        if (client.has_input()) reply = client.read_to_end();
    }
    if (reply.empty()) reply = client.read_to_end();
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 413 ")) << reply.substr(0, 60);
    EXPECT_NE(reply.find("</html>"), std::string::npos) << "cut short";
    EXPECT_EQ(client.end(), End::fin);
}

TEST_P(Unchanged, UploadsAnsweredEarlyWith413SeeTheWholeReply) {
    Httpd httpd(mpm, kDirectives);
    expect_early_413(httpd, transport, 10'000'000);
    expect_early_413(httpd, transport, 1'000'000'000);
    ASSERT_TRUE(httpd.wait_settled(2));
    for (const Record& record : httpd.records()) {
        EXPECT_EQ(record.cause, Cause::unread_body);
        EXPECT_EQ(record.drain, Drain::fin);
    }
}

TEST_P(UnchangedPerMpm, ServerStatusAndServerInfoAreShown) {
    Httpd httpd(mpm, std::string(kDirectives) + "KeepAliveTimeout 60s\n");
    Client client = httpd.client();
    const std::string status = client.get("/server-status?auto").body;
    EXPECT_NE(status.find("ServerMPM: " + mpm_name(mpm)), std::string::npos) << status;
    EXPECT_NE(client.get("/server-status").body.find("</html>"), std::string::npos);
    const std::string info = client.get("/server-info").body;
    EXPECT_NE(info.find("mod_finwait.c"), std::string::npos);
    EXPECT_NE(info.find("FinWaitLog"), std::string::npos);
    EXPECT_NE(info.find("</html>"), std::string::npos);
}

TEST_P(Unchanged, WebsocketsThroughTheProxyEcho) {
    Backend backend(Backend::websocket_echo);
    Httpd httpd(mpm, R"(
        LoadModule proxy_module ${modules}/mod_proxy.so
        LoadModule proxy_http_module ${modules}/mod_proxy_http.so
        LoadModule proxy_wstunnel_module ${modules}/mod_proxy_wstunnel.so
        ProxyPass /ws ws://127.0.0.1:)" +
                         std::to_string(backend.port()) + "/\n");
    Client client = httpd.client(transport);
    EXPECT_EQ(client.get("/small").status, 200);
    EXPECT_EQ(client
                  .get("/ws",
                       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AA==\r\n")
                  .status,
              101);
    std::string echoed;
    for (int i = 0; i < 100; ++i) client.send("message " + std::to_string(i) + ";");
    client.send("bye");
    echoed = client.read_to_end();
    EXPECT_TRUE(echoed.starts_with("message 0;message 1;"));
    EXPECT_TRUE(echoed.ends_with("message 99;bye"));
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::tunnel_end);
    EXPECT_EQ(record.tls, transport == Transport::tls ? TlsVersion::tls_1_3 : TlsVersion::none);
}

INSTANTIATE_TEST_SUITE_P(Each, Unchanged,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::Values(Transport::plain, Transport::tls)),
                         NameOf());
INSTANTIATE_TEST_SUITE_P(Each, UnchangedPerMpm, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
