// SPDX-License-Identifier: Apache-2.0
//
// Directives: what configtest accepts and how it refuses, and which virtual host decides.
#include <gtest/gtest.h>

#include "server/each.hpp"

namespace finwait::test {
namespace {

struct BadValue {
    const char* line;
    const char* directive;  // the sentence names it, ...
    const char* value;      // ... the value as written ...
    const char* allowed;    // ... and what would be right
};

constexpr BadValue kBadValues[] = {
    {"FinWaitEngine maybe", "FinWaitEngine", "'maybe'", "On or Off"},
    {"FinWaitDrainTimeout soon", "FinWaitDrainTimeout", "'soon'", "1ms to 1h"},
    {"FinWaitDrainTimeout 0", "FinWaitDrainTimeout", "'0'", "1ms to 1h"},
    {"FinWaitDrainTimeout -1s", "FinWaitDrainTimeout", "'-1s'", "1ms to 1h"},
    {"FinWaitDrainTimeout 61mi", "FinWaitDrainTimeout", "'61mi'", "1ms to 1h"},
    {"FinWaitDrainTimeout 3parsecs", "FinWaitDrainTimeout", "'3parsecs'", "1ms to 1h"},
    {"FinWaitDrainTimeout 99999999999999999999", "FinWaitDrainTimeout", "'9999", "1ms to 1h"},
    {"FinWaitDrainIdleTimeout 0ms", "FinWaitDrainIdleTimeout", "'0ms'", "1ms to 1h"},
    {"FinWaitDrainIdleTimeout 2h", "FinWaitDrainIdleTimeout", "'2h'", "1ms to 1h"},
    {"FinWaitShortDrainTimeout x", "FinWaitShortDrainTimeout", "'x'", "1ms to 1h"},
    {"FinWaitDrainLimit -1", "FinWaitDrainLimit", "'-1'", "unlimited"},
    {"FinWaitDrainLimit 1.5m", "FinWaitDrainLimit", "'1.5m'", "unlimited"},
    {"FinWaitDrainLimit 10t", "FinWaitDrainLimit", "'10t'", "unlimited"},
    {"FinWaitDrainLimit 99999999999g", "FinWaitDrainLimit", "'99999999999g'", "unlimited"},
    {"FinWaitTimeout 61mi", "FinWaitTimeout", "'61mi'", "1ms to 1h"},
    {"FinWaitTimeout -1", "FinWaitTimeout", "'-1'", "1ms to 1h"},
    {"FinWaitTimeout never", "FinWaitTimeout", "'never'", "1ms to 1h"},
    {"FinWaitAckTimeout 0", "FinWaitAckTimeout", "'0'", "kernel"},
    {"FinWaitAckTimeout 61mi", "FinWaitAckTimeout", "'61mi'", "1ms to 1h"},
    {"FinWaitMethod rst", "FinWaitMethod", "'rst'", "'drain', 'close', 'solinger' or 'reset'"},
    {"FinWaitAuto perhaps", "FinWaitAuto", "'perhaps'", "On or Off"},
    {"FinWaitAuto", "FinWaitAuto", "''", "On or Off"},
    {"FinWaitAuto Off min=5", "FinWaitAuto", "'min=5'", "allowed after Off"},
    {"FinWaitAuto On stuck=0%", "FinWaitAuto", "'stuck=0%'", "1% to 100%"},
    {"FinWaitAuto On stuck=101", "FinWaitAuto", "'stuck=101'", "1% to 100%"},
    {"FinWaitAuto On stuck=half", "FinWaitAuto", "'stuck=half'", "1% to 100%"},
    {"FinWaitAuto On min=0", "FinWaitAuto", "'min=0'", "1 to 1000000"},
    {"FinWaitAuto On min=1000001", "FinWaitAuto", "'min=1000001'", "1 to 1000000"},
    {"FinWaitAuto On requests=-1", "FinWaitAuto", "'requests=-1'", "0 to 1000"},
    {"FinWaitAuto On requests=1001", "FinWaitAuto", "'requests=1001'", "0 to 1000"},
    {"FinWaitAuto On for=500ms", "FinWaitAuto", "'for=500ms'", "1s to 24h"},
    {"FinWaitAuto On for=25h", "FinWaitAuto", "'for=25h'", "1s to 24h"},
    {"FinWaitAuto On stuck=50% often", "FinWaitAuto", "'often'", "stuck=, min=, requests= or for="},
    {"FinWaitLog a.log sometimes", "FinWaitLog", "'sometimes'", "env="},
    {"FinWaitLog a.log all all", "FinWaitLog", "'all'", "env="},
    {"FinWaitLog a.log stuck all", "FinWaitLog", "'all'", "stuck"},
    {"FinWaitLog a.log env=a env=b", "FinWaitLog", "'env=b'", "env="},
    {"FinWaitLog a.log env=", "FinWaitLog", "'env='", "env="},
    {"FinWaitLog a.log env=!", "FinWaitLog", "'env=!'", "env="},
    {"FinWaitLog a.log env=!!y", "FinWaitLog", "'env=!!y'", "env=name or env=!name"},
    {"FinWaitLog |", "FinWaitLog", "'|'", "program"},
    {"<VirtualHost *>\nServerName v\nFinWaitLog a\nFinWaitLog b\nFinWaitLog c\nFinWaitLog d\n"
     "FinWaitLog e\n</VirtualHost>",
     "FinWaitLog", "'e'", "4"},
    {"FinWaitLedgerSize 15", "FinWaitLedgerSize", "'15'", "16 to 65536"},
    {"FinWaitLedgerSize 65537", "FinWaitLedgerSize", "'65537'", "16 to 65536"},
    {"FinWaitMaxHeld 0", "FinWaitMaxHeld", "'0'", "1 to 10000000"},
    {"FinWaitMaxHeld 10000001", "FinWaitMaxHeld", "'10000001'", "1 to 10000000"},
    {"FinWaitLedgerSize 15", "FinWaitLedgerSize", "'15'", "16 to 65536"},
    {"FinWaitLedgerSize 65537", "FinWaitLedgerSize", "'65537'", "16 to 65536"},
    {"FinWaitMaxHeld many", "FinWaitMaxHeld", "'many'", "1 to 10000000"},
    {"<VirtualHost *>\nServerName v\nFinWaitMaxHeld 5\n</VirtualHost>", "FinWaitMaxHeld", "",
     "VirtualHost"},
    {"FinWaitUser nobody-of-that-name", "FinWaitUser", "'nobody-of-that-name'", "other than root"},
    {"FinWaitUser root", "FinWaitUser", "'root'", "other than root"},
    {"<VirtualHost *>\nServerName v\nFinWaitUser nobody\n</VirtualHost>", "FinWaitUser", "",
     "VirtualHost"},
    {"<VirtualHost *>\nServerName v\nFinWaitCloser /x\n</VirtualHost>", "FinWaitCloser", "",
     "VirtualHost"},
    {"<Directory />\nFinWaitEngine Off\n</Directory>", "FinWaitEngine", "", "not allowed"},
};

struct BadDirective : testing::TestWithParam<BadValue> {};

TEST_P(BadDirective, IsRefusedWithOneSentence) {
    const BadValue& bad = GetParam();
    const Finished said = apache2_says(Mpm::event, std::string(bad.line) + "\n");
    EXPECT_NE(said.exit_code, 0);
    for (const char* part : {bad.directive, bad.value, bad.allowed})
        EXPECT_NE(said.output.find(part), std::string::npos) << part << " in: " << said.output;
}

INSTANTIATE_TEST_SUITE_P(Each, BadDirective, testing::ValuesIn(kBadValues));

struct GoodDirective : testing::TestWithParam<const char*> {};

TEST_P(GoodDirective, IsAccepted) {
    const Finished said = apache2_says(Mpm::event, std::string(GetParam()) + "\n");
    EXPECT_EQ(said.exit_code, 0) << said.output;
    EXPECT_NE(said.output.find("Syntax OK"), std::string::npos) << said.output;
}

INSTANTIATE_TEST_SUITE_P(
    Each, GoodDirective,
    testing::Values("FinWaitAuto Off\nFinWaitAuto on",
                    "FinWaitAuto On stuck=1 min=1 requests=0 for=1s",
                    "FinWaitAuto ON for=24h stuck=100% requests=1000 min=1000000\n<VirtualHost *>\n"
                    "ServerName v\nFinWaitAuto Off\n</VirtualHost>",
                    "FinWaitEngine On\nFinWaitEngine Off", "FinWaitDrainTimeout 1ms",
                    "FinWaitDrainTimeout 1h\nFinWaitDrainIdleTimeout 60mi",
                    "FinWaitDrainIdleTimeout 5\nFinWaitShortDrainTimeout 250ms",
                    "FinWaitDrainLimit 0\nFinWaitDrainLimit 64K\nFinWaitDrainLimit 2g",
                    "FinWaitDrainLimit unlimited", "FinWaitTimeout 0\nFinWaitTimeout kernel",
                    "FinWaitTimeout 1s\nFinWaitTimeout 60s",
                    "FinWaitAckTimeout kernel\nFinWaitAckTimeout 30s", "FinWaitMethod drain",
                    "FinWaitTimeout Kernel\nFinWaitAckTimeout KERNEL\nFinWaitDrainLimit Unlimited\n"
                    "FinWaitLog a.log All env=quiet",
                    "FinWaitLog a.log all env=!quiet", "FinWaitLog a.log Stuck",
                    "FinWaitLog a.log stuck env=loud",
                    "FinWaitLedgerSize 16\nFinWaitLedgerSize 65536",
                    "FinWaitLog \"|/bin/cat -u\" env=loud", "FinWaitLog \"|$cat >/dev/null\"",
                    "FinWaitMaxHeld 1\nFinWaitMaxHeld 10000000",
                    "FinWaitTimeout 1ms\nFinWaitTimeout 1h\nFinWaitTimeout kernel",
                    "<IfModule mod_finwait.c>\nFinWaitCloser /bin/true\n</IfModule>",
                    "<VirtualHost *>\nServerName v\nFinWaitEngine Off\nFinWaitTimeout 3\n"
                    "FinWaitLog b.log\n</VirtualHost>"));

struct OnlyTelling : testing::TestWithParam<const char*> {};

TEST_P(OnlyTelling, StartsNoCloserAndNoLogProgram) {
    const std::string mark = Suite::dir() + "/started";
    const std::string closer = Suite::dir() + "/telltale";
    write_file(closer, "#!/bin/sh\necho started >" + mark + "\n");
    run({"chmod", "755", closer});
    const Finished said = apache2_says(
        Mpm::event, "FinWaitCloser " + closer + "\nFinWaitLog |" + closer + "\n", GetParam());
    EXPECT_EQ(said.exit_code, 0) << said.output;
    EXPECT_EQ(read_file(mark), "") << "it ran";
}

INSTANTIATE_TEST_SUITE_P(Each, OnlyTelling, testing::Values("-t", "-S", "-M", "-v", "-L"));

// --- merging ---

// A client has time to ask one host after the other.
constexpr const char* kThreeVhosts = R"(
    KeepAliveTimeout 4s
    FinWaitShortDrainTimeout 60s
    FinWaitDrainIdleTimeout 900ms
    <VirtualHost *:${plain}>
        ServerName first.test
        FinWaitDrainIdleTimeout 150ms
        FinWaitTimeout 0
    </VirtualHost>
    <VirtualHost *:${plain}>
        ServerName second.test
        FinWaitShortDrainTimeout 500ms
        FinWaitLog ${dir}/second.log
    </VirtualHost>
    <VirtualHost *:${plain}>
        ServerName third.test
    </VirtualHost>
)";

// Each host's drains end in another way, whatever time the machine takes.
void expect_policy_of_first(const Record& record) {
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::cut);
    expect_drained_for(record, 150ms);
}

