// SPDX-License-Identifier: Apache-2.0
//
// TLS that ends, or goes on, as its protocol does not want it; and the wrong protocol on a port.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "server/field.hpp"

namespace finwait::test {
namespace {

const std::string kGet = "GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr HttpVersion k11 = HttpVersion::http_1_1;

// What a client sends when it has had its reply.
auto replied_then(std::function<void(Client&)> play) {
    return [play = std::move(play)](Client& client) {
        EXPECT_EQ(client.get("/small").status, 200);
        play(client);
    };
}

const std::string kHalfARecord("\x17\x03\x03\x00\x50half", 9);

const Fault kFaults[] = {
    {"FinWithoutCloseNotify", Transport::tls,
     replied_then([](Client& client) { ::shutdown(client.fd(), SHUT_WR); }), Cause::client_gone, 1,
     k11, Outcome::client_first, false},
    {"FinInARecord", Transport::tls, replied_then([](Client& client) {
         (void)client.send_raw(kHalfARecord);
         ::shutdown(client.fd(), SHUT_WR);
     }),
     Cause::client_gone, 1, k11, Outcome::client_first, false},
    {"HalfARecordAndNothing", Transport::tls,
     replied_then([](Client& client) { (void)client.send_raw(kHalfARecord); }),
     Cause::request_timeout, 1, k11, Outcome::timeout, false},
    // For httpd as if it had said close_notify.
    {"BytesThatDecryptToNothing", Transport::tls, replied_then([](Client& client) {
         (void)client.send_raw(std::string("\x17\x03\x03\x00\x20", 5).append(32, 'x'));
     }),
     Cause::client_gone, 1, k11, Outcome::timeout, false},
    {"TlsOnThePlainPort", Transport::plain,
     [](Client& client) {
         client.send(std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10));
     },
     Cause::request_timeout, 0, HttpVersion::none},
};

using FieldTls = PerMpm;

TEST_P(FieldTls, FaultsAreAsStockAndRecordedAsTheyAre) {
    expect_as_stock_and_recorded(mpm, "", kFaults);
}

TEST_P(FieldTls, PlainHttpOnTheTlsPortIsAnsweredAndAnError) {
    Httpd httpd(mpm, "FinWaitDrainIdleTimeout 500ms\n");
    Client client(Transport::plain, httpd.port(Transport::tls));
    client.send(kGet);
    EXPECT_NE(client.read_to_end().find("speaking plain HTTP to an SSL-enabled server port"),
              std::string::npos);
    EXPECT_EQ(client.end(), End::fin);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::error);
    EXPECT_EQ(record.requests, 0U);
    EXPECT_EQ(record.tls, TlsVersion::none);
}

INSTANTIATE_TEST_SUITE_P(Each, FieldTls, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
