// SPDX-License-Identifier: Apache-2.0
//
// What clients really call themselves: in other character sets than UTF-8, with control bytes, with
// what means something to JSON, to httpd's configuration and to regular expressions. From the log
// to the report, to --httpd-conf, to httpd, whatever is in between: the client gets its remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kOdd[] = {
    // Latin-1, windows-1251, Shift_JIS, EUC-KR, GBK, Big5: as old browsers send what is installed.
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0; Vodafone Espa\xf1"
    "a; FunWebProducts)",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; Wanadoo C\xe2"
    "ble 5.6; SV1)",
    "Opera/7.20 (Windows NT 5.1; U)  [r\xf8v]",
    "M\xfcller-Abruf/1.0",
    "\xc7\xe0\xe3\xf0\xf3\xe7\xf7\xe8\xea/2.1",
    "\x83\x75\x83\x89\x83\x45\x83\x55/3.0 (Windows; \x93\xfa\x96\x7b)",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0; \xbe\xdc\xc6\xc4\xc0\xcf (atfile.com))",
    "\xce\xd2\xb5\xc4\xd3\xa6\xd3\xc3/1.0 CFNetwork/711.1.16 Darwin/14.0.0",
    "\xa7\xda\xaa\xba\xb5\x7b\xa6\xa1/5.2",
    // UTF-8, U+FFFD itself, and UTF-8 that was cut, overlong or no character at all.
    "\xe6\x88\x91\xe7\x9a\x84\xe5\xba\x94\xe7\x94\xa8/3.0.1 CFNetwork/1240 Darwin/20.6.0",
    "Pok\xc3\xa9"
    "Client/1.0 \xf0\x9f\x90\xb1",
    "\xf0\x9f\x92\xa9",
    "Already \xef\xbf\xbd lost/1.0",
    "\xef\xbf\xbd\xf1\xef\xbf\xbd/1.0",
    "Half a character \xe2\x82",
    "Overlong \xc0\xaf and a surrogate \xed\xa0\x80/1.0",
    "\xff\xfeU\x01T\x01"
    "F\x01-16/1.0",
    // Control bytes, as far as httpd takes them.
    "\x1b[31mred\x1b[0m/1.0",
    "\x7f\x08\x07 bell/1.0",
    "tab\tbed/1.0",
    // JSON, httpd's configuration, regular expressions, shells.
    R"("quoted" and 'quoted'/1.0)",
    R"(C:\Program Files\Updater\up.exe)",
    R"(ends in a backslash \)",
    R"(\x41\u0041\Q\E/1.0)",
    "${PATH} %{HTTP_HOST}e %h/1.0",
    "</IfModule> # no comment",
    "^a.*(b+)?[c-d]{2}|$",
    "() { :;}; /bin/true",
    "[FBAN/PAAA;FBDM/{density=2.0,width=720};FBLC/es_ES]",
    "?",
    ".",
    "-",
    "Mozilla/5.0 (Linux; U; Android 4.1.2; vi-vn) \xc4\x90i\xe1\xbb\x87n tho\xe1\xba\xa1i",
    std::string(90, '\xe9') + "/1.0",
    std::string(254, 'a') + "\xe9",
    std::string(700, '\xd6'),
};

// A byte that neither httpd nor a log of its own has to like.
constexpr char kServer[] =
    "HttpProtocolOptions Unsafe\nKeepAliveTimeout 1s\nFinWaitShortDrainTimeout 1s\n";

bool keeps_alive(Httpd& httpd, const std::string& user_agent) {
    Client client = httpd.client(Transport::plain, {.user_agent = user_agent});
    const Reply reply = client.get("/small");
    EXPECT_EQ(reply.status, 200) << user_agent;
    client.close();
    return reply.headers.find("Connection: close") == std::string::npos;
}

// One idle connection each, the lines that so many would have made, and those of the honest.
std::string log_of_idle_clients() {
    constexpr int kAsIfSoMany = 40, kHonest = 10'000;
    Httpd httpd(Mpm::event, kServer);
    std::vector<Client> clients;
    for (const std::string& user_agent : kOdd) {
        clients.push_back(httpd.client(Transport::plain, {.user_agent = user_agent}));
        EXPECT_EQ(clients.back().get("/small").status, 200) << user_agent;
    }
    EXPECT_TRUE(httpd.wait_settled(std::size(kOdd)));
    for (const Record& record : httpd.records()) EXPECT_TRUE(record.is_stuck()) << record;
    std::string log;
    for (int i = 0; i < kAsIfSoMany; ++i) log += read_file(httpd.dir() + "/finwait.log");
    Record honest;
    honest.user_agent = "curl/8.0";
    honest.drain = Drain::fin;
    honest.outcome = Outcome::fin;
    for (int i = 0; i < kHonest; ++i) append_record(log, honest);
    return log;
}

TEST(OddUserAgent, IsMatchedByItsSnippetAsHttpdSeesIt) {
    const std::string log = Suite::dir() + "/odd.log";
    write_file(log, log_of_idle_clients());
    const Finished conf = run({Suite::build_dir() + "/finwait-report", "--httpd-conf", log});
    ASSERT_EQ(conf.exit_code, 0) << conf.output;

    Httpd httpd(Mpm::event, kServer + conf.output);
    for (const std::string& user_agent : kOdd)
        EXPECT_FALSE(keeps_alive(httpd, user_agent)) << user_agent;
    for (const char* honest : {"curl/8.0", "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0", "aa"})
        EXPECT_TRUE(keeps_alive(httpd, honest)) << honest;
    if (HasFailure()) FAIL() << conf.output;
}

}  // namespace
}  // namespace finwait::test
