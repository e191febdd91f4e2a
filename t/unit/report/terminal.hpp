// SPDX-License-Identifier: Apache-2.0
//
// A program in a terminal of its own, and what it writes there.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "closer/unique_fd.hpp"
#include "eventually.hpp"

namespace finwait::test {

class Terminal {
  public:
    Terminal(const std::vector<std::string>& argv, unsigned short columns, unsigned short lines) {
        std::vector<char*> words;
        for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        winsize size{lines, columns, 0, 0};
        int master = -1, slave = -1;
        if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) return;
        master_.reset(master);
        slave_.reset(slave);
        ::setenv("TERM", "xterm", 1);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::login_tty(slave);
            ::execvp(words[0], words.data());
            ::_exit(127);
        }
    }
    ~Terminal() {
        if (pid_ <= 0 || status_) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    void type(const std::string& keys) const {
        EXPECT_EQ(::write(master_.get(), keys.data(), keys.size()), std::ssize(keys));
    }
    void resize(unsigned short columns, unsigned short lines) const {
        winsize size{lines, columns, 0, 0};
        EXPECT_EQ(::ioctl(master_.get(), TIOCSWINSZ, &size), 0);
    }
    // All so far.
    const std::string& output() {
        pollfd source{master_.get(), POLLIN, 0};
        std::array<char, 4096> bytes{};
        while (::poll(&source, 1, 0) > 0) {
            const ssize_t count = ::read(master_.get(), bytes.data(), bytes.size());
            if (count <= 0) break;
            output_.append(bytes.data(), static_cast<std::size_t>(count));
        }
        return output_;
    }
    // What came after the last time that this began a screen.
    std::string last_screen() {
        const std::string& all = output();
        const std::size_t home = all.rfind("\x1b[H");
        return home == std::string::npos ? "" : all.substr(home + 3);
    }
    [[nodiscard]] bool echoes() const {
        termios state{};
        return ::tcgetattr(slave_.get(), &state) == 0 && (state.c_lflag & ECHO) != 0 &&
               (state.c_lflag & ICANON) != 0;
    }
    [[nodiscard]] bool is_stopped() {
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == pid_ && info.si_code == CLD_STOPPED;
    }
    // Its exit code, or nothing while it runs; -1 if a signal ended it.
    std::optional<int> exit_code() {
        output();  // so that it need not wait for who reads it
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
        if (!status_) return std::nullopt;
        return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : -1;
    }

  private:
    UniqueFd master_, slave_;
    pid_t pid_ = -1;
    std::string output_;
    std::optional<int> status_;
};

}  // namespace finwait::test
