// SPDX-License-Identifier: Apache-2.0
//
// Programs the tests run. Every wait has a limit: nothing here can hang a test, and nothing ends a
// process that the test did not start.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "eventually.hpp"

namespace finwait::test {

// Since the epoch, as a Record tells its time.
[[nodiscard]] milliseconds wall_clock_now();

// A program with its output in one pipe. The destructor kills it (by pid) if it still runs.
class Process {
  public:
    Process() = default;
    explicit Process(const std::vector<std::string>& argv);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    void send_signal(int number) const;
    // Its wait status, or nothing when it still runs at the limit.
    [[nodiscard]] std::optional<int> wait(milliseconds limit);
    // All output so far; complete once wait() has returned a status.
    [[nodiscard]] const std::string& output();

  private:
    void read_output();

    pid_t pid_ = -1;
    int output_fd_ = -1;
    std::string output_;
    std::optional<int> status_;
};

struct Finished {
    int exit_code = -1;  // -1: did not finish in time, or died by a signal
    std::string output;  // stdout and stderr, in the order written
};

Finished run(const std::vector<std::string>& argv, milliseconds limit = kPatience);

// To what it may be: a login's soft limit is 1,024, and some tests have more connections.
void raise_descriptor_limit();

[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t root);
[[nodiscard]] std::string command_name(pid_t pid);  // /proc/PID/comm, "" when it is gone
[[nodiscard]] bool is_running(pid_t pid);           // a zombie is not
[[nodiscard]] bool has_busy_thread(pid_t pid);      // running, or ready to run
// What the scheduler has let a process, or this thread ("thread-self"), wait for a core so far: the
// yardstick for times.
[[nodiscard]] std::chrono::nanoseconds waited_for_a_core(const std::string& task);
[[nodiscard]] bool is_in_system_call(pid_t pid, long number);
[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace finwait::test
