// SPDX-License-Identifier: Apache-2.0
//
// Behind real proxies: one that is well and one that is frozen, each with a pool of connections
// that carried the requests of four users and are left idle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <span>
#include <utility>

#include "server/front_proxy.hpp"
#include "server/httpd.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::size_t kPool = 32;  // connections: more than finwait-report's smallest sample

// Long enough for all of the users on a busy machine; and one process, whose threads are never all
// busy, because then event closes idle connections.
constexpr char kDirectives[] = R"(
    KeepAliveTimeout 8s
    MaxKeepAliveRequests 0
    ThreadsPerChild 64
    MaxRequestWorkers 128
    FinWaitShortDrainTimeout 1s
)";
constexpr char kRemoteIp[] = R"(
    LoadModule remoteip_module ${modules}/mod_remoteip.so
    RemoteIPHeader X-Forwarded-For
    RemoteIPInternalProxy 127.0.7.0/24
)";
constexpr char kProxyProtocol[] = R"(
    LoadModule remoteip_module ${modules}/mod_remoteip.so
    RemoteIPProxyProtocol On
    RemoteIPProxyProtocolExceptions 127.0.0.1
)";

struct User {
    const char* user_agent;
    const char* address;
};
constexpr User kUsers[] = {{"Googlebot/2.1", "127.0.1.1"},
                           {"Firefox/145.0", "127.0.2.1"},
                           {"Safari/605.1.15", "127.0.3.1"},
                           {"Chrome/143.0", "127.0.4.1"}};

struct Case {
    const char* name;
    ProxyOptions proxy;
    const char* directives;
    bool tells_client;    // mod_remoteip knows who is behind it
    bool is_pool = true;  // with the PROXY protocol HAProxy has a connection for each of its users
};

void PrintTo(const Case& each, std::ostream* out) {
    *out << each.name;
}

struct Proxy : testing::TestWithParam<Case> {
    Httpd httpd{Mpm::event, std::string(kDirectives) + GetParam().directives};

    // As many requests at the same time as the pool shall have connections: each is held until
    // httpd has them all.
    void visit(const FrontProxy& proxy, std::span<const User> users) {
        std::vector<Client> clients;
        for (std::size_t i = 0; i < kPool; ++i) {
            const User& user = users[i % users.size()];
            clients.push_back(proxy.user(user.user_agent, user.address));
            clients.back().send("POST /small HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " +
                                std::string(user.user_agent) + "\r\nContent-Length: 1\r\n\r\n");
        }
        EXPECT_EVENTUALLY(busy_workers(), kPool + 1);
        for (Client& client : clients) client.send("x");
        for (Client& client : clients) EXPECT_TRUE(client.reply().complete);
        // A connection that no other user can have ends with its own.
        if (!GetParam().is_pool)
            std::move(clients.begin(), clients.end(), std::back_inserter(staying_));
    }
    void visit(const FrontProxy& proxy) {
        if (!GetParam().is_pool) return visit(proxy, kUsers);
        for (const User& user : kUsers) visit(proxy, std::span(&user, 1));
    }
    // Of a connection of its own, because event closes idle ones where many workers are busy.
    std::size_t busy_workers() {
        const std::string page =
            httpd.client().get("/server-status?auto", "Connection: close\r\n").body;
        const auto at = page.find("BusyWorkers: ");
        return at == std::string::npos ? 0 : std::stoul(page.substr(at + 13));
    }
    [[nodiscard]] std::vector<Record> records_of(const std::string& peer) const {
        std::vector<Record> records = httpd.records();
        std::erase_if(records, [&](const Record& r) { return address_text(r.peer) != peer; });
        return records;
    }
    void expect_pool(const std::string& peer, bool is_stuck_there) const {
        EXPECT_EVENTUALLY(records_of(peer).size(), kPool);
        for (const Record& record : records_of(peer)) {
            EXPECT_EQ(record.is_stuck(), is_stuck_there) << record;
            EXPECT_EQ(record.cause, Cause::keepalive_timeout) << record;
            EXPECT_EQ(record.requests, GetParam().is_pool ? std::size(kUsers) : 1) << record;
            EXPECT_EQ(record.client_address.empty(), !GetParam().tells_client) << record;
            EXPECT_EQ(record.is_shared, GetParam().is_pool) << record;
            EXPECT_EQ(record.has_via, GetParam().proxy.says_via) << record;
        }
    }

  private:
    std::vector<Client> staying_;
};

TEST_P(Proxy, ThatIsFrozenIsStuckAndTheOtherIsNot) {
    const FrontProxy well(GetParam().proxy, "127.0.7.6", httpd.port());
    const FrontProxy frozen(GetParam().proxy, "127.0.7.7", httpd.port());
    visit(well);
    visit(frozen);
    frozen.freeze();
    expect_pool("127.0.7.6", false);
    expect_pool("127.0.7.7", true);
    // Without a pool, each user's few connections tell nobody that it is the proxy.
    const std::string log = httpd.dir() + "/finwait.log";
    const std::string program = Suite::build_dir() + "/finwait-report";
    if (!GetParam().is_pool) {
        EXPECT_THAT(run({program, "--by", "peer", log}).output, StartsWith("127.0.7.7 leaves "));
        return;
    }
    EXPECT_THAT(run({program, log}).output, StartsWith("proxy 127.0.7.7 leaves "));
    const std::string advice = run({program, "--httpd-conf", log}).output;
    EXPECT_THAT(advice, HasSubstr("SetEnvIfExpr \"%{CONN_REMOTE_ADDR} == '127.0.7.7'\" "
                                  "finwait-idle=1s finwait-timeout=1s\n"));
    EXPECT_THAT(advice, Not(HasSubstr("BrowserMatch")));
}

INSTANTIATE_TEST_SUITE_P(
    Each, Proxy,
    testing::Values(
        Case{"haproxy", {ProxyKind::haproxy}, "", false},
        Case{"haproxy_remoteip", {ProxyKind::haproxy}, kRemoteIp, true},
        Case{"haproxy_via", {ProxyKind::haproxy, true}, "", false},
        Case{"haproxy_protocol", {ProxyKind::haproxy, false, true}, kProxyProtocol, true, false},
        Case{"nginx", {ProxyKind::nginx}, "", false},
        Case{"nginx_remoteip", {ProxyKind::nginx}, kRemoteIp, true},
        Case{"nginx_via", {ProxyKind::nginx, true}, "", false}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace finwait::test
