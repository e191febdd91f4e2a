// SPDX-License-Identifier: Apache-2.0
//
// Twenty clients with five User-Agents, each with its own misbehaviour, and two hundred good ones:
// every Record must say what its client did, what each User-Agent cost must be what `ss` saw, and
// the ledger must have counted the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include "clients/can.hpp"
#include "clients/netns.hpp"
#include "server/each.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

// Writes down, twenty times a second or as often as it can, which sockets of the server are in
// FIN_WAIT_2, by cookie. Not those that the kernel still keeps when they have been given up: a
// second, its smallest unit.
class Watch {
  public:
    explicit Watch(std::uint16_t port) : thread_([this, port] { look_at(port); }) {}
    ~Watch() { stop(); }

    // Seconds in FIN_WAIT_2 by cookie (as a number).
    const std::map<std::uint64_t, double>& stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
        return seconds_;
    }
    // Of a socket's time: half a look at its beginning, and half a one at its end.
    [[nodiscard]] double grain() const { return longest_; }

  private:
    void look_at(std::uint16_t port) {
        std::map<std::uint64_t, bool> before;
        auto last = Clock::now();
        while (!stopping_) {
            const auto next = last + 50ms;
            std::this_thread::sleep_until(next);
            const auto asked = Clock::now();
            const auto now = seen(port);
            const double passed = std::chrono::duration<double>(asked - last).count();
            last = asked;
            longest_ = std::max(longest_, passed);
            // What came or went in between did so in the middle.
            for (const auto& [cookie, _] : now)
                seconds_[cookie] += before.contains(cookie) ? passed : passed / 2;
            for (const auto& [cookie, _] : before)
                if (!now.contains(cookie)) seconds_[cookie] += passed / 2;
            before = now;
        }
    }
    static std::map<std::uint64_t, bool> seen(std::uint16_t port) {
        std::map<std::uint64_t, bool> cookies;
        std::istringstream lines(
            run({"ss", "-tneoH", "state", "fin-wait-2", "sport", "=", ":" + std::to_string(port)})
                .output);
        for (std::string line; std::getline(lines, line);) {
            const std::size_t at = line.find(" sk:");
            if (at == std::string::npos || line.find("timer:(timewait") != std::string::npos)
                continue;
            cookies[std::stoull(line.substr(at + 4), nullptr, 16)] = true;
        }
        return cookies;
    }

    std::map<std::uint64_t, double> seconds_;
    double longest_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

struct Kind {
    const char* user_agent;
    Outcome outcome;
    Drain drain;
    bool is_stuck;
};

constexpr Kind kKinds[] = {
    {"never-closes/1", Outcome::timeout, Drain::idle_timeout, true},
    {"closes-late/1", Outcome::fin, Drain::fin, false},
    {"closes-after-the-drain/1", Outcome::late_fin, Drain::idle_timeout, true},
    {"resets/1", Outcome::reset, Drain::reset, false},
    {"vanishes/1", Outcome::unacked, Drain::idle_timeout, false},
};
constexpr std::size_t kOfEachKind = 4;
constexpr std::size_t kGood = 200;

class Truth : public testing::Test {
  protected:
    using Crowd = std::map<std::string, std::vector<Client>>;

    void SetUp() override {
        SKIP_IF(why_no_vanishing_clients());
        netns.emplace();
        httpd.emplace(Mpm::event, std::string(kStatusLocation) + kWaits,
                      HttpdOptions{.listen = netns->server_address()});
        watch.emplace(httpd->port());
        for (const Kind& kind : kKinds)
            for (std::size_t i = 0; i < kOfEachKind; ++i) add(kind.user_agent);
    }
    void add(const std::string& user_agent) {
        ClientOptions options{.user_agent = user_agent, .address = netns->server_address()};
        Client client = user_agent.starts_with("vanishes")
                            ? netns->connect(Transport::plain, httpd->port(), options)
                            : Client(Transport::plain, httpd->port(), options);
        EXPECT_TRUE(client.get("/small").complete);
        crowd[user_agent].push_back(std::move(client));
    }
    void good_clients_come_and_go() {
        for (std::size_t i = 0; i < kGood; ++i) {
            Client good = httpd->client(Transport::plain, {.user_agent = "good/1"});
            EXPECT_TRUE(good.get("/small", "Connection: close\r\n").complete);
            EXPECT_EQ(good.wait_end(), End::fin);
            good.close();
        }
    }
    // Each client's own time to act, from the server's FINs.
    void misbehave() {
        for (Client& client : crowd["never-closes/1"]) EXPECT_EQ(client.wait_end(), End::fin);
        const auto fin = Clock::now();
        const auto at = [&](milliseconds time) { std::this_thread::sleep_until(fin + time); };
        at(1s);
        for (Client& client : crowd["resets/1"]) client.reset();
        at(3s);
        for (Client& client : crowd["closes-late/1"]) client.close();
        at(8500ms);  // between the drain's end and the kernel's
        for (Client& client : crowd["closes-after-the-drain/1"]) client.close();
    }

