// SPDX-License-Identifier: Apache-2.0
#include "finwait/books.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <numeric>

#include "unit/books.hpp"

namespace finwait {
namespace {

using testing::HasSubstr;

// All numbers in it are always alike.
struct Numbers {
    std::array<std::uint64_t, 100> all{};
    std::uint8_t last = 0;

    [[nodiscard]] bool is_whole() const {
        return std::ranges::all_of(all, [this](std::uint64_t one) { return one == all[0]; }) &&
               last == static_cast<std::uint8_t>(all[0]);
    }
};

template <typename T>
T& shared() {
    void* bytes =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return *new (bytes) T;
}

TEST(Part, IsReadWholeWhileAnotherProcessWritesIt) {
    auto& part = shared<Part<Numbers>>();
    const pid_t writer = ::fork();
    if (writer == 0)
        for (;;)
            part.write([](Numbers& numbers) {
                for (std::uint64_t& one : numbers.all) ++one;
                ++numbers.last;
            });
    std::uint64_t last = 0;
    int whole = 0;
    for (int i = 0; i < 1'000'000 && whole < 10'000; ++i) {
        Numbers copy;
        if (!part.read(copy)) continue;
        ++whole;
        ASSERT_TRUE(copy.is_whole());
        ASSERT_GE(copy.all[0], last);
        last = copy.all[0];
    }
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    EXPECT_GT(whole, 0);
    ::munmap(&part, sizeof part);
}

TEST(Part, WhoseWriterDiedWhileItWroteIsRefusedUntilItIsMended) {
    auto& part = shared<Part<Numbers>>();
    const pid_t writer = ::fork();
    if (writer == 0) {
        part.write([](Numbers& numbers) {
            numbers.all[0] = 7;
            ::_exit(0);
        });
    }
    ::waitpid(writer, nullptr, 0);
    Numbers copy;
    EXPECT_TRUE(part.is_half_written());
    EXPECT_FALSE(part.read(copy));
    EXPECT_EQ(7U, copy.all[0]) << "a reader that can do with some of each has it";
    part.mend([](Numbers& numbers) { numbers = {}; });
    EXPECT_FALSE(part.is_half_written());
    EXPECT_TRUE(part.read(copy));
    EXPECT_EQ(0U, copy.all[0]);
    ::munmap(&part, sizeof part);
}

TEST(Part, CanBeReadInPart) {
    Part<Numbers> part;
    part.write([](Numbers& numbers) { numbers.all[1] = 9; });
    std::array<std::uint64_t, 2> first{};
    EXPECT_TRUE(part.read_first(first));
    EXPECT_EQ(9U, first[1]);
}

TEST(BookText, TrustsNoLength) {
    BookText<8> text;
    text.set("longer than it may be");
    EXPECT_EQ("longer t", text.text());
    text.size = 60'000;
    EXPECT_EQ(8U, text.text().size());
}

class FindBooks : public testing::Test {
  protected:
    // The first of them are enough: nothing else is looked at.
    std::string why_not(std::size_t size = sizeof(Books)) {
        std::string why_not;
        bytes.resize(std::min(size, sizeof header));
        if (!bytes.empty()) std::memcpy(bytes.data(), &header, bytes.size());
        const Books* books = find_books({bytes.data(), size}, why_not);
        EXPECT_EQ(why_not.empty(), books != nullptr);
        return why_not;
    }

    BooksHeader header = new_books_header();
    std::vector<std::byte> bytes;
};

TEST_F(FindBooks, FindsThoseOfThisBuild) {
    EXPECT_EQ("", why_not());
    EXPECT_NE(SipKey(), header.key);
    EXPECT_NE(new_books_header().key, header.key);
}

TEST_F(FindBooks, SaysWhatIsWrongWithOthers) {
    EXPECT_THAT(why_not(0), HasSubstr("are cut off"));
    EXPECT_THAT(why_not(sizeof header - 1), HasSubstr("are cut off"));
    EXPECT_THAT(why_not(sizeof header + 100), HasSubstr("are 140 bytes, and not"));
    EXPECT_THAT(why_not(sizeof(Books) + 1), HasSubstr("bytes, and not"));
    ++header.layout;
    EXPECT_THAT(why_not(), HasSubstr("of another build of mod_finwait"));
    header = {};
    EXPECT_THAT(why_not(), HasSubstr("is something else"));
}

TEST(Books, TakeMemoryOnlyWhereTheyAreWritten) {
    const UniqueFd memory = test::books_memory();
    const test::MappedBooks books(memory);
    EXPECT_TRUE(books->closers[0].used_accounts().empty());
    EXPECT_TRUE(books->closers[0].used_remedies().empty());
    struct stat status {};
    ASSERT_EQ(0, ::fstat(memory.get(), &status));
    EXPECT_EQ(sizeof(Books), static_cast<std::size_t>(status.st_size));
    EXPECT_LE(status.st_blocks * 512, 64 * 1024);
}

}  // namespace
}  // namespace finwait
