// SPDX-License-Identifier: Apache-2.0
#include "closer/start_up.hpp"

#include <getopt.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string_view>

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

std::string failure(std::string_view call) {
    return std::string(call) + " failed: " + std::strerror(errno);
}

bool set_descriptor_limit(rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

Arguments parse_arguments(int argc, char* const* argv) {
    constexpr std::array<option, 6> options{option{"protocol", required_argument, nullptr, 'p'},
                                            option{"slot", required_argument, nullptr, 's'},
                                            option{"user", required_argument, nullptr, 'n'},
                                            option{"uid", required_argument, nullptr, 'u'},
                                            option{"gid", required_argument, nullptr, 'g'},
                                            option{}};
    std::string spoken;
    std::optional<std::size_t> slot;
    std::optional<std::string> user;
    std::optional<uid_t> uid;
    std::optional<gid_t> gid;
    ::opterr = 0;
    ::optind = 0;
    for (int found = 0; (found = ::getopt_long(argc, argv, "", options.data(), nullptr)) != -1;) {
        const std::string_view value = ::optarg != nullptr ? ::optarg : "";
        if (found == 'p') spoken = value;
        if (found == 's') slot = to_number<std::size_t>(value, kCloserSlots - 1);
        if (found == 'n') user = value;
        if (found == 'u') uid = to_number<uid_t>(value, UINT32_MAX - 1);
        if (found == 'g') gid = to_number<gid_t>(value, UINT32_MAX - 1);
        if (found == '?') return {0, {}, "an argument is not known, or lacks its value"};
    }
    Arguments arguments;
    if (spoken != protocol())
        arguments.error = kOtherBuild;
    else if (::optind != argc)
        arguments.error = "an argument is not known";
    else if (!slot)
        arguments.error = "--slot must be a number from 0 to " + std::to_string(kCloserSlots - 1);
    else if ((user || uid || gid) && !(user && !user->empty() && uid && gid))
        arguments.error = "--user, --uid and --gid must be given together, the last two as numbers";
    if (!arguments.error.empty()) return arguments;
    arguments.slot = *slot;
    if (user) arguments.identity = Identity{*user, *uid, *gid};
    return arguments;
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
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGINT, SIGPIPE})
        std::signal(number, SIG_IGN);
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    // SIG_SETMASK: the mask inherited from httpd's parent says nothing about this process.
    if (::sigprocmask(SIG_SETMASK, &terminate, nullptr) != 0) return {};
    return UniqueFd(::signalfd(-1, &terminate, SFD_NONBLOCK | SFD_CLOEXEC));
}

std::string become(const std::optional<Identity>& identity) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failure("prctl(PR_SET_NO_NEW_PRIVS)");
    if (!identity) {
        if (::geteuid() == 0) return "started as root, it needs --user, --uid and --gid";
        return {};
    }
    if (::geteuid() != 0) return "only root can become another user";
    if (::initgroups(identity->user.c_str(), identity->gid) != 0) return failure("initgroups()");
    if (::setgid(identity->gid) != 0) return failure("setgid()");
    if (::setuid(identity->uid) != 0) return failure("setuid()");
    if (identity->uid == 0) return {};
    if (::setuid(0) == 0 || ::seteuid(0) == 0) return "root was given up and could be regained";
    return {};
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
