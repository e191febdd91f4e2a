// SPDX-License-Identifier: Apache-2.0
//
// New files under a running httpd, and whatever happens then, in any order: Records go on.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "clients/crowd.hpp"
#include "server/config.hpp"
#include "server/each.hpp"
#include "server/recorded_close.hpp"

namespace finwait::test {
namespace {

using testing::Combine;
using testing::Contains;
using testing::HasSubstr;
using testing::Ne;
using testing::Not;
using testing::SizeIs;
using testing::ValuesIn;

constexpr const char* kLongDrains = "FinWaitDrainIdleTimeout 60s\nFinWaitDrainTimeout 60s\n";

// What a package has installed, in a folder of its own.
class Package {
  public:
    explicit Package(const std::string& name) : folder_(Suite::dir() + "/package-" + name) {
        std::filesystem::create_directories(folder_);
        install_module("mod_finwait.so");
    }
    const std::string& folder() const { return folder_; }
    void install_module(const std::string& module) const {
        install(Suite::build_dir() + "/" + module, folder_ + "/mod_finwait.so");
        install(Suite::build_dir() + "/finwait-closer", folder_ + "/finwait-closer");
    }

  private:
    std::string folder_;
};

constexpr const char* kBuilds[] = {"mod_finwait.so", "other-layout-mod_finwait.so"};

std::string name_of_build(const std::string& module) {
    return module == kBuilds[0] ? "same_layout" : "other_layout";
}

// g: graceful, r: restart, k: the closer is killed.
constexpr const char* kOrders[] = {"", "g", "r", "k", "kg", "gk", "gg"};

struct NewFiles : testing::TestWithParam<std::tuple<const char*, const char*>> {
    const std::string module = std::get<0>(GetParam());
    const std::string order = std::get<1>(GetParam());
    const Package package{name_of_build(module) + "-" + order};
    Httpd httpd{Mpm::event, kLongDrains, {.programs = package.folder()}};

    bool kills() const { return order.find('k') != std::string::npos; }
    void kill_the_closer() {
        ASSERT_EVENTUALLY(httpd.closer_pids(), SizeIs(1)) << "the one before has ended";
        const pid_t closer = httpd.closer_pid();
        httpd.expect_error("the closer died");
        kill(closer, SIGKILL);
        ASSERT_EVENTUALLY(httpd.closer_pids(), Contains(Ne(closer)));
    }
    void take(char step) {
        if (step == 'g') httpd.graceful();
        if (step == 'r') httpd.restart();
        if (step == 'k') kill_the_closer();
    }
};

TEST_P(NewFiles, LoseNoRecordWhateverComesThen) {
    package.install_module(module);
    expect_a_recorded_close(httpd);
    std::size_t records = 1;
    for (const char step : order) {
        take(step);
        expect_a_recorded_close(httpd);
        ++records;
    }
    EXPECT_EVENTUALLY(httpd.closer_pids(), SizeIs(1)) << "a replaced closer with nothing to do";
    EXPECT_EQ(httpd.records().size(), records);
}

TEST_P(NewFiles, LeaveWhatIsHeldToTheCloserThatHoldsIt) {
    if (kills()) return;
    auto crowd = crowd_that_never_closes(httpd.port(), 10);
    ASSERT_EVENTUALLY(httpd.counters().held(), 10U);
    package.install_module(module);
    for (const char step : order) take(step);
    EXPECT_EQ(httpd.counters().held(), 10U);
    for (Client& client : crowd) client.close();
    EXPECT_EVENTUALLY(httpd.records(), SizeIs(10));
    EXPECT_EQ(std::ranges::count(httpd.records(), Drain::fin, &Record::drain), 10);
    EXPECT_EVENTUALLY(httpd.closer_pids(), SizeIs(1));
    expect_a_recorded_close(httpd);
}

struct NameOfOrder {
    std::string operator()(const testing::TestParamInfo<NewFiles::ParamType>& info) const {
        const std::string order = std::get<1>(info.param);
        return name_of_build(std::get<0>(info.param)) + "_then_" +
               (order.empty() ? "nothing" : order);
    }
};

INSTANTIATE_TEST_SUITE_P(Each, NewFiles, Combine(ValuesIn(kBuilds), ValuesIn(kOrders)),
                         NameOfOrder());

using NewLayout = PerMpm;

TEST_P(NewLayout, UnderLoadLosesNoRecordAndTellsWhatBeginsAnew) {
    const Package package("load-" + mpm_name(mpm));
    Httpd httpd(mpm, kLongDrains, {.programs = package.folder()});
    Load load(httpd.port(), 2);
    ASSERT_TRUE(load.wait_for(100));
    package.install_module(kBuilds[1]);
    httpd.end_watch();  // which knows the counters of before
    httpd.begin_graceful();
    ASSERT_TRUE(load.wait_for(100));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    EXPECT_EVENTUALLY(httpd.records(), SizeIs(load.requests()));
    EXPECT_EVENTUALLY(httpd.closer_pids(), SizeIs(1));
    EXPECT_THAT(httpd.error_log(), HasSubstr("it begins with a closer, books and counters"));
    EXPECT_THAT(httpd.error_log(), Not(HasSubstr("until httpd is stopped")));
}

INSTANTIATE_TEST_SUITE_P(Each, NewLayout, ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
