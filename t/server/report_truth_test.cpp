// SPDX-License-Identifier: Apache-2.0
//
// Clients of known behaviour, guilty ones and innocent ones: finwait-report must accuse exactly the
// guilty, and DuckDB must find every one of its figures in the same log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>

#include "clients/can.hpp"
#include "clients/netns.hpp"
#include "server/each.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;

enum class Deed : std::uint8_t {
    closes_first,        // before the server does
    closes,              // once the server has, as it was asked to
    resets,              // the same
    never_closes,        // acknowledges the server's FIN, and that is all
    closes_late,         // after the drain
    resets_late,         // after the drain
    vanishes,            // once it has acknowledged the server's FIN
    vanishes_before_fin  // and so never gets the server's FIN
};

struct Clients {
    const char* user_agent;
    const char* family;
    int count;
    Deed deed;
    Outcome outcome;
};

constexpr char kFirefox115[] =
    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0";
constexpr char kFirefox116[] =
    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/116.0";

// In the order they come; those that must not be too late come last. A family may have several
// lines, and so both do and not do it.
constexpr Clients kClients[] = {
    {"NeverCloses/1.0", "NeverCloses/1.0", 35, Deed::never_closes, Outcome::timeout},
    {"python-requests/2.28.1", "Python Requests", 40, Deed::never_closes, Outcome::timeout},
    {"Vanishes/4.0", "Vanishes/4.0", 38, Deed::vanishes, Outcome::vanished},
    {kFirefox115, "Firefox", 24, Deed::never_closes, Outcome::timeout},
    {kFirefox115, "Firefox", 16, Deed::closes, Outcome::fin},
    {kFirefox116, "Firefox", 10, Deed::closes, Outcome::fin},
    {"curl/7.88.1", "curl", 45, Deed::closes_first, Outcome::client_first},
    {"GoodBrowser/5.0", "GoodBrowser/5.0", 50, Deed::closes, Outcome::fin},
    {"ResetsAtOnce/1.0", "ResetsAtOnce/1.0", 40, Deed::resets, Outcome::reset},
    {"Unplugged/1.0", "Unplugged/1.0", 35, Deed::vanishes_before_fin, Outcome::unacked},
    {"", "(no User-Agent)", 32, Deed::closes, Outcome::fin},
    {"TooFewToTell/1.0", "TooFewToTell/1.0", 5, Deed::never_closes, Outcome::timeout},
    {"MostlyCloses/1.0", "MostlyCloses/1.0", 78, Deed::closes, Outcome::fin},
    {"MostlyCloses/1.0", "MostlyCloses/1.0", 2, Deed::never_closes, Outcome::timeout},
    {"ClosesLate/2.0 (x)", "ClosesLate/2.0", 36, Deed::closes_late, Outcome::late_fin},
    {"ResetsLate/3.0", "ResetsLate/3.0", 37, Deed::resets_late, Outcome::reset},
};

const std::set<std::string> kGuilty{"NeverCloses/1.0", "Python Requests", "ClosesLate/2.0",
                                    "ResetsLate/3.0", "Firefox"};

bool leaves_it_stuck(Deed deed) {
    return deed == Deed::never_closes || deed == Deed::closes_late || deed == Deed::resets_late;
}

// One log of all these clients, made once for all tests.
class ReportTruth : public testing::Test {
  protected:
    void SetUp() override { SKIP_IF(why_no_vanishing_clients()); }
    static void SetUpTestSuite() {
        if (!why_no_vanishing_clients().empty()) return;
        log = new std::string(Suite::dir() + "/truth.log");
        Netns netns;
        Httpd httpd(Mpm::event, kWaits, {.listen = netns.server_address()});
        for (const Clients& clients : kClients)
            if (clients.deed != Deed::vanishes_before_fin) let_come(clients, httpd, netns);
        let_misbehave(httpd);
        for (const Clients& clients : kClients)
            if (clients.deed == Deed::vanishes_before_fin) let_come(clients, httpd, netns);
        netns.vanish();
        EXPECT_TRUE(httpd.wait_settled()) << httpd.counters().text();
        std::filesystem::copy_file(httpd.dir() + "/finwait.log", *log);
        crowd.clear();
    }
    static void TearDownTestSuite() {
        if (!log) return;
        std::filesystem::remove(*log);
        delete log;
    }
    static Finished report(const std::vector<std::string>& words) {
        std::vector<std::string> argv{Suite::build_dir() + "/finwait-report", *log};
        argv.insert(argv.end(), words.begin(), words.end());
        return run(argv);
    }

    // Where the answer has the row of this name; "" if it has none.
    static std::string row_of(Json& answer, std::string_view name) {
        for (int i = 0; i < answer.size("/rows"); ++i) {
            const std::string at = "/rows/" + std::to_string(i);
            if (answer.text(at + "/name") == name) return at;
        }
        return {};
    }

    static inline std::string* log = nullptr;

  private:
    static constexpr char kWaits[] =
        "KeepAliveTimeout 4s\nFinWaitShortDrainTimeout 300ms\nFinWaitTimeout 8s\n"
        "FinWaitAckTimeout 2s\n"
        "BrowserMatch ^(Vanishes|ClosesLate|ResetsLate)/ finwait-timeout=5mi\n"  // they end it
        "LoadModule remoteip_module ${modules}/mod_remoteip.so\n"
        "RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy 127.0.0.0/8\n";