    // What the ledger must have counted, if the Records are right.
    static Tally tally_of(const std::vector<Record>& records) {
        Tally tally;
        for (const Record& record : records) tally.add(record);
        return tally;
    }
    template <typename Words, std::size_t N>
    static void expect_words(Json& page, const std::string& at, const Words& words,
                             const std::array<std::uint64_t, N>& counts) {
        for (std::size_t i = 0; i < N; ++i)
            EXPECT_EQ(page.number(at + std::string(words[i].name)), counts[i])
                << at << words[i].name;
    }
    // Records have whole milliseconds: which bucket one belongs to may not be certain.
    static void expect_histogram(Json& page, const std::string& at,
                                 const std::vector<Record>& records) {
        std::array<std::int64_t, kFinWait2Buckets> least{}, most{};
        for (const Record& record : records) {
            const milliseconds time(record.fin_wait_2_ms());
            const std::size_t low = fin_wait_2_bucket(time);
            const std::size_t high = fin_wait_2_bucket(time + 1ms);
            if (low == high && time > 0ms) ++least[low];
            ++most[low];
            if (low != high) ++most[high];
        }
        for (std::size_t i = 0; i < kFinWait2Buckets; ++i) {
            const bool has_bound = i < kFinWait2BoundsMs.size();
            const std::int64_t count = page.number(
                has_bound ? at + "buckets/" + std::to_string(i) + "/count" : at + "beyond");
            EXPECT_GE(count, least[i]) << at << i;
            EXPECT_LE(count, most[i]) << at << i;
        }
    }
    static void expect_account(Json& page, const char* user_agent,
                               const std::vector<Record>& records) {
        const std::string at = page.account(user_agent);
        ASSERT_FALSE(at.empty()) << user_agent;
        const Tally tally = tally_of(records);
        const std::string finished = at + "/finished/";
        EXPECT_EQ(page.number(finished + "closes"), tally.closes) << user_agent;
        EXPECT_EQ(page.number(finished + "requests"), tally.requests) << user_agent;
        EXPECT_EQ(page.number(finished + "stuck"), tally.stuck) << user_agent;
        EXPECT_EQ(page.number(finished + "drained_bytes"), tally.drained_bytes) << user_agent;
        expect_words(page, finished + "outcomes/", kOutcomes, tally.outcomes);
        expect_words(page, finished + "causes/", kCauses, tally.causes);
        expect_words(page, finished + "drains/", kDrains, tally.drains);
        expect_histogram(page, finished + "fin_wait_2/", records);
        EXPECT_NEAR(page.real(finished + "socket_seconds"),
                    static_cast<double>(tally.fin_wait_2_ns) / 1e9,
                    0.001 * static_cast<double>(tally.closes))
            << user_agent;
        const auto [first, last] = std::ranges::minmax(records, {}, &Record::half_close);
        EXPECT_GE(page.number(at + "/opened_ms"), first.half_close.count()) << user_agent;
        EXPECT_GE(page.number(at + "/last_seen_ms"), last.half_close.count()) << user_agent;
        EXPECT_GE(page.number(at + "/last_seen_ms"), page.number(at + "/opened_ms"));
        EXPECT_LE(page.number(at + "/last_seen_ms"), page.number("/now_ms"));
        for (const char* state : {"/now/fin_wait_1", "/now/fin_wait_2", "/now/closing"})
            EXPECT_EQ(page.number(at + state), 0) << user_agent;
    }

    static constexpr char kWaits[] = R"(
        KeepAliveTimeout 4s
        FinWaitDrainIdleTimeout 6s
        FinWaitShortDrainTimeout 60s
        FinWaitTimeout 5s
        FinWaitAckTimeout 9s
    )";

    std::optional<Netns> netns;
    std::optional<Httpd> httpd;
    std::optional<Watch> watch;
    Crowd crowd;
};

TEST_F(Truth, OfEveryCloseIsInItsRecordAndInItsUserAgentsCost) {
    netns->vanish();
    std::thread good([&] { good_clients_come_and_go(); });
    misbehave();
    good.join();
    ASSERT_TRUE(httpd->wait_settled(kGood + std::size(kKinds) * kOfEachKind));
    const auto& truth = watch->stop();

    std::map<std::string, std::vector<Record>> by_agent;
    for (const Record& record : httpd->records())
        by_agent[std::string(record.user_agent)].push_back(record);
    ASSERT_EQ(by_agent["good/1"].size(), kGood);
    for (const Record& record : by_agent["good/1"]) EXPECT_EQ(record.outcome, Outcome::fin);
    Json page(answered(*httpd, "?json").body);
    for (const Kind& kind : kKinds) {
        ASSERT_EQ(by_agent[kind.user_agent].size(), kOfEachKind) << kind.user_agent;
        double cost = 0, seen = 0;
        for (const Record& record : by_agent[kind.user_agent]) {
            EXPECT_EQ(record.outcome, kind.outcome)
                << kind.user_agent << ": " << name_of(record.outcome);
            EXPECT_EQ(record.drain, kind.drain) << kind.user_agent;
            cost += static_cast<double>(record.fin_wait_2_ms()) / 1000;
            const auto entry = truth.find(record.socket_cookie);
            if (entry != truth.end()) seen += entry->second;
        }
        RecordProperty(kind.user_agent, std::to_string(cost) + " s, ss: " + std::to_string(seen));
        // Two per cent and the grain of the watch.
        const double grain = watch->grain() * kOfEachKind;
        EXPECT_NEAR(cost, seen, 0.02 * seen + grain) << kind.user_agent;
        EXPECT_EQ(tally_of(by_agent[kind.user_agent]).stuck, kind.is_stuck ? kOfEachKind : 0U);
        expect_account(page, kind.user_agent, by_agent[kind.user_agent]);
    }
    expect_account(page, "good/1", by_agent["good/1"]);
}

}  // namespace
}  // namespace finwait::test
