// SPDX-License-Identifier: Apache-2.0
//
// finwait-closer: started by httpd's parent; by hand it tells its version.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "closer/closer.hpp"
#include "closer/sandbox/sandbox.hpp"
#include "closer/start_up.hpp"
#include "closer/turn_alarm.hpp"
#include "finwait/control.hpp"
#include "finwait/version.hpp"

namespace {

using namespace finwait;

int fail(std::string_view sentence) {
    std::cerr << "finwait-closer: " << sentence << ".\n";
    return kStartUpFailed;
}

bool is_seqpacket(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_SEQPACKET;
}

// Anything else that stands there is foreign and closed.
UniqueFd take_socket(int descriptor) {
    UniqueFd socket(descriptor);
    if (!is_seqpacket(descriptor)) socket.reset();
    return socket;
}

std::vector<UniqueFd> take_lanes() {
    std::vector<UniqueFd> lanes;
    for (int fd = kFirstLaneFd; fd < kBooksFd; ++fd)
        if (UniqueFd lane = take_socket(fd)) lanes.push_back(std::move(lane));
    return lanes;
}

// Only memory has seals: anything else that stands there is foreign.
UniqueFd take_memory(int descriptor) {
    UniqueFd memory(descriptor);
    if (::fcntl(descriptor, F_GET_SEALS) < 0) memory.reset();
    return memory;
}

// From here on only notices speak: a standard error kept open would hold httpd's error log through
// every rotation.
void let_go_of_standard_files(UniqueFd null) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (null) ::dup2(null.get(), fd);
}

int run(Closer& closer, const TurnAlarm& alarm) {
    Moment now = moment_now();
    while (!closer.is_done()) {
        closer.wait(now.monotonic);
        now = moment_now();
        alarm.set();
        closer.turn(now);
        alarm.clear();
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--version") {
        std::cout << "finwait-closer " << kVersion << "\n";
        return 0;
    }
    const Arguments arguments = parse_arguments(argc, argv);
    if (!arguments.error.empty()) return fail(arguments.error);
    if (!close_from(kFirstForeignFd))
        return fail(
            "descriptors that it was not given could not be closed: it needs close_range() (Linux "
            "5.9) or /proc");
    std::vector<UniqueFd> lanes = take_lanes();
    UniqueFd books = take_memory(kBooksFd);
    UniqueFd remedies = take_memory(kRemediesFd);
    UniqueFd deposit = take_socket(kDepositFd);
    if (lanes.empty() || !is_seqpacket(kControlFd))
        return fail(
            "descriptor 3 and those from 5 on must be SEQPACKET sockets: only httpd starts it");
    CloserCounters* counters = map_counters(kCloserCountersFd);
    if (counters == nullptr) return fail("descriptor 4 must be the shared counters");
    ::close(kCloserCountersFd);

    ::prctl(PR_SET_NAME, "finwait-closer");
    raise_priority();
    const std::uint64_t descriptor_limit = raise_descriptor_limit();
    if (descriptor_limit < kDescriptorLimitMin)
        return fail("the descriptor limit is " + std::to_string(descriptor_limit) +
                    ", it needs at least " + std::to_string(kDescriptorLimitMin));
    UniqueFd signals = prepare_signals();
    if (!signals) return fail("SIGTERM cannot be received by descriptor");
    UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    UniqueFd own_memory(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
    Sandbox sandbox;
    const std::string refused = sandbox.give_up_root(arguments.identity, arguments.chroot_dir);
    if (!refused.empty()) return fail(refused);
    sandbox.close_in();

    const auto closer = std::make_unique<Closer>(
        CloserDescriptors{std::move(lanes), UniqueFd(kControlFd), std::move(signals),
                          std::move(books), std::move(remedies), std::move(own_memory),
                          std::move(deposit)},
        *counters, arguments.slot, descriptor_limit);
    let_go_of_standard_files(std::move(null));
    const TurnAlarm alarm;
    if (arguments.configuration_within)
        closer->set_configuration_within(*arguments.configuration_within);
    closer->start_threads(moment_now().monotonic);
    sandbox.filter_calls();
    closer->set_confinement(sandbox.confinement(), sandbox.refused());
    return run(*closer, alarm);
}