    static void let_come(const Clients& clients, Httpd& httpd, Netns& netns) {
        const bool may_vanish =
            clients.deed == Deed::vanishes || clients.deed == Deed::vanishes_before_fin;
        const ClientOptions options{.user_agent = clients.user_agent};
        for (int i = 0; i < clients.count; ++i) {
            Client client = may_vanish ? netns.connect(Transport::plain, httpd.port(), options)
                                       : httpd.client(Transport::plain, options);
            // Several connections for each client behind the proxy.
            ask(client, clients.deed, "203.0.113." + std::to_string(i * 2 / 3));
            crowd[clients.deed].push_back(std::move(client));
        }
    }

    // Who behaves has done so when this returns.
    static void ask(Client& client, Deed deed, const std::string& address) {
        const bool is_last = deed == Deed::closes || deed == Deed::resets;
        EXPECT_TRUE(client
                        .get("/small", "X-Forwarded-For: " + address + "\r\n" +
                                           (is_last ? "Connection: close\r\n" : ""))
                        .complete);
        if (deed == Deed::closes_first) client.close();
        if (!is_last) return;
        EXPECT_EQ(client.wait_end(), End::fin);
        deed == Deed::closes ? client.close() : client.reset();
    }

    static std::uint64_t waiting_or_given_up(const Counters& now) {
        return now.waiting() +
               read(now.closer().outcomes[static_cast<std::size_t>(Outcome::timeout)]);
    }

    static void let_misbehave(Httpd& httpd) {
        for (const Deed deed :
             {Deed::never_closes, Deed::vanishes, Deed::closes_late, Deed::resets_late})
            for (Client& client : crowd[deed]) EXPECT_EQ(client.wait_end(), End::fin);
        const auto stuck = crowd[Deed::never_closes].size() + crowd[Deed::vanishes].size() +
                           crowd[Deed::closes_late].size() + crowd[Deed::resets_late].size();
        // The first of those that never close may have been given up by then.
        EXPECT_EVENTUALLY(waiting_or_given_up(httpd.counters().snapshot()), stuck);
        for (Client& client : crowd[Deed::closes_late]) client.close();
        for (Client& client : crowd[Deed::resets_late]) client.reset();
    }

    static inline std::map<Deed, std::vector<Client>> crowd;
};

TEST_F(ReportTruth, AccusesExactlyTheGuilty) {
    Json answer(report({"--json"}).output);
    std::set<std::string> accused;
    for (int i = 0; i < answer.size("/verdict/culprits"); ++i)
        accused.insert(answer.text("/verdict/culprits/" + std::to_string(i)));
    EXPECT_EQ(accused, kGuilty) << answer.text("/verdict/sentence");
    for (int i = 0; i < answer.size("/rows"); ++i) {
        const std::string row = "/rows/" + std::to_string(i);
        EXPECT_EQ(answer.text(row + "/judgement") == "culprit",
                  kGuilty.contains(answer.text(row + "/name")))
            << row;
    }
}

TEST_F(ReportTruth, CountsWhatEachClientDid) {
    Json answer(report({"--json"}).output);
    std::map<std::string, std::map<std::string, std::int64_t>> truth;
    for (const Clients& clients : kClients) {
        auto& of_family = truth[clients.family];
        of_family["/stuck/closes"] += clients.count;
        of_family["/stuck/stuck"] += leaves_it_stuck(clients.deed) ? clients.count : 0;
        of_family["/requests"] += clients.count;
        of_family["/outcomes/" + std::string(name_of(clients.outcome))] += clients.count;
    }
    EXPECT_EQ(answer.size("/rows"), static_cast<int>(truth.size()));
    for (const auto& [family, figures] : truth) {
        const std::string row = row_of(answer, family);
        ASSERT_FALSE(row.empty()) << family;
        for (const auto& [figure, count] : figures)
            EXPECT_EQ(answer.number(row + figure), count) << family << figure;
    }
}

TEST_F(ReportTruth, NamesTheGuiltyFirstAndNobodyElseInItsSentence) {
    const std::string screen = report({}).output;
    const std::string sentence = screen.substr(0, screen.find("\n\n"));
    for (const Clients& clients : kClients) {
        if (kGuilty.contains(clients.family)) continue;
        EXPECT_THAT(sentence, testing::Not(HasSubstr(clients.family)));
    }
    EXPECT_LE(std::count(screen.begin(), screen.end(), '\n'), 24) << screen;
}

// t/setup fetches DuckDB, from npm.
TEST_F(ReportTruth, IsWhatDuckDbFinds) {
    const std::string oracle = Suite::build_dir() + "/oracle";
    if (!std::filesystem::exists(oracle + "/node_modules/.package-lock.json"))
        GTEST_SKIP() << "no DuckDB in " << oracle
                     << ": `t/setup check` tells why npm could not install it";
    std::string families;
    for (const Clients& clients : kClients)
        families += std::string(families.empty() ? "{" : ",") + '"' + clients.user_agent + "\":\"" +
                    clients.family + '"';
    write_file(Suite::dir() + "/families.json", families + "}");
    for (const char* by : {"family", "ua", "vhost", "address", "peer", "cause", "hour"}) {
        const std::string answer = Suite::dir() + "/truth.json";
        write_file(answer, report({"--json", "--by", by}).output);
        const Finished oracles =
            run({"/bin/sh", "-c", "cd \"$0\" && exec node ../../t/oracle/report.mjs \"$@\"", oracle,
                 *log, answer, Suite::dir() + "/families.json"});
        EXPECT_EQ(oracles.exit_code, 0) << by << ": " << oracles.output;
        EXPECT_THAT(oracles.output, HasSubstr(std::string("by ") + by + ": the same figures"));
    }
}

}  // namespace
}  // namespace finwait::test