// One request to each host over one connection, which then stays open.
Client asked(Httpd& httpd, const std::vector<std::string>& hosts) {
    Client client = httpd.client();
    for (const auto& host : hosts) {
        client.send("GET /small HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: of-" + host +
                    "\r\n\r\n");
        EXPECT_TRUE(client.reply().complete);
    }
    return client;
}

TEST(Vhost, OfTheLastRequestDecides) {
    Httpd httpd(Mpm::event, kThreeVhosts);
    const Client client = asked(httpd, {"third.test", "first.test"});
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.vhost, "first.test");
    EXPECT_EQ(record.user_agent, "of-first.test");
    EXPECT_EQ(record.requests, 2U);
    expect_policy_of_first(record);
}

TEST(Vhost, InheritsFromTheServerWhatItDoesNotSay) {
    Httpd httpd(Mpm::event, kThreeVhosts);
    const Client client = asked(httpd, {"third.test"});
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.vhost, "third.test");
    EXPECT_EQ(record.drain, Drain::idle_timeout);
    EXPECT_EQ(record.outcome, Outcome::timeout);
    expect_drained_for(record, 900ms);
}

TEST(Vhost, WithItsOwnLogDoesNotWriteToTheServers) {
    Httpd httpd(Mpm::event, kThreeVhosts);
    const Client client = asked(httpd, {"first.test", "second.test"});
    ASSERT_EVENTUALLY(httpd.records("second.log").size(), 1U);
    const Record record = httpd.records("second.log").front();
    EXPECT_EQ(record.vhost, "second.test");
    EXPECT_EQ(record.drain, Drain::deadline);
    expect_drained_for(record, 500ms);
    EXPECT_TRUE(httpd.records().empty());
}

