// SPDX-License-Identifier: Apache-2.0
//
// Connections that httpd itself gives up while the client is there: whatever ended them, the socket
// is half-closed and in the closer's hands, where our limits are in force.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "clients/can.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

constexpr const char* kLimits = "FinWaitDrainIdleTimeout 1500ms\nFinWaitAckTimeout 4s\n";

// What a browser sends first.
std::string client_hello() {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* ssl = SSL_new(context);
    BIO* sent = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), sent);
    SSL_set_tlsext_host_name(ssl, "localhost");
    (void)SSL_connect(ssl);
    char* bytes = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(sent, &bytes));
    std::string hello(bytes, size);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return hello;
}

const std::string kAlert("\x15\x03\x03\x00\x02\x02\x30", 7);  // fatal, unknown CA

// The server's socket as the kernel has it, with the processes that hold it.
std::string socket_of(const Httpd& httpd, const Client& client) {
    std::string listed;
    for (const Transport transport : {Transport::plain, Transport::tls})
        listed += run({"ss", "-tanpH", "sport", "=", ":" + std::to_string(httpd.port(transport)),
                       "and", "dport", "=", ":" + std::to_string(client.local_port())})
                      .output;
    return listed;
}

// An ordinary user sees only that httpd's processes have let go of it.
void expect_kept_by_the_closer(const Httpd& httpd, const Client& client) {
    const std::string name = why_no_look_into_a_closer().empty() ? "finwait-closer" : "";
    std::string listed;
    const auto holds = [&](const char* text) { return listed.find(text) != std::string::npos; };
    EXPECT_TRUE(wait_until(kPatience,
                           [&] {
                               listed = socket_of(httpd, client);
                               return holds("FIN-WAIT") && holds(name.c_str()) && !holds("apache2");
                           }))
        << listed << httpd.counters().text();
}

struct GivenUp {
    const char* name;
    Transport port;
    const char* directives;
    std::string (*bytes)();
    Cause cause;
};

const GivenUp kGivenUp[] = {
    {"ClientHelloThenSilence", Transport::tls, "RequestReadTimeout handshake=1", client_hello,
     Cause::request_timeout},
    {"ClientHelloThenSilenceWithinTimeout", Transport::tls,
     "RequestReadTimeout handshake=0\nTimeout 1", client_hello, Cause::request_timeout},
    {"HalfAClientHello", Transport::tls, "RequestReadTimeout handshake=1",
     [] {
         const std::string hello = client_hello();
         return hello.substr(0, hello.size() / 2);
     },
     Cause::request_timeout},
    {"BytesThatAreNoTls", Transport::tls, "", [] { return std::string(50, '\x17'); }, Cause::error},
    {"ClientHelloThenFatalAlert", Transport::tls, "", [] { return client_hello() + kAlert; },
     Cause::error},
    {"NoProxyHeader", Transport::plain,
     "LoadModule remoteip_module ${modules}/mod_remoteip.so\nRemoteIPProxyProtocol On",
     [] { return std::string("GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"); }, Cause::error},
};

struct GivenUpByHttpd : testing::TestWithParam<std::tuple<Mpm, GivenUp>> {};

TEST_P(GivenUpByHttpd, IsHandedOver) {
    const auto& [mpm, given_up] = GetParam();
    Httpd httpd(mpm, std::string(given_up.directives) + "\n" + kLimits);
    httpd.expect_error("remoteip:error");
    Client client(Transport::plain, httpd.port(given_up.port));
    (void)client.send_raw(given_up.bytes());
    expect_kept_by_the_closer(httpd, client);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, given_up.cause);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_2);
    EXPECT_EQ(record.requests, 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, GivenUpByHttpd,
                         testing::Combine(testing::ValuesIn(kEachMpm), testing::ValuesIn(kGivenUp)),
                         [](const auto& param) {
                             return mpm_name(std::get<0>(param.param)) + "_" +
                                    std::get<1>(param.param).name;
                         });

// A reply that is too much for every buffer on its way.
using ReaderThatStops = PerMpmAndTransport;

TEST_P(ReaderThatStops, IsHandedOverWithItsReplyUnacknowledged) {
    Httpd httpd(mpm, std::string("Timeout 1\n") + kLimits);
    Client client = httpd.client(transport, {.receive_buffer = 8192});
    client.ask("/10m");
    expect_kept_by_the_closer(httpd, client);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::request_timeout);
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.state, TcpState::fin_wait_1);
    EXPECT_EQ(record.outcome, Outcome::unacked);
}

