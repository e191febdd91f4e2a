// SPDX-License-Identifier: Apache-2.0
//
// The real executable between a channel and a control pair. Waits are for conditions, each with a
// deadline. Root runs it as nobody, anyone else as himself.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "clients/process.hpp"
#include "closer/moment.hpp"
#include "finwait/counters.hpp"
#include "finwait/protocol.hpp"
#include "finwait/record.hpp"
#include "unit/books.hpp"
#include "unit/closer/channel/channel_sender.hpp"
#include "unit/closer/drain/tcp_pair.hpp"

extern char** environ;

namespace finwait::test {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

inline std::string executable() {
    if (const char* path = std::getenv("FINWAIT_CLOSER")) return path;
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "finwait-closer";
}

// Descriptors 3 to 5 of a child are set from copies that are out of the way of those numbers.
inline UniqueFd high_copy(const UniqueFd& fd) {
    return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 100));
}

class CloserProcess : public testing::Test {
  protected:
    void SetUp() override {
        std::tie(receiver, child) = seqpacket_pair();
        ASSERT_EQ(0, ::ftruncate(counters_fd.get(), kCounterPageSize));
        counters = static_cast<CloserCounters*>(
            ::mmap(nullptr, kCounterPageSize, PROT_READ, MAP_SHARED, counters_fd.get(), 0));
        ASSERT_NE(MAP_FAILED, static_cast<void*>(counters));
    }
    void TearDown() override {
        if (pid > 0) {
            ::kill(pid, SIGKILL);
            static_cast<void>(wait_status());
        }
        ::munmap(counters, kCounterPageSize);
    }

    static std::vector<std::string> usual_arguments() {
        std::vector<std::string> words{"finwait-closer", "--protocol", protocol(), "--slot", "2"};
        if (::geteuid() != 0) return words;
        const passwd* nobody = ::getpwnam("nobody");
        EXPECT_NE(nullptr, nobody);
        for (const std::string& word : {std::string("--uid"), std::to_string(nobody->pw_uid),
                                        std::string("--gid"), std::to_string(nobody->pw_gid)})
            words.push_back(word);
        return words;
    }

    void spawn(std::vector<std::string> words = usual_arguments()) {
        auto [closer_end, parent_end] = seqpacket_pair();
        parent = std::move(parent_end);
        const UniqueFd fds[] = {high_copy(closer_end), high_copy(counters_fd), high_copy(receiver)};
        const UniqueFd foreign(::open("/dev/null", O_RDONLY));  // inherited by mistake
        const UniqueFd high_foreign(::fcntl(foreign.get(), F_DUPFD, 500));
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        for (int i = 0; i < 3; ++i)
            posix_spawn_file_actions_adddup2(&actions, fds[i].get(), kControlFd + i);
        const UniqueFd high_books = high_copy(memory);
        posix_spawn_file_actions_adddup2(&actions, high_books.get(), kBooksFd);
        if (errors) posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        ASSERT_EQ(0, ::posix_spawn(&pid, executable().c_str(), &actions, &attributes, argv.data(),
                                   environ))
            << executable();
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
    }

    void start(std::uint32_t max_held = 100'000) {
        spawn(arguments);
        Control setup;
        setup.kind = ControlKind::setup;
        setup.max_held = max_held;
        ASSERT_EQ(0, send_message(parent, encoded(setup)));
        Control open;
        open.kind = ControlKind::log_open;
        open.text = "test";
        ASSERT_EQ(0, send_message(parent, encoded(open), {log.get()}));
        do {
            ready = receive_control();
        } while (ready.kind != ControlKind::ready && !HasFailure());
    }

    Control receive_control() {
        Control control;
        pollfd readable{parent.get(), POLLIN, 0};
        EXPECT_EQ(1, ::poll(&readable, 1, kPatienceMs));
        const ssize_t size = ::recv(parent.get(), control_bytes.data(), control_bytes.size(), 0);
        EXPECT_GT(size, 0);
        EXPECT_TRUE(
            decode(std::span(control_bytes).first(static_cast<std::size_t>(size)), control));
        return control;
    }

    void tell(ControlKind kind, std::uint32_t grace_ms = 0) {
        Control control;
        control.kind = kind;
        control.grace_ms = grace_ms;
        ASSERT_EQ(0, send_message(parent, encoded(control)));
    }

    void hand_over(TcpPair& pair, std::uint32_t number = 0) {
        Handoff handoff = sample_handoff();
        handoff.policy = policy;
        handoff.close.requests = number;
        handoff.half_close = moment_now().monotonic;
        ASSERT_EQ(0, send_message(child, encoded(handoff), {pair.server.get()}));
        pair.server.reset();
    }

    void wait_until_held(std::size_t count) { ASSERT_EVENTUALLY(read(counters->held[2]), count); }
    void wait_until_received(std::size_t count) {
        ASSERT_EVENTUALLY(read(counters->received), count);
    }

    // The exit status, or 128 + the signal.
    int wait_status() {
        int status = 0;
        pid_t ended = 0;
        EXPECT_EVENTUALLY(ended = ::waitpid(pid, &status, WNOHANG), pid);
        if (ended != pid) return -1;
        pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    std::vector<std::string> log_lines() {
        std::ifstream in("/proc/self/fd/" + std::to_string(log.get()));
        std::vector<std::string> lines;
        for (std::string line; std::getline(in, line);) lines.push_back(line);
        return lines;
    }
    std::vector<Record> records(std::size_t count) {
        EXPECT_EVENTUALLY(log_lines().size(), testing::Ge(count));
        std::vector<Record> result;
        for (const std::string& line : log_lines()) {
            const auto record = parse_record(line);
            EXPECT_TRUE(record) << line;
            if (record) result.push_back(*record);
        }
        EXPECT_EQ(count, result.size());
        return result;
    }

    Time closer_waited() const { return waited_for_a_core(std::to_string(pid)); }

    std::string proc(const std::string& file) const {
        std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }
    std::vector<std::string> status_field(const std::string& name) const {
        std::istringstream in(proc("status"));
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            std::string word;
            words >> word;
            if (word != name + ":") continue;
            std::vector<std::string> values;
            while (words >> word) values.push_back(word);
            return values;
        }
        return {};
    }

    std::vector<std::string> arguments = usual_arguments();
    UniqueFd counters_fd{::memfd_create("counters", MFD_CLOEXEC)};
    UniqueFd memory = books_memory();
    MappedBooks books{memory};
    UniqueFd log{::memfd_create("log", MFD_CLOEXEC)};
    CloserCounters* counters = nullptr;
    UniqueFd receiver;
    UniqueFd child;
    UniqueFd parent;
    UniqueFd errors;
    pid_t pid = 0;
    // What a test does not set ends no drain.
    Policy policy{.drain_timeout_ms = 60'000, .drain_idle_timeout_ms = 60'000};
    Control ready;
    std::array<std::byte, kControlSizeMax> control_bytes{};
    Loopback loopback;
};

}  // namespace finwait::test
