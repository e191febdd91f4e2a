// SPDX-License-Identifier: Apache-2.0
//
// The cause of a tunnel: its end, whoever ends it, where there was one.
#include <gtest/gtest.h>

#include "clients/crowd.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

// That it runs on each MPM is said in cause_test.cpp.
using CausePerMpm = PerMpm;

std::string websockets_to(const Backend& backend) {
    return R"(
        LoadModule proxy_module ${modules}/mod_proxy.so
        LoadModule proxy_http_module ${modules}/mod_proxy_http.so
        LoadModule proxy_wstunnel_module ${modules}/mod_proxy_wstunnel.so
        ProxyPass /ws ws://127.0.0.1:)" +
           std::to_string(backend.port()) + "/\n";
}

constexpr const char* kWebsocket =
    "Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

void use_websocket_until_the_backend_ends_it(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 101);
    client.send("bye");
    EXPECT_EQ(client.read_to_end(), "bye");
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "tunnel_end");
}

TEST_P(CausePerMpm, WebsocketEndedByTheBackendIsTunnelEnd) {
    Backend backend(Backend::websocket_echo);
    Httpd httpd(mpm, websockets_to(backend));
    use_websocket_until_the_backend_ends_it(httpd);
}

TEST_P(CausePerMpm, WebsocketThatTheClientResetsIsRecordedAsReset) {
    Backend backend(Backend::websocket_echo);
    Httpd httpd(mpm, websockets_to(backend));
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 101);
    client.reset();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(name_of(record.cause), "tunnel_end");
    EXPECT_EQ(record.outcome, Outcome::reset);
}

TEST_P(CausePerMpm, WebsocketOfModProxyWstunnelItselfIsTunnelEnd) {
    Backend backend(Backend::websocket_echo);
    Httpd httpd(mpm, "ProxyWebsocketFallbackToProxyHttp Off\n" + websockets_to(backend));
    use_websocket_until_the_backend_ends_it(httpd);
}

TEST_P(CausePerMpm, RefusedUpgradeIsNoTunnel) {
    Backend backend(Backend::refuse_upgrade);
    Httpd httpd(mpm, websockets_to(backend));
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 200);
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "client_asked");
}

TEST_P(CausePerMpm, WebsocketWithoutABackendIsNoTunnel) {
    std::string directives;
    {
        Backend backend(Backend::echo);
        directives = websockets_to(backend);
    }
    Httpd httpd(mpm, directives);
    httpd.expect_error("AH00957");  // attempt to connect failed
    httpd.expect_error("AH00959");  // disabling worker
    httpd.expect_error("AH01114");  // failed to make connection to backend
    Client client = httpd.client();
    EXPECT_EQ(client.get("/ws", kWebsocket).status, 503);
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "error");
}

TEST_P(CausePerMpm, EndOfAConnectTunnelIsTunnelEnd) {
    Backend backend(Backend::echo);
    const std::string port = std::to_string(backend.port());
    Httpd httpd(mpm, R"(
        LoadModule proxy_module ${modules}/mod_proxy.so
        LoadModule proxy_connect_module ${modules}/mod_proxy_connect.so
        ProxyRequests On
        AllowCONNECT )" + port +
                         "\n");
    Client client = httpd.client();
    client.send("CONNECT 127.0.0.1:" + port + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_NE(client.read_some(1000).find("200"), std::string::npos);
    client.send("bye");
    client.read_to_end();
    client.close();
    EXPECT_EQ(name_of(httpd.record_of(client).cause), "tunnel_end");
}

}  // namespace
}  // namespace finwait::test
