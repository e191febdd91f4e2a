// SPDX-License-Identifier: Apache-2.0

#include "clients/can.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>

#include "clients/frozen_disk.hpp"
#include "clients/netns.hpp"

namespace finwait::test {

void cannot_be_tried(const std::string& why) {
    [&] { GTEST_SKIP() << why; }();
    // GoogleTest's own way out of a test: what it tells of has been told.
    throw testing::AssertionException(
        testing::TestPartResult(testing::TestPartResult::kSkip, __FILE__, __LINE__, why.c_str()));
}

const std::string& why_no_other_user() {
    static const std::string why =
        ::geteuid() == 0 ? "" : "only root can start a server as another user";
    return why;
}

const std::string& why_no_vanishing_clients() {
    static const std::string why = [] {
        if (::geteuid() != 0) return std::string("only root can make clients that vanish");
        try {
            Netns netns;
            netns.vanish();
            return std::string();
        } catch (const std::exception& error) {
            return std::string("no clients that vanish can be made here: ") + error.what();
        }
    }();
    return why;
}

const std::string& why_no_frozen_disk() {
    static const std::string why = [] {
        if (::geteuid() != 0) return std::string("only root can make a disk that freezes");
        const std::string dir = "/tmp/finwait-disk-" + std::to_string(::getpid());
        std::string said;
        try {
            FrozenDisk disk(dir);
            disk.freeze();
        } catch (const std::exception& error) {
            said = std::string("no disk that freezes can be made here: ") + error.what();
        }
        std::filesystem::remove_all(dir);
        return said;
    }();
    return why;
}

const std::string& why_no_capture() {
    static const std::string why = [] {
        const int fd = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return std::string("segments cannot be captured: a packet socket: ") +
                   std::strerror(errno);
        ::close(fd);
        return std::string();
    }();
    return why;
}

// The file is there in every network namespace and can be written in the machine's own.
const std::string& why_no_wmem_max() {
    static const std::string why = [] {
        const int fd = ::open("/proc/sys/net/core/wmem_max", O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            return std::string("net.core.wmem_max cannot be set here: ") + std::strerror(errno);
        ::close(fd);
        return std::string();
    }();
    return why;
}

const std::string& why_no_look_into_a_closer() {
    static const std::string why = [] {
        const pid_t closer = ::fork();
        if (closer == 0) {
            ::prctl(PR_SET_DUMPABLE, 0);
            ::raise(SIGSTOP);
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(closer, &status, WUNTRACED);
        std::error_code error;
        static_cast<void>(
            std::filesystem::read_symlink("/proc/" + std::to_string(closer) + "/exe", error));
        ::kill(closer, SIGKILL);
        ::waitpid(closer, nullptr, 0);
        return error ? "a closer cannot be looked into here (CAP_SYS_PTRACE): " + error.message()
                     : std::string();
    }();
    return why;
}

const std::string& why_no_ipv6() {
    static const std::string why = [] {
        const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in6 at{};
        at.sin6_family = AF_INET6;
        at.sin6_addr = in6addr_loopback;
        const bool is_here = ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
        const std::string error = std::strerror(errno);
        ::close(fd);
        return is_here ? std::string() : "this machine has no IPv6: ::1: " + error;
    }();
    return why;
}

}  // namespace finwait::test
