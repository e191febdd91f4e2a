// SPDX-License-Identifier: Apache-2.0
//
// Clients that break HTTP/2, or leave it in the middle, and stay.
#include <gtest/gtest.h>

#include "server/field.hpp"

namespace finwait::test {
namespace {

using namespace std::string_literals;

constexpr char kBothProtocols[] = "Protocols h2c http/1.1\n";

std::string number(std::uint32_t value, int size) {
    std::string bytes;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
}

enum FrameType : char {
    kData = 0,
    kHeaders = 1,
    kReset = 3,
    kSettings = 4,
    kPing = 6,
    kGoaway = 7
};
constexpr char kEndStream = 1, kEndHeaders = 4;

std::string frame(char type, char flags, std::uint32_t stream, const std::string& payload = "") {
    return number(static_cast<std::uint32_t>(payload.size()), 3) + type + flags +
           number(stream, 4) + payload;
}

// RFC 7541: indexed :method, :scheme http, literal :path and :authority.
std::string headers_of(char method = '\x82') {
    return method + "\x86\x04\x06/small\x01\x09localhost"s;
}
const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string kBegin = kPreface + frame(kSettings, 0, 0);

std::string get(std::uint32_t stream) {
    return frame(kHeaders, kEndStream | kEndHeaders, stream, headers_of());
}
// A stream must not be 0 here (RFC 9113, 6.1).
const std::string kBreach = frame(kData, 0, 0, "x");

auto sends(std::string bytes) {
    return [bytes = std::move(bytes)](Client& client) { client.send(bytes); };
}

// CVE-2023-44487.
std::string many_resets() {
    std::string all;
    for (std::uint32_t stream = 1; stream < 8000; stream += 2)
        all += get(stream) + frame(kReset, 0, stream, number(8, 4));
    return all;
}

constexpr HttpVersion k2 = HttpVersion::http_2;

const Fault kFaults[] = {
    {"BreachBeforeAnyRequest", Transport::plain, sends(kBegin + kBreach), Cause::error, 0, k2},
    {"BreachBehindAReply", Transport::h2,
     [](Client& client) {
         EXPECT_TRUE(client.get("/small").complete);
         client.send(kBreach);
     },
     Cause::error, 1, k2, Outcome::timeout, false},
    {"BreachOnTlsBeforeAnyRequest", Transport::h2, sends(kBreach), Cause::error, 0, k2,
     Outcome::timeout, false},
    {"RequestAfterRequestIsReset", Transport::h2, sends(many_resets()), Cause::error, 0, k2,
     std::nullopt, false},
    {"NothingBehindThePreface", Transport::plain, sends(kBegin), Cause::no_request, 0, k2},
    {"HeadersWithoutTheirEnd", Transport::plain,
     sends(kBegin + frame(kHeaders, kEndStream, 1, headers_of())), Cause::no_request, 0, k2},
    // mod_http2 gives it KeepAliveTimeout if it has written the reply by then, else Timeout.
    {"UpgradeToH2cAndNothing", Transport::plain,
     sends("GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
           "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"),
     Cause::keepalive_timeout, 1, k2, Outcome::timeout, false, Cause::request_timeout},
    {"GoawayOfTheClientAndNothing", Transport::h2,
     [](Client& client) {
         EXPECT_TRUE(client.get("/small").complete);
         client.send(frame(kGoaway, 0, 0, number(0, 8)));
     },
     Cause::client_gone, 1, k2, Outcome::timeout, false},
};

using FieldHttp2 = PerMpm;

TEST_P(FieldHttp2, FaultsAreAsStockAndRecordedAsTheyAre) {
    expect_as_stock_and_recorded(mpm, kBothProtocols, kFaults);
}

INSTANTIATE_TEST_SUITE_P(Each, FieldHttp2, testing::Values(Mpm::event, Mpm::worker), NameOf());

// Where HTTP/2 is not spoken.
TEST(FieldHttp2OnPrefork, APrefaceIsABadRequest) {
    const Fault faults[] = {{"Preface", Transport::plain, sends(kBegin), Cause::error, 0,
                             HttpVersion::http_1_1, Outcome::timeout}};
    expect_as_stock_and_recorded(Mpm::prefork, "", faults);
}

}  // namespace
}  // namespace finwait::test
