// SPDX-License-Identifier: Apache-2.0
#include "server/socket_watch.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <sstream>
#include <utility>

#include "module/status/kernel_table.hpp"

namespace finwait {

std::ostream& operator<<(std::ostream& out, const SocketCounts& sockets) {
    return out << sockets.fin_wait_1 << " in FIN_WAIT_1, " << sockets.fin_wait_2
               << " in FIN_WAIT_2, " << sockets.closing << " in CLOSING";
}

}  // namespace finwait

namespace finwait::test {
namespace {

constexpr milliseconds kLook{300};
// In a row, together longer than any hand-over takes on a busy machine and shorter than the limits
// of the tests. Looks are counted and not their time: one of them may stand still for seconds
// itself.
constexpr int kBadLooks = 10;

std::string as_ss_shows(const std::vector<std::uint16_t>& ports) {
    std::string shown;
    for (const std::uint16_t port : ports)
        shown += run({"ss", "-tanopH", "sport", "=", ":" + std::to_string(port)}).output;
    return shown;
}

}  // namespace

SocketWatch::SocketWatch(std::vector<std::uint16_t> ports, const Counters& counters)
    : ports_(std::move(ports)),
      counters_(counters),
      thread_([this](const std::stop_token& stopped) { watch(stopped); }) {}

std::string SocketWatch::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return seen_;
}

void SocketWatch::watch(const std::stop_token& stopped) {
    const auto begun = [&] { return counters_.closes() + read(counters_.module().untold); };
    int bad_looks = 0;
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, stopped, kLook, [&] { return stopped.stop_requested(); })) {
        // Known before the table is read, since meanwhile some end; and those that have begun
        // since.
        std::uint64_t known = counters_.known_sockets();
        const std::uint64_t before = begun();
        const KernelTable table = read_kernel_table(ports_);
        known += std::max(begun(), before) - before;
        const bool is_good = table.error != 0 || table.on_ports.all() <= known;
        bad_looks = is_good ? 0 : bad_looks + 1;
        if (bad_looks < kBadLooks) continue;
        std::ostringstream text;
        text << "nobody's in " << kBadLooks << " looks: of " << table.on_ports << " only " << known
             << " are known\n"
             << counters_ << "\n"
             << as_ss_shows(ports_);
        seen_ = text.str();
        return;
    }
}

// What is left to the kernel's own FIN_WAIT_2 is gone after a minute.
void Httpd::expect_no_unattributed() const {
    KernelTable table;
    std::uint64_t held = 0;
    const bool none = wait_until(20s, [&] {
        table = read_kernel_table(ports());
        held = counters_->held();
        return table.error != 0 || table.on_ports.all() <= held;
    });
    EXPECT_TRUE(none) << "unattributed: of " << table.on_ports << " the closer holds " << held
                      << "\n"
                      << as_ss_shows(ports());
}

}  // namespace finwait::test
