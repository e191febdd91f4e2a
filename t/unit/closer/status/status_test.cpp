// SPDX-License-Identifier: Apache-2.0
//
// The closer's answers: from the question in the channel to the page in memory.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <simdjson.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "closer/status/present.hpp"
#include "module/status/ask.hpp"
#include "unit/closer/closer_fixture.hpp"
#include "unit/closer/open_descriptors.hpp"
#include "unit/closer/status/status_sources.hpp"

namespace finwait::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::byte> encoded(const Question& question) {
    std::vector<std::byte> bytes(kHandoffSizeMax);
    bytes.resize(encode(question, bytes));
    return bytes;
}

std::string text_of(int descriptor) {
    std::string text(size_of_answer(descriptor), '\0');
    EXPECT_EQ(::pread(descriptor, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
}

class Status : public CloserTest {
  protected:
    // Asks in a thread, because asking waits.
    Answer asked(StatusFormat format, ModuleTotals module = {}) {
        Answer answer;
        std::atomic<bool> is_done = false;
        std::thread asker([&] {
            const std::array lanes{child.get()};
            answer = ask(lanes, {format, module, {}}, 5s);
            is_done = true;
        });
        turn_until([&] { return is_done.load(); });
        asker.join();
        return answer;
    }
    std::string page(StatusFormat format, ModuleTotals module = {}) {
        now.monotonic += kAnswerAge;
        const Answer answer = asked(format, module);
        EXPECT_GE(answer.descriptor, 0) << answer.why_not;
        const UniqueFd owner(answer.descriptor);
        return text_of(answer.descriptor);
    }
    simdjson::dom::element json() {
        json_ = page(StatusFormat::json);
        return parser_.parse(json_);
    }

  private:
    std::string json_;
    simdjson::dom::parser parser_;
};

TEST_F(Status, ShowsWhoHoldsWhat) {
    set_up();
    TcpPair a = loopback.half_closed(), b = loopback.half_closed(), c = loopback.half_closed();
    Handoff bad = sample();
    bad.user_agent = "bad/1";
    bad.requests = 2;
    for (TcpPair* pair : {&a, &b}) hand_over(*pair, bad);
    hand_over(c);
    settle(3);
    turn(2s);
    const simdjson::dom::element status = json();
    EXPECT_EQ(std::int64_t(status["sockets"]["draining"]["fin_wait_2"]), 3);
    EXPECT_EQ(std::int64_t(status["sockets"]["held_max"]), 1000);
    EXPECT_THAT(std::string(std::string_view(status["verdict"]["sentence"])),
                HasSubstr("bad/1 holds 2 of 3 sockets"));
    const simdjson::dom::element first = status["accounts"].at(0);
    EXPECT_EQ(std::string_view(first["user_agent"]), "bad/1");
    EXPECT_EQ(std::int64_t(first["now"]["fin_wait_2"]), 2);
    EXPECT_NEAR(double(first["open_socket_seconds"]), 4.2, 0.3);
    EXPECT_EQ(status["oldest"].get_array().size(), 3U);
    EXPECT_EQ(std::string_view(status["oldest"].at(0)["state"]), "fin_wait_2");
    EXPECT_EQ(std::string_view(status["oldest"].at(0)["peer_address"]), "192.0.2.1");
    EXPECT_NE(std::string_view(status["oldest"].at(0)["cookie"]), "0");
    EXPECT_EQ(std::int64_t(status["hour"]["draining"].at(0)), 3);
}

TEST_F(Status, SaysWhatTheModuleCounted) {
    set_up();
    ModuleTotals module{9, 5, 3, {}};
    EXPECT_THAT(page(StatusFormat::metrics, module),
                HasSubstr("finwait_connections_closed_total 9\n"));
    EXPECT_THAT(page(StatusFormat::html), HasSubstr("</html>"));
}

TEST_F(Status, IsNoClose) {
    set_up();
    static_cast<void>(page(StatusFormat::html));
    EXPECT_EQ(read(counters->received), 0U);
    EXPECT_EQ(read(counters->bad_messages), 0U);
}

TEST_F(Status, ServesOneAnswerToAllWhoAskAtOnce) {
    set_up();
    const Answer first = asked(StatusFormat::json), second = asked(StatusFormat::json);
    const UniqueFd owners[] = {UniqueFd(first.descriptor), UniqueFd(second.descriptor)};
    struct stat one {
    }, other{};
    ASSERT_EQ(::fstat(first.descriptor, &one), 0);
    ASSERT_EQ(::fstat(second.descriptor, &other), 0);
    EXPECT_EQ(one.st_ino, other.st_ino);
    now.monotonic += kAnswerAge;
    const Answer later = asked(StatusFormat::json);
    const UniqueFd owner(later.descriptor);
    ASSERT_EQ(::fstat(later.descriptor, &other), 0);
    EXPECT_NE(one.st_ino, other.st_ino);
}

TEST_F(Status, CannotBeChangedByWhoAsked) {
    set_up();
    const Answer answer = asked(StatusFormat::json);
    const UniqueFd owner(answer.descriptor);
    ASSERT_GE(answer.descriptor, 0);
    EXPECT_EQ(::write(answer.descriptor, "x", 1), -1);
    EXPECT_EQ(::ftruncate(answer.descriptor, 0), -1);
}

TEST_F(Status, QuestionWithoutAnEndOrWithSeveralIsRefusedAndLeaksNothing) {
    set_up();
    const UniqueFd any(::memfd_create("any", MFD_CLOEXEC));
    const auto before = open_descriptors();
    ASSERT_EQ(0, send_message(child, encoded(Question()), {}));
    ASSERT_EQ(0, send_message(child, encoded(Question()), {any.get(), any.get()}));
    turn_until([&] { return read(counters->bad_messages) == 2; });
    EXPECT_EQ(read(counters->received), 2U);
    EXPECT_EQ(open_descriptors(), before);
}

// A child that asks with a descriptor of something else, or that has gone, gets nothing.
TEST_F(Status, AnswersNobodyWhoCannotTakeIt) {
    set_up();
    const UniqueFd any(::memfd_create("any", MFD_CLOEXEC));
    ASSERT_EQ(0, send_message(child, encoded(Question()), {any.get()}));
    auto [end, gone] = seqpacket_pair();
    ASSERT_EQ(0, send_message(child, encoded(Question()), {end.get()}));
    end.reset();
    gone.reset();
    for (int i = 0; i < 3; ++i) turn();
    now.monotonic += kAnswerAge;
    EXPECT_EQ(std::int64_t(json()["process"]["unanswered_questions"]), 2);
}

TEST_F(Status, ShowsTheLastNotices) {
    set_up();
    const std::byte junk[] = {std::byte{9}};
    ASSERT_EQ(0, send_message(child, junk));
    turn_until([&] { return read(counters->bad_messages) == 1; });
    EXPECT_THAT(std::string(std::string_view(json()["notices"].at(0)["text"])),
                HasSubstr("refused a message of the channel"));
}

struct WithoutCloser : WithSources {
    Answers answers;
};

TEST_F(WithoutCloser, QuestionsBeyondTheBoundAreTurnedAwayAtOnce) {
    std::vector<UniqueFd> askers;
    for (std::size_t i = 0; i < kWaitingMax + 1; ++i) {
        auto [end, asker] = seqpacket_pair();
        answers.ask({}, std::move(end));
        askers.push_back(std::move(asker));
    }
    EXPECT_EQ(answers.unanswered(), 1U);
    char byte = 1;
    EXPECT_EQ(::recv(askers.back().get(), &byte, 1, MSG_DONTWAIT), 0);
    answers.answer_all(sources, now);
    EXPECT_EQ(::recv(askers.front().get(), &byte, 1, MSG_DONTWAIT), 1);
    EXPECT_EQ(answers.unanswered(), 1U);
}

TEST(Ask, WaitsNoLongerThanTold) {
    auto [receiver, sender] = seqpacket_pair();
    const std::array lanes{sender.get()};
    const auto begin = std::chrono::steady_clock::now();
    const Answer answer = ask(lanes, {}, 50ms);
    const auto waited = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(answer.descriptor, -1);
    EXPECT_EQ(answer.why_not, "the closer did not answer within 50 ms");
    EXPECT_GE(waited, 50ms);
    EXPECT_LT(waited, 500ms);
}

TEST(Ask, KnowsAtOnceThatNobodyIsThere) {
    auto [receiver, sender] = seqpacket_pair();
    receiver.reset();
    const std::array lanes{sender.get()};
    EXPECT_EQ(ask(lanes, {}, 5s).why_not, "the closer could not be asked (no_closer)");
    EXPECT_EQ(ask({}, {}, 5s).why_not, "the closer could not be asked (no_closer)");
}

TEST(Ask, TrustsNoAnswerThatCouldShrink) {
    const UniqueFd loose(::memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(::write(loose.get(), "page", 4), 4);
    EXPECT_EQ(size_of_answer(loose.get()), 0U);
    EXPECT_EQ(size_of_answer(sealed_memory("page").get()), 4U);
    const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(size_of_answer(file.get()), 0U);
}

TEST(Present, CountsByAccount) {
    Present present;
    for (int i = 0; i < 3; ++i) present.add({"a", "host"}, TcpState::fin_wait_2, 2s);
    present.add({"a", "host"}, TcpState::closing, 0s);
    present.add({"b", "host"}, TcpState::fin_wait_1, 0s);
    const Present::Account first = present.take({"a", "host"});
    EXPECT_EQ((SocketCounts{0, 3, 1}), first.sockets);
    EXPECT_EQ(6s, first.fin_wait_2_time);
    EXPECT_EQ(1U, present.accounts().size());
    EXPECT_EQ(0U, present.take({"a", "host"}).sockets.all());
    EXPECT_EQ(0U, present.others().sockets.all());
}

TEST(Present, WhoComesLateAndHasManyIsNotAmongTheOthers) {
    constexpr std::size_t kSingles = 20 * kPresentAccountsMax;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kSingles; ++i) names.push_back("ua" + std::to_string(i));
    Present present;
    for (std::size_t i = 0; i < kSingles; ++i) {
        present.add({names[i], "host"}, TcpState::fin_wait_2, 1s);
        if (i > kSingles / 2 && i % 1000 == 0)
            present.add({"late", "host"}, TcpState::fin_wait_2, 1s);
    }
    EXPECT_EQ(kPresentAccountsMax, present.accounts().size());
    EXPECT_EQ(41U, present.accounts().at({"late", "host"}).sockets.fin_wait_2);
    std::uint64_t sockets = present.others().sockets.all();
    Time time = present.others().fin_wait_2_time;
    for (const auto& [key, account] : present.accounts()) {
        sockets += account.sockets.all();
        time += account.fin_wait_2_time;
    }
    EXPECT_EQ(kSingles + 41, sockets);
    EXPECT_EQ(std::chrono::seconds(kSingles + 41), time);
}

TEST(Kernel, IsReadFromProcAndWhatIsNotThereIsNotKnown) {
    const std::string proc = testing::TempDir() + "finwait-proc-" + std::to_string(::getpid());
    std::filesystem::create_directories(proc + "/sys/net/ipv4");
    std::filesystem::create_directories(proc + "/net");
    std::ofstream(proc + "/sys/net/ipv4/tcp_fin_timeout") << "60\n";
    std::ofstream(proc + "/net/sockstat")
        << "sockets: used 9\nTCP: inuse 5 orphan 4 tw 3 alloc 8 mem 1\n";
    const KernelView kernel = read_kernel(proc);
    std::filesystem::remove_all(proc);
    EXPECT_EQ(kernel.fin_timeout_s, 60U);
    EXPECT_EQ(kernel.orphans, 4U);
    EXPECT_EQ(kernel.tw_buckets, 3U);
    EXPECT_FALSE(kernel.max_orphans);
    EXPECT_FALSE(read_kernel("/nowhere").orphans);
}

}  // namespace
}  // namespace finwait::test