TEST(Vhost, IsTheConnectionsOwnIfThereWasNoRequest) {
    Httpd httpd(Mpm::event, std::string("AcceptFilter http none\nRequestReadTimeout header=1\n") +
                                kThreeVhosts);
    const Client client = httpd.client();
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.cause, Cause::no_request);
    EXPECT_EQ(record.vhost, "first.test");  // the address's first virtual host
    expect_policy_of_first(record);
}

TEST(Vhost, OfAnHttp2StreamDecidesToo) {
    // Without SNI for it: the connection is localhost's, and only the stream names this host.
    Httpd httpd(Mpm::event, std::string(kThreeVhosts) + R"(
        <VirtualHost *:${tls}>
            ServerName stream.test
            FinWaitDrainIdleTimeout 150ms
            FinWaitTimeout 0
            SSLEngine on
            SSLCertificateFile ${suite}/tls.crt
            SSLCertificateKeyFile ${suite}/tls.key
            Protocols h2 http/1.1
        </VirtualHost>
    )");
    Client client =
        httpd.client(Transport::h2, {.host = "stream.test", .server_name = "localhost"});
    EXPECT_TRUE(client.get("/small").complete);
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.vhost, "stream.test");
    expect_policy_of_first(record);
}

using EngineOff = PerMpm;

TEST_P(EngineOff, LeavesTheCloseToHttpd) {
    Httpd httpd(mpm, R"(
        KeepAliveTimeout 200ms
        <VirtualHost *:${plain}>
            ServerName off.test
            FinWaitEngine Off
        </VirtualHost>
    )");
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    EXPECT_EVENTUALLY(httpd.counters().declined(Decline::engine_off), 1U);
    EXPECT_EQ(httpd.counters().closes(), 1U);
    EXPECT_EQ(httpd.counters().held(), 0U);
    // httpd itself lingers: the socket is still one of its own.
    EXPECT_TRUE(httpd.lingers_itself(client));
    client.close();
    ASSERT_TRUE(httpd.wait_settled());
    EXPECT_TRUE(httpd.records().empty());
}

INSTANTIATE_TEST_SUITE_P(Each, EngineOff, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
