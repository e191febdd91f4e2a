// SPDX-License-Identifier: Apache-2.0
//
// Prometheus takes a counter that falls for one that began anew, and adds all of it once more: so
// none may ever fall, whatever becomes of the closer.
//
//     FINWAIT_DEATHS=100 build/server-tests --gtest_filter='*ManyDeaths*'
//
// kills it as often as that, which takes two minutes, and tells what became of every close.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

#include "clients/crowd.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using testing::Ge;
using testing::Ne;

using Samples = std::map<std::string, double>;

// Of the closer's process alone, which begins anew with each.
bool is_of_one_process(const std::string& name) {
    return name == "finwait_closer_cpu_seconds_total";
}

// Counters and histograms: their names end so by Prometheus' convention.
bool is_cumulative(const std::string& series) {
    const std::string name = series.substr(0, series.find('{'));
    if (is_of_one_process(name)) return false;
    return name.ends_with("_total") || name.ends_with("_bucket") || name.ends_with("_sum") ||
           name.ends_with("_count");
}

Samples cumulative_samples(const std::string& metrics) {
    Samples samples;
    std::istringstream in(metrics);
    for (std::string line; std::getline(in, line);) {
        const auto end = line.rfind(' ');
        if (line.starts_with('#') || end == std::string::npos) continue;
        const std::string series = line.substr(0, end);
        if (is_cumulative(series)) samples[series] = std::stod(line.substr(end + 1));
    }
    return samples;
}

class Scraped {
  public:
    explicit Scraped(Httpd& httpd) : httpd_(httpd) {}

    // Each sample beside the one before it.
    void scrape(const std::string& when) {
        const Reply reply = answered(httpd_, "?metrics");
        ++scrapes_;
        const Samples now = cumulative_samples(reply.body);
        for (const auto& [series, before] : last_) {
            ASSERT_TRUE(now.contains(series)) << series << " is gone " << when;
            ASSERT_GE(now.at(series), before) << series << " " << when;
        }
        last_ = now;
    }
    [[nodiscard]] double sum(const std::string& family) const {
        double sum = 0;
        for (const auto& [series, value] : last_)
            if (series.substr(0, series.find('{')) == family) sum += value;
        return sum;
    }
    [[nodiscard]] int scrapes() const { return scrapes_; }

  private:
    Httpd& httpd_;
    Samples last_;
    int scrapes_ = 0;
};

void expect_another_closer(Httpd& httpd, pid_t killed) {
    const auto is_served_again = [&] {
        Json json(asked(httpd, "?json").body);
        return json.text("/verdict/level") != "bad" && json.number("/process/pid") != killed;
    };
    ASSERT_EVENTUALLY(is_served_again(), true);
}

// Closes of every kind there is, some of them still under way when it returns.
void make_closes(Httpd& httpd, std::vector<Client>& keepers) {
    for (int i = 0; i < 20; ++i) {
        Client client = httpd.client(Transport::plain, {.user_agent = "ua/" + std::to_string(i)});
        EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    }
    for (int i = 0; i < 5; ++i) {
        keepers.push_back(httpd.client(Transport::plain, {.user_agent = "keeper/1.0"}));
        EXPECT_TRUE(keepers.back().get("/small", "Connection: close\r\n").complete);
    }
}

