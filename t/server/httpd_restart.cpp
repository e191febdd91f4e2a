// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>

#include "server/httpd.hpp"

namespace finwait::test {
namespace {

// As /proc/PID/fd names them.
std::set<std::string> listening_sockets(pid_t pid) {
    std::set<std::string> found;
    for (const char* table : {"/net/tcp", "/net/tcp6"}) {
        std::istringstream sockets(read_file("/proc/" + std::to_string(pid) + table));
        for (std::string line; std::getline(sockets, line);) {
            std::istringstream columns(line);
            std::string slot, local, peer, state, other, inode;
            columns >> slot >> local >> peer >> state;
            for (int i = 0; i < 5; ++i) columns >> other;
            if (columns >> inode && state == "0A") found.insert("socket:[" + inode + "]");
        }
    }
    return found;
}

bool holds_any_of(const std::set<std::string>& sockets, pid_t pid) {
    std::error_code ended;
    std::filesystem::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", ended);
    for (; !ended && entry != end(entry); entry.increment(ended)) {
        std::error_code gone;
        if (sockets.contains(std::filesystem::read_symlink(entry->path(), gone))) return true;
    }
    return false;
}

}  // namespace

void Httpd::signal_and_wait_serving(int number) {
    const std::size_t before = times_logged(kServing);
    for (const pid_t pid : descendants_of(parent_)) seen_.insert(pid);
    kill(parent_, number);
    const auto serves = [&] { return times_logged(kServing) > before; };
    if (!wait_out_children([&](milliseconds limit) { return wait_until(limit, serves); }))
        throw std::runtime_error("no restart:\n" + error_log());
}

void Httpd::begin_graceful() {
    signal_and_wait_serving(SIGUSR1);
}
void Httpd::graceful() {
    const std::vector<pid_t> old = children();
    begin_graceful();
    // A child of before may finish what it has begun, but shall take no connection any more.
    const std::set<std::string> listening = listening_sockets(parent_);
    const auto listens = [&](pid_t pid) { return holds_any_of(listening, pid); };
    if (!wait_until(kPatience, [&] { return std::ranges::none_of(old, listens); }))
        throw std::runtime_error("children of before still listen:\n" + error_log());
}
void Httpd::restart() {
    let_workers_rest();
    signal_and_wait_serving(SIGHUP);
}

}  // namespace finwait::test
