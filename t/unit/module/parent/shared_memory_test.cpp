// SPDX-License-Identifier: Apache-2.0
//
// A process that may read shared memory tries to write it.
#include "module/parent/shared_memory.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "closer/sandbox/steps.hpp"

namespace finwait {
namespace {

constexpr std::size_t kSize = 4096;

struct SharedMemory : testing::Test {
    ~SharedMemory() override { close_and_forget(memory); }

    int memory = make_memory("finwait-test", kSize);
};

TEST_F(SharedMemory, ThatIsMappedToReadCannotBeMadeWritable) {
    const void* page = map_read_only(memory, kSize);
    ASSERT_NE(page, MAP_FAILED);
    EXPECT_EQ(::mprotect(const_cast<void*>(page), kSize, PROT_READ | PROT_WRITE), -1);
    EXPECT_EQ(errno, EACCES);
    // A sanitizer takes the signal for a fault of ours.
    if (!kIsInstrumented) {
        EXPECT_EXIT(*static_cast<volatile char*>(const_cast<void*>(page)) = 1,
                    testing::KilledBySignal(SIGSEGV), "");
    }
    ::munmap(const_cast<void*>(page), kSize);
}

TEST_F(SharedMemory, ThatIsOpenToReadCannotBeWritten) {
    int readable = open_read_only(memory);
    ASSERT_GE(readable, 0);
    EXPECT_EQ(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, readable, 0), MAP_FAILED);
    EXPECT_EQ(errno, EACCES);
    EXPECT_EQ(::write(readable, "x", 1), -1);
    EXPECT_EQ(::ftruncate(readable, 0), -1);
    close_and_forget(readable);
}

TEST_F(SharedMemory, CannotBeResizedByItsWriters) {
    EXPECT_EQ(::ftruncate(memory, 0), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::ftruncate(memory, 2 * kSize), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE), -1);
}

// A child of root's httpd: it has another user.
void open_again_as_nobody(int readable) {
    constexpr uid_t kNobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setuid(kNobody) != 0) ::_exit(2);
    const std::string path = "/proc/self/fd/" + std::to_string(readable);
    ::_exit(::open(path.c_str(), O_RDWR) < 0 && errno == EACCES ? 0 : 1);
}

TEST_F(SharedMemory, CannotBeOpenedAgainToWriteByAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    int readable = open_read_only(memory);
    EXPECT_EXIT(open_again_as_nobody(readable), testing::ExitedWithCode(0), "");
    close_and_forget(readable);
}

}  // namespace
}  // namespace finwait