INSTANTIATE_TEST_SUITE_P(Each, ReaderThatStops,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

using RefusedCertificate = PerMpm;

// The client has read all that the server said, so that its close() is a FIN.
TEST_P(RefusedCertificate, IsEndedByTheClientsFin) {
    Httpd httpd(mpm, kLimits);
    Client client(Transport::plain, httpd.port(Transport::tls));
    (void)client.send_raw(client_hello());
    std::size_t received = 0;
    EXPECT_TRUE(wait_until(kPatience, [&] {
        received += client.read_some(4096).size();
        return received > 600 && !client.has_input();  // a certificate's size and more
    }));
    (void)client.send_raw(kAlert);
    client.close();
    const Record record = httpd.record_of(client);
    const bool was_first = record.outcome == Outcome::client_first;
    EXPECT_TRUE(was_first || record.outcome == Outcome::fin) << record.outcome;
    EXPECT_EQ(record.drain, was_first ? Drain::none : Drain::fin);
    EXPECT_EQ(record.cause, was_first ? Cause::client_gone : Cause::error);
}

// curl closes with the rest of the handshake unread: its kernel sends RST, before our FIN or after.
TEST_P(RefusedCertificate, IsNeverOursToCutWithCurl) {
    Httpd httpd(mpm, kLimits);
    const std::string url = "https://localhost:" + std::to_string(httpd.port(Transport::tls)) + "/";
    constexpr int kPeerFailedVerification = 60;
    constexpr std::size_t kCalls = 5;
    for (std::size_t i = 0; i < kCalls; ++i)
        EXPECT_EQ(run({"curl", "-s", "-o", "/dev/null", url}).exit_code, kPeerFailedVerification);
    ASSERT_TRUE(httpd.wait_settled(kCalls));
    const auto records = httpd.records();
    EXPECT_EQ(records.size(), kCalls);
    for (const Record& record : records) {
        const bool was_first = record.drain == Drain::none;
        // A RST that comes between our look at the socket and our FIN leaves nothing to drain,
        // either.
        EXPECT_TRUE(record.cause == Cause::error ||
                    (was_first && record.cause == Cause::client_gone))
            << record;
        if (record.outcome == Outcome::client_first)
            EXPECT_TRUE(was_first);
        else if (record.outcome == Outcome::fin)
            EXPECT_EQ(record.drain, Drain::fin);
        else
            EXPECT_EQ(record.outcome, Outcome::reset);
    }
}

INSTANTIATE_TEST_SUITE_P(Each, RefusedCertificate, testing::ValuesIn(kEachMpm), NameOf());

// `mptcpize run` does the same: httpd believes that its sockets are TCP's.
constexpr const char* kMptcpize = R"(
#include <netinet/in.h>
#include <sys/syscall.h>
#include <unistd.h>
extern "C" int socket(int family, int type, int protocol) {
    const bool is_tcp = (family == AF_INET || family == AF_INET6) && (type & 15) == 1 && protocol != 262;
    return static_cast<int>(syscall(SYS_socket, family, type, is_tcp ? 262 : protocol));
})";

int connected_by_mptcp(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
    if (fd < 0) return fd;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
}

using Mptcp = PerMpm;

TEST_P(Mptcp, IsLeftToHttpdAndTcpBesideItIsNot) {
    const int known = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
    if (known < 0) GTEST_SKIP() << "this kernel has no MPTCP (net.mptcp.enabled)";
    ::close(known);
    const std::string source = Suite::dir() + "/mptcpize.cpp", library = Suite::dir() + "/m.so";
    write_file(source, kMptcpize);
    if (run({"g++", "-shared", "-fPIC", "-o", library, source}).exit_code != 0)
        GTEST_SKIP() << "no g++ to build what makes httpd's listeners MPTCP";
    Httpd httpd(mpm, "", {.launcher = {"env", "LD_PRELOAD=" + library}});
    constexpr int kClients = 8;
    for (int i = 0; i < kClients; ++i) {
        Client client(Transport::plain, httpd.port(), {.fd = connected_by_mptcp(httpd.port())});
        EXPECT_TRUE(client.get("/3m", "Connection: close\r\n").complete) << i;
        EXPECT_EQ(client.wait_end(), End::fin) << i;
    }
    ASSERT_TRUE(httpd.wait_settled(kClients));
    EXPECT_EQ(httpd.counters().declined(Decline::no_socket), kClients) << httpd.counters();
    // Who does not speak it is accepted as TCP by the same listener.
    Client plain = httpd.client();
    EXPECT_TRUE(plain.get("/small", "Connection: close\r\n").complete);
    plain.close();
    EXPECT_EQ(httpd.record_of(plain).cause, Cause::client_asked);
}

INSTANTIATE_TEST_SUITE_P(Each, Mptcp, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
