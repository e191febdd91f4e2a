// SPDX-License-Identifier: Apache-2.0
//
// What the closer's process has given up, as the kernel says and as it says itself.
#include "closer/sandbox/steps.hpp"
#include "finwait/confinement.hpp"
#include "unit/closer/closer_process.hpp"

namespace finwait {
namespace {

using namespace test;
namespace fs = std::filesystem;

using CloserSandbox = CloserProcess;

TEST_F(CloserSandbox, HasNoCapabilityAndGetsNoNewOne) {
    start();
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
        EXPECT_EQ(std::vector<std::string>(1, "0000000000000000"), status_field(set)) << set;
    if (::geteuid() == 0) {
        EXPECT_EQ("0000000000000000", status_field("CapBnd").at(0));
    }
    EXPECT_EQ(std::vector<std::string>(1, "1"), status_field("NoNewPrivs"));
    EXPECT_TRUE(ready.confinement.has(Restriction::no_capabilities));
    EXPECT_TRUE(ready.confinement.has(Restriction::no_new_privs));
}

TEST_F(CloserSandbox, FiltersItsCallsAndSaysWhatIsInForce) {
    if (kIsInstrumented) GTEST_SKIP() << "instruments make calls of their own";
    start();
    const bool filters = ready.confinement.has(Restriction::seccomp);
    EXPECT_EQ(std::vector<std::string>(1, filters ? "2" : "0"), status_field("Seccomp"));
    EXPECT_TRUE(ready.confinement.has(Restriction::not_dumpable));
    EXPECT_FALSE(ready.confinement.has(Restriction::chroot));
    EXPECT_EQ(ready.confinement.has(Restriction::landlock), ready.confinement.landlock_abi > 0);
    Pulse pulse;
    const auto booked = [&] {
        // It may be writing it.
        return books->closers[2].pulse.read(pulse) ? confinement_text(pulse.confinement) : "";
    };
    EXPECT_EVENTUALLY(booked(), confinement_text(ready.confinement));
    EXPECT_GT(pulse.resident_bytes, 0U) << "from what was opened before";
}

TEST_F(CloserSandbox, LivesInTheChrootDirectory) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::string directory = testing::TempDir() + "finwait-chroot-XXXXXX";
    ASSERT_NE(nullptr, ::mkdtemp(directory.data()));
    arguments.insert(arguments.end(), {"--chroot", directory});
    start();
    EXPECT_TRUE(ready.confinement.has(Restriction::chroot));
    EXPECT_EQ(directory, fs::read_symlink("/proc/" + std::to_string(pid) + "/root").string());
    fs::remove(directory);
    TcpPair pair = loopback.half_closed();
    hand_over(pair);
    pair.client.reset();
    EXPECT_EQ(Outcome::fin, records(1).at(0).outcome);
}

TEST_F(CloserSandbox, GoesOnWithoutWhatTheSystemRefusesAndTellsEach) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    arguments.insert(arguments.end(), {"--chroot", "/nowhere"});
    start();
    EXPECT_FALSE(ready.confinement.has(Restriction::chroot));
    Control told = receive_control();
    EXPECT_EQ(ControlKind::notice, told.kind);
    EXPECT_EQ(NoticeLevel::warning, told.level);
    EXPECT_EQ("it goes on without chroot: chdir(ChrootDir) failed: No such file or directory",
              told.text);
}

}  // namespace
}  // namespace finwait
