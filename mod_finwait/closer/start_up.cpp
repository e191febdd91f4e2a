// SPDX-License-Identifier: Apache-2.0
#include "closer/start_up.hpp"

#include <dirent.h>
#include <getopt.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <fstream>
#include <memory>
#include <string_view>
#include <vector>

#include "finwait/protocol.hpp"

namespace finwait {

namespace {

constexpr int kNiceness = -5;

constexpr char kOtherBuild[] =
    "it is of another build than mod_finwait.so: install both from one build, then restart httpd "
    "(apachectl graceful)";

template <typename Number>
std::optional<Number> to_number(std::string_view text, Number max) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number > max)
        return std::nullopt;
    return number;
}

bool set_descriptor_limit(rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// Kernels before 5.9 have no close_range(), and a filter may refuse it.
bool close_listed(int first) {
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir("/proc/self/fd"), ::closedir);
    if (!list) return false;
    std::vector<int> foreign;
    while (const dirent* entry = ::readdir(list.get())) {
        const auto fd = to_number<int>(entry->d_name, INT32_MAX);
        if (fd && *fd >= first && *fd != ::dirfd(list.get())) foreign.push_back(*fd);
    }
    for (const int fd : foreign) ::close(fd);
    return true;
}

}  // namespace

Arguments parse_arguments(int argc, char* const* argv) {
    constexpr std::array options{
        option{"protocol", required_argument, nullptr, 'p'},
        option{"slot", required_argument, nullptr, 's'},
        option{"uid", required_argument, nullptr, 'u'},
        option{"gid", required_argument, nullptr, 'g'},
        option{"chroot", required_argument, nullptr, 'c'},
        option{"configuration-within", required_argument, nullptr, 'w'},  // ms
        option{}};
    std::string spoken;
    std::optional<std::size_t> slot;
    std::optional<uid_t> uid;
    std::optional<gid_t> gid;
    std::string chroot_dir;
    std::optional<std::uint32_t> within_ms;
    Arguments arguments;
    ::opterr = 0;
    ::optind = 0;
    for (int found = 0; (found = ::getopt_long(argc, argv, "", options.data(), nullptr)) != -1;) {
        const std::string_view value = ::optarg != nullptr ? ::optarg : "";
        if (found == 'p') spoken = value;
        if (found == 's') slot = to_number<std::size_t>(value, kCloserSlots - 1);
        if (found == 'u') uid = to_number<uid_t>(value, UINT32_MAX - 1);
        if (found == 'g') gid = to_number<gid_t>(value, UINT32_MAX - 1);
        if (found == 'c') chroot_dir = value;
        if (found == 'w') within_ms = to_number<std::uint32_t>(value, UINT32_MAX);
        if (found == '?') arguments.error = "an argument is not known, or lacks its value";
    }
    if (!arguments.error.empty()) return arguments;
    if (spoken != protocol())
        arguments.error = kOtherBuild;
    else if (::optind != argc)
        arguments.error = "an argument is not known";
    else if (!slot)
        arguments.error = "--slot must be a number from 0 to " + std::to_string(kCloserSlots - 1);
    else if (uid.has_value() != gid.has_value())
        arguments.error = "--uid and --gid must be given together, as numbers";
    if (!arguments.error.empty()) return arguments;
    arguments.slot = *slot;
    if (uid) arguments.identity = Identity{*uid, *gid};
    arguments.chroot_dir = chroot_dir;
    if (within_ms) arguments.configuration_within = std::chrono::milliseconds(*within_ms);
    return arguments;
}

bool close_from(int first) {
    return ::close_range(static_cast<unsigned>(first), ~0U, 0) == 0 || close_listed(first);
}

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    rlim_t most = 0;
    std::ifstream("/proc/sys/fs/nr_open") >> most;
    // Only with CAP_SYS_RESOURCE, which root in a container may lack.
    if (most <= limit.rlim_max || !set_descriptor_limit(most, most))
        set_descriptor_limit(limit.rlim_max, limit.rlim_max);
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    return limit.rlim_cur;
}

void raise_priority() {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNiceness));
}

UniqueFd prepare_signals() {
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGINT, SIGPIPE, SIGXFSZ})
        std::signal(number, SIG_IGN);
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    // SIG_SETMASK: the mask inherited from httpd's parent says nothing about this process.
    if (::sigprocmask(SIG_SETMASK, &terminate, nullptr) != 0) return {};
    return UniqueFd(::signalfd(-1, &terminate, SFD_NONBLOCK | SFD_CLOEXEC));
}

CloserCounters* map_counters(int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return nullptr;
    if (status.st_size < static_cast<off_t>(kCounterPageSize)) return nullptr;
    void* page =
        ::mmap(nullptr, kCounterPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return page == MAP_FAILED ? nullptr : static_cast<CloserCounters*>(page);
}

}  // namespace finwait
