// SPDX-License-Identifier: Apache-2.0
//
// Client text of every kind ends up as one line of valid JSON, bounded.
#include <gtest/gtest.h>

#include "finwait/handoff.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

struct Text {
    const char* name;
    std::string sent;
    std::string recorded;  // as parse_record() gives it back
};

std::vector<Text> texts() {
    return {
        {"Quotes", R"(a "quoted" \ agent')", R"(a "quoted" \ agent')"},
        {"Html", "<script>alert(1)</script>&amp;", "<script>alert(1)</script>&amp;"},
        {"Tab", "a\tb", "a\tb"},
        {"Utf8", "Grüße 😀 \u2028", "Grüße 😀 \u2028"},
        {"InvalidUtf8", "a\xff\xfe\xc3(", "a\uFFFD\uFFFD\uFFFD("},
        {"TruncatedUtf8", "ab\xe2\x82", "ab\uFFFD\uFFFD"},
        {"Surrogate", "x\xed\xa0\x80y", "x\uFFFD\uFFFD\uFFFDy"},
        {"JsonInside", R"({"event.name":"finwait.close"})", R"({"event.name":"finwait.close"})"},
        {"Long", std::string(60'000, 'u'), std::string(kUserAgentMax, 'u')},
        {"LongControl", std::string(60'000, '\x80'), ""},
    };
}

using Input = PerMpm;

TEST_P(Input, OfEveryKindIsOneValidLine) {
    Httpd httpd(mpm, "LimitRequestFieldSize 70000\nLimitRequestLine 70000\n");
    for (const Text& text : texts()) {
        SCOPED_TRACE(text.name);
        Client client = httpd.client(Transport::plain, {.user_agent = text.sent});
        EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        client.wait_end();
        client.close();
        const Record record = httpd.record_of(client);
        EXPECT_TRUE(text.recorded.empty() || record.user_agent == text.recorded)
            << record.user_agent;
        EXPECT_LE(record.user_agent.size(), 3 * kUserAgentMax);  // U+FFFD is three bytes
        EXPECT_FALSE(record.user_agent.empty());
    }
}

// httpd answers these with 400; the Record is there all the same.
TEST_P(Input, RefusedByHttpdIsOneValidLineToo) {
    Httpd httpd(mpm);
    const std::string headers[] = {
        "User-Agent: a\x01"
        "b\r\n",
        "User-Agent: a\x7f\r\n",
        "User-Agent: folded\r\n into two\r\n",
        std::string("User-Agent: n\0l\r\n", 17),
        "User-Agent: bare\rcr\r\n",
        "User-Agent: bare\nInjected: yes\r\n",
    };
    for (const std::string& header : headers) {
        SCOPED_TRACE(header);
        Client client = httpd.client();
        client.send("GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header +
                    "\r\n");
        client.wait_end();
        client.close();
        EXPECT_EQ(httpd.record_of(client).peer.port, client.local_port());
    }
}

TEST_P(Input, InTheHostHeaderNeverBecomesTheVirtualHostsName) {
    Httpd httpd(mpm);
    const std::string hosts[] = {"\"quoted\"", "a\xff\xfe", std::string(7000, 'h'), "a\tb", "%00"};
    for (const std::string& host : hosts) {
        SCOPED_TRACE(host.substr(0, 20));
        Client client = httpd.client(Transport::plain, {.host = host});
        client.get("/small", "Connection: close\r\n");
        client.wait_end();
        client.close();
        EXPECT_EQ(httpd.record_of(client).vhost, "localhost");
    }
}

TEST_P(Input, SeveralUserAgentsAreOneText) {
    Httpd httpd(mpm);
    Client client = httpd.client(Transport::plain, {.user_agent = "one"});
    EXPECT_TRUE(client.get("/small", "Connection: close\r\nUser-Agent: two\r\n").complete);
    client.close();
    EXPECT_EQ(httpd.record_of(client).user_agent, "one, two");
}

INSTANTIATE_TEST_SUITE_P(Each, Input, testing::ValuesIn(kEachMpm), NameOf());

TEST(InputOfTheConfiguration, AsServerNameIsOneValidLine) {
    Httpd httpd(Mpm::event, "<VirtualHost *:${plain}>\nServerName \"b\xff\xfe_" +
                                std::string(300, 'v') + "\"\n</VirtualHost>\n");
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    client.close();
    const Record record = httpd.record_of(client);
    EXPECT_TRUE(record.vhost.starts_with("b\uFFFD\uFFFD_vvv")) << record.vhost;
    EXPECT_LE(record.vhost.size(), kVhostMax + 4);
}

}  // namespace
}  // namespace finwait::test
