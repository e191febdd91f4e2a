// SPDX-License-Identifier: Apache-2.0
#include "finwait/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finwait/handoff.hpp"

namespace finwait {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

Record a_record() {
    Record record;
    record.half_close = std::chrono::milliseconds(1'795'340'422'007);
    record.peer = {Endpoint::Family::ipv4, 51'234, {192, 0, 2, 7}};
    record.local = {Endpoint::Family::ipv6, 443, {0x20, 0x01, 0x0d, 0xb8}};
    record.vhost = "www.example.org";
    record.user_agent = "python-requests/2.28.1";
    record.http = HttpVersion::http_1_1;
    record.tls = TlsVersion::tls_1_3;
    record.mpm = Mpm::event;
    record.state = TcpState::fin_wait_2;
    record.cause = Cause::keepalive_timeout;
    record.drain = Drain::deadline;
    record.requests = 3;
    record.drain_time = std::chrono::milliseconds(2'000);
    record.drained_bytes = 24;
    record.fin_wait_2_time = std::chrono::milliseconds(1'999);
    record.socket_cookie = 0x14b83;
    record.rtt_us = 812;
    return record;
}

std::string line_of(const Record& record) {
    std::string line;
    append_record(line, record);
    return line;
}

std::string line_with_agent(const std::string& agent) {
    Record record = a_record();
    record.user_agent = agent;
    return line_of(record);
}

TEST(Record, IsReadBackAsWritten) {
    EXPECT_EQ(parse_record(line_of(a_record())), a_record());
}

TEST(Record, TellsTheRemedyIfThereWasOne) {
    Record record = a_record();
    EXPECT_THAT(line_of(record), Not(HasSubstr("finwait.remedy")));
    for (const Remedy remedy : {Remedy::nokeepalive, Remedy::cut_short}) {
        record.remedy = remedy;
        EXPECT_THAT(line_of(record),
                    HasSubstr("\"finwait.remedy\":\"" + std::string(name_of(remedy))));
        EXPECT_EQ(parse_record(line_of(record)), record);
    }
}

TEST(Record, TellsAProxyIfThereWasOne) {
    Record record = a_record();
    EXPECT_THAT(line_of(record), Not(HasSubstr("finwait.shared")));
    record.is_shared = record.has_via = true;
    EXPECT_THAT(line_of(record), HasSubstr("\"finwait.shared\":true,\"finwait.via\":true}"));
    EXPECT_EQ(parse_record(line_of(record)), record);
}

TEST(Record, LineIsExactlyThis) {
    EXPECT_EQ(
        line_of(a_record()),
        R"({"@timestamp":"2026-11-22T09:40:22.007Z","event.name":"finwait.close",)"
        R"("network.peer.address":"192.0.2.7","network.peer.port":51234,)"
        R"("network.local.address":"2001:db8::","network.local.port":443,)"
        R"("server.address":"www.example.org",)"
        R"("user_agent.original":"python-requests/2.28.1","network.protocol.version":"1.1",)"
        R"("tls.protocol.version":"1.3","network.connection.state":"fin_wait_2",)"
        R"("finwait.cause":"keepalive_timeout","finwait.drain":"deadline",)"
        R"("finwait.outcome":"unknown","finwait.probe":"none","finwait.requests":3,"finwait.drain_ms":2000,)"
        R"("finwait.drained_bytes":24,"finwait.fin_wait_2_ms":1999,)"
        R"("finwait.socket_cookie":"14b83","finwait.tcp.rtt_us":812,"finwait.tcp.unacked":0,)"
        R"("finwait.tcp.retransmits":0,"finwait.mpm":"event"})"
        "\n");
}

TEST(Record, LeavesOutWhatDoesNotApply) {
    Record record = a_record();
    record.tls = TlsVersion::none;
    EXPECT_THAT(line_of(record), Not(HasSubstr("tls.protocol.version")));
    EXPECT_THAT(line_of(record), Not(HasSubstr("client.address")));
    record.client_address = "198.51.100.9";
    EXPECT_THAT(line_of(record), HasSubstr(R"("client.address":"198.51.100.9")"));
    EXPECT_EQ(parse_record(line_of(record)), record);
}

struct Escape {
    const char* why;
    std::string raw;
    std::string written;
};

class RecordText : public testing::TestWithParam<Escape> {};

TEST_P(RecordText, IsEscaped) {
    const std::string line = line_with_agent(GetParam().raw);
    EXPECT_THAT(line, HasSubstr("\"user_agent.original\":\"" + GetParam().written + "\","))
        << GetParam().why;
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_TRUE(parse_record(line));
}

INSTANTIATE_TEST_SUITE_P(
    HostileClients, RecordText,
    testing::Values(Escape{"quote and backslash", "a\"b\\c", R"(a\"b\\c)"},
                    Escape{"line feed", "a\nb\r", R"(a\u000ab\u000d)"},
                    Escape{"NUL", "a\0b"s, R"(a\u0000b)"}, Escape{"DEL", "\x7f", R"(\u007f)"},
                    Escape{"two-byte character", "\xc3\xa9", "\xc3\xa9"},
                    Escape{"four-byte character", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                    Escape{"Latin-1", "caf\xe9!", "caf\xef\xbf\xbd!"},
                    Escape{"cut character at the end", "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
                    Escape{"overlong slash", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
                    Escape{"surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                    Escape{"beyond U+10FFFF", "\xf4\x90\x80\x80",
                           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                    Escape{"nothing", "", ""}));

TEST(Record, OfTheWorstTextsStaysUnderItsMaximum) {
    Record record = a_record();
    const std::string worst(std::max(kVhostMax, kUserAgentMax), '\x01');
    record.vhost = std::string_view(worst).substr(0, kVhostMax);
    record.user_agent = std::string_view(worst).substr(0, kUserAgentMax);
    record.client_address = std::string_view(worst).substr(0, kClientAddressMax);
    record.drained_bytes = record.socket_cookie = UINT64_MAX;
    record.drain_time = record.fin_wait_2_time = std::chrono::milliseconds(kRecordMsMax);
    EXPECT_LE(line_of(record).size(), kRecordSizeMax);
    EXPECT_EQ(parse_record(line_of(record)), record);
}

TEST(Record, IsNotReadFromWhatIsNone) {
    EXPECT_FALSE(parse_record(""));
    EXPECT_FALSE(parse_record("[]"));
    EXPECT_FALSE(parse_record(R"({"event.name":"finwait.close"})"));
    std::string line = line_of(a_record());
    EXPECT_FALSE(parse_record(line.substr(0, line.size() / 2)));
    line.replace(line.find("fin_wait_2"), 10, "fin_wait_9");
    EXPECT_FALSE(parse_record(line));
}

TEST(Record, IsNotReadWithATimeItWouldNotWrite) {
    const std::string line = line_of(a_record());
    for (const char* time :
         {"2026-13-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "-026-01-01T00:00:00.000Z",
          "2026-01-01T24:00:00.000Z", "2026-01-01T00:00:00.000Z?", "2026-01-01 00:00:00.000Z"}) {
        std::string changed = line;
        changed.replace(line.find("2026"), std::string_view("2026-11-22T09:40:22.007Z").size(),
                        time);
        EXPECT_FALSE(parse_record(changed)) << time;
    }
}

TEST(Record, DroppedLineTellsHowMany) {
    std::string line;
    append_dropped(line, std::chrono::milliseconds(0), 42);
    EXPECT_EQ(line, R"({"@timestamp":"1970-01-01T00:00:00.000Z","event.name":"finwait.dropped",)"
                    R"("finwait.dropped":42})"
                    "\n");
    EXPECT_FALSE(parse_record(line));
}

}  // namespace
}  // namespace finwait
