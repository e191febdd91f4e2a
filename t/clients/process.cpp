// SPDX-License-Identifier: Apache-2.0

#include "clients/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace finwait::test {

milliseconds wall_clock_now() {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
}

Process::Process(const std::vector<std::string>& argv) {
    std::array<int, 2> pipe_fds{};
    if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    std::vector<char*> args;
    for (const auto& arg : argv) args.push_back(const_cast<char*>(arg.c_str()));
    args.push_back(nullptr);
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
        // Nothing of the test's own (sockets above all) may reach the program: a client's
        // descriptor kept open by a daemon would never send its FIN.
        // A session of its own, as a service manager gives: prefork in the foreground signals its
        // whole process group.
        setsid();
        const int null = open("/dev/null", O_RDONLY);
        dup2(null, 0);
        dup2(pipe_fds[1], 1);
        dup2(pipe_fds[1], 2);
        close_range(3, ~0U, 0);
        signal(SIGPIPE, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        execvp(args[0], args.data());
        _exit(127);
    }
    close(pipe_fds[1]);
    output_fd_ = pipe_fds[0];
    fcntl(output_fd_, F_SETFL, O_NONBLOCK);
}

Process::Process(Process&& other) noexcept {
    *this = std::move(other);
}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(output_fd_, other.output_fd_);
    std::swap(output_, other.output_);
    std::swap(status_, other.status_);
    return *this;
}

Process::~Process() {
    if (pid_ > 0 && !status_) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    if (output_fd_ >= 0) close(output_fd_);
}

void Process::send_signal(int number) const {
    if (pid_ > 0 && !status_) kill(pid_, number);
}

void Process::read_output() {
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t n = read(output_fd_, buffer.data(), buffer.size());
        if (n <= 0) return;
        output_.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

std::optional<int> Process::wait(milliseconds limit) {
    if (pid_ <= 0) return std::nullopt;
    (void)wait_until(limit, [&] {
        if (status_) return true;
        read_output();  // a full pipe would hold the program
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
        return status_.has_value();
    });
    read_output();
    return status_;
}

const std::string& Process::output() {
    read_output();
    return output_;
}

Finished run(const std::vector<std::string>& argv, milliseconds limit) {
    Process process(argv);
    const auto status = process.wait(limit);
    Finished finished;
    if (status && WIFEXITED(*status)) finished.exit_code = WEXITSTATUS(*status);
    finished.output = process.output();
    return finished;
}

void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
    DIR* dir = opendir(tasks.c_str());
    if (!dir) return children;
    while (const dirent* entry = readdir(dir)) {
        if (entry->d_name[0] == '.') continue;
        std::ifstream file(tasks + "/" + entry->d_name + "/children");
        for (pid_t pid = 0; file >> pid;) children.push_back(pid);
    }
    closedir(dir);
    return children;
}

std::vector<pid_t> descendants_of(pid_t root) {
    std::vector<pid_t> found = children_of(root);
    for (std::size_t i = 0; i < found.size(); ++i)
        for (const pid_t pid : children_of(found[i])) found.push_back(pid);
    return found;
}

std::string command_name(pid_t pid) {
    std::string name = read_file("/proc/" + std::to_string(pid) + "/comm");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
}

bool is_in_system_call(pid_t pid, long number) {
    const std::string call = read_file("/proc/" + std::to_string(pid) + "/syscall");
    return call.starts_with(std::to_string(number) + ' ');
}

namespace {

// The letter of proc_pid_stat(5); 'X' when there is none such.
char state_of(const std::string& task) {
    const std::string stat = read_file(task + "/stat");
    const auto after_name = stat.rfind(')');  // the name itself may hold anything
    if (after_name == std::string::npos || after_name + 2 >= stat.size()) return 'X';
    return stat[after_name + 2];
}

}  // namespace

// Of a killed one the first thread may be dead while another still holds its descriptors.
bool is_running(pid_t pid) {
    std::error_code gone;
    const auto tasks =
        std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone);
    return std::ranges::any_of(tasks, [](const auto& task) {
        const char state = state_of(task.path().string());
        return state != 'Z' && state != 'X';
    });
}

bool has_busy_thread(pid_t pid) {
    std::error_code gone;
    const auto tasks =
        std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone);
    return std::ranges::any_of(
        tasks, [](const auto& task) { return state_of(task.path().string()) == 'R'; });
}

std::chrono::nanoseconds waited_for_a_core(const std::string& task) {
    std::istringstream schedstat(read_file("/proc/" + task + "/schedstat"));
    std::chrono::nanoseconds::rep ran = 0, waited = 0;
    schedstat >> ran >> waited;
    return std::chrono::nanoseconds(waited);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace finwait::test