TEST(StatusMetrics, NeverFallThroughDeathsReplacementsAndGracefuls) {
    const std::string installed = Suite::dir() + "/replaced-for-metrics";
    const auto install = [&] {
        const std::string next = installed + ".new";
        std::filesystem::copy_file(Suite::build_dir() + "/finwait-closer", next);
        std::filesystem::rename(next, installed);
    };
    install();
    Httpd httpd(Mpm::event, std::string(kStatusLocation) + "FinWaitCloser " + installed + R"(
        FinWaitDrainIdleTimeout 1s
        FinWaitTimeout 2s
        FinWaitLedgerSize 16
        FinWaitLog ${dir}/stuck.log stuck
    )");
    httpd.expect_error("the closer died");
    std::vector<Client> keepers;
    Scraped scraped(httpd);
    const auto go_on = [&](const std::string& when) {
        make_closes(httpd, keepers);
        for (int i = 0; i < 5; ++i) scraped.scrape(when);
    };
    go_on("at first");
    for (int round = 0; round < 3; ++round) {
        const pid_t killed = httpd.closer_pids().back();
        ASSERT_EQ(::kill(killed, SIGKILL), 0);
        expect_another_closer(httpd, killed);
        go_on("after a closer was killed");
        install();
        httpd.graceful();
        go_on("while a replaced closer drains");
        httpd.graceful();
        go_on("after a graceful restart");
    }
    EXPECT_GE(scraped.scrapes(), 40);
    EXPECT_GT(scraped.sum("finwait_lost_total"), 0);
    ASSERT_TRUE(httpd.wait_settled());
    scraped.scrape("at the end");
    // The totals know every close that was not lost, whichever closer had it.
    const double finished = scraped.sum("finwait_closes_total");
    const double kept = scraped.sum("finwait_received_total") - scraped.sum("finwait_lost_total");
    EXPECT_LE(finished, scraped.sum("finwait_received_total"));
    EXPECT_GE(finished, kept - 1) << "but the scrape's own connection";
    EXPECT_EQ(finished, scraped.sum("finwait_close_causes_total"));
    EXPECT_EQ(finished, scraped.sum("finwait_close_drains_total"));
    httpd.stop();
    EXPECT_TRUE(std::filesystem::remove(installed));
}

// What a killed closer held is lost and counted. Of the messages that it was just receiving, a
// batch at most, nobody can tell.
TEST(StatusMetrics, NeverFallThroughManyDeathsInMidLoad) {
    constexpr std::uint64_t kHeldEach = 5, kBatch = 64;
    const char* wanted = std::getenv("FINWAIT_DEATHS");
    const std::uint64_t deaths = wanted ? std::strtoul(wanted, nullptr, 10) : 5;
    Httpd httpd(Mpm::event, kLocation);
    httpd.expect_error("the closer died");
    httpd.expect_unsettled();
    std::vector<Client> keepers;
    Scraped scraped(httpd);
    Load load(httpd.port(), 2);
    for (std::uint64_t death = 1; death <= deaths && !testing::Test::HasFailure(); ++death) {
        auto more = crowd_of(httpd, "keeper/1.0", kHeldEach);
        std::ranges::move(more, std::back_inserter(keepers));
        ASSERT_EVENTUALLY(held_in_fin_wait_2(httpd), Ge(std::int64_t{kHeldEach}));
        ASSERT_TRUE(load.wait_for(50));
        scraped.scrape("before death " + std::to_string(death));
        const pid_t killed = httpd.closer_pid();
        ASSERT_EQ(::kill(killed, SIGKILL), 0);
        expect_another_closer(httpd, killed);
        scraped.scrape("after death " + std::to_string(death));
    }
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    keepers.clear();
    EXPECT_EVENTUALLY(held_in_fin_wait_2(httpd), 0);
    const std::uint64_t closes = httpd.counters().closes();
    std::uint64_t finished = 0, lost = 0;
    // What was booked and not yet written is both.
    const auto told = [&] {
        scraped.scrape("at the end");
        finished = static_cast<std::uint64_t>(scraped.sum("finwait_closes_total"));
        lost = static_cast<std::uint64_t>(scraped.sum("finwait_lost_total"));
        return finished + lost + kBatch * deaths;
    };
    // Much may still be in the channel.
    EXPECT_EVENTUALLY(told(), Ge(closes - httpd.counters().declined()));
    EXPECT_GE(lost, kHeldEach * deaths);
    if (wanted)
        std::cout << deaths << " deaths, " << load.requests() << " requests, " << load.failures()
                  << " failed; of " << closes << " closes " << finished << " finished, " << lost
                  << " lost\n";
}

}  // namespace
}  // namespace finwait::test
