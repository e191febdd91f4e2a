// SPDX-License-Identifier: Apache-2.0
//
// What a child of httpd's that was taken over could do to the closer: takes the channel from a
// child (pid), becomes its user and sends so many messages: real ones and, most of them, mutated
// ones, with descriptors of every kind and number. The same ones for the same seed. One line of
// JSON tells how many were sent.
//
//   hostile-child pid messages seed
//   hostile-child pid connections    hands over so many of its own connections with the longest
//   times,
//                                    and keeps their other ends until its standard input ends
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "finwait/handoff.hpp"

namespace {

using namespace finwait;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kDescriptorsMax = 4;
constexpr std::size_t kConnections = 16;
constexpr std::uint32_t kLongestMs = 3'600'000;   // that a directive allows
constexpr std::size_t kConnectAgainAfter = 5000;  // messages

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

int checked(int result, const char* what) {
    if (result < 0) fail(what);
    return result;
}

std::vector<int> lanes_of(pid_t pid) {
    const int process = checked(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), "pidfd_open");
    std::vector<int> lanes;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        const int theirs = std::stoi(entry.path().filename());
        const int fd = static_cast<int>(syscall(SYS_pidfd_getfd, process, theirs, 0));
        int type = 0;
        socklen_t size = sizeof type;
        if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
            type == SOCK_SEQPACKET)
            lanes.push_back(fd);
        else if (fd >= 0)
            close(fd);
    }
    return lanes;
}

void become_user_of(pid_t pid) {
    struct stat process {};
    checked(stat(("/proc/" + std::to_string(pid)).c_str(), &process), "stat");
    if (geteuid() != 0) return;
    checked(setgroups(0, nullptr), "setgroups");
    checked(setgid(process.st_gid), "setgid");
    checked(setuid(process.st_uid), "setuid");
}

class Hostile {
  public:
    explicit Hostile(unsigned seed) : random_(seed) {
        listener_ = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
        checked(listen(listener_, 64), "listen");
        int pair[2];
        checked(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
        others_ = {pair[0],
                   pair[1],
                   listener_,
                   socket(AF_INET, SOCK_DGRAM, 0),
                   socket(AF_INET6, SOCK_STREAM, 0),
                   open("/dev/null", O_RDWR),
                   memfd_create("hostile", 0),
                   epoll_create1(0)};
        checked(pipe(pair), "pipe");
        others_.insert(others_.end(), {pair[0], pair[1]});
    }

    void connect_anew() {
        for (const auto fds : {&connected_, &ours_}) {
            for (const int fd : *fds) close(fd);
            fds->clear();
        }
        for (std::size_t i = 0; i < kConnections; ++i) connect_one();
    }

    void make_message() {
        Handoff handoff;
        handoff.kind = one_in(3) ? MessageKind::ended : MessageKind::handoff;
        const std::string name = "hostile-" + std::to_string(below(3000));
        handoff.close.user_agent = name;
        handoff.close.vhost = one_in(4) ? "localhost" : name;
        handoff.close.requests = static_cast<std::uint32_t>(random_());
        handoff.half_close =
            std::chrono::nanoseconds(static_cast<std::int64_t>(random_()) << below(32));
        handoff.policy.drain_timeout_ms = static_cast<std::uint32_t>(random_());
        handoff.policy.drain_idle_timeout_ms = static_cast<std::uint32_t>(random_());
        handoff.policy.method = static_cast<Method>(below(4));
        handoff.close.logs.count = static_cast<std::uint8_t>(below(3));
        for (auto& id : handoff.close.logs.ids) id = static_cast<std::uint16_t>(below(4));
        message_.resize(kHandoffSizeMax);
        message_.resize(encode(handoff, message_));
        wants_descriptor_ = handoff.kind == MessageKind::handoff;
        if (!one_in(50))
            for (std::size_t i = 1 + below(4); i > 0; --i) mutate();
    }

    void choose_descriptors() {
        descriptors_.clear();
        std::size_t count = wants_descriptor_ ? 1 : 0;
        if (one_in(10)) count = below(kDescriptorsMax + 1);
        for (; count > 0; --count) descriptors_.push_back(pick(one_in(4) ? others_ : connected_));
    }

    void make_hoard() {
        Handoff handoff;
        handoff.close.user_agent = "hostile-hoard";
        handoff.policy.drain_timeout_ms = handoff.policy.drain_idle_timeout_ms = kLongestMs;
        handoff.policy.wait_timeout_ms = kLongestMs;
        message_.resize(kHandoffSizeMax);
        message_.resize(encode(handoff, message_));
        connect_one();
        descriptors_ = {connected_.back()};
    }

    // False if the channel is gone.
    bool send(int lane) {
        iovec part{message_.data(), message_.size()};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorsMax * sizeof(int))] = {};
        if (!descriptors_.empty()) {
            const std::size_t size = descriptors_.size() * sizeof(int);
            header.msg_control = control;
            header.msg_controllen = CMSG_SPACE(size);
            cmsghdr* first = CMSG_FIRSTHDR(&header);
            first->cmsg_level = SOL_SOCKET;
            first->cmsg_type = SCM_RIGHTS;
            first->cmsg_len = CMSG_LEN(size);
            std::memcpy(CMSG_DATA(first), descriptors_.data(), size);
        }
        while (sendmsg(lane, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            if (errno == EPIPE || errno == ECONNRESET) return false;
            if (errno != EAGAIN && errno != ETOOMANYREFS && errno != ENOBUFS) fail("sendmsg");
            pollfd state{lane, POLLOUT, 0};
            poll(&state, errno == EAGAIN ? 1 : 0, 1000);
        }
        return true;
    }

  private:
    void connect_one() {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        checked(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), "listener");
        connected_.push_back(checked(socket(AF_INET, SOCK_STREAM, 0), "socket"));
        checked(connect(connected_.back(), reinterpret_cast<sockaddr*>(&address), size), "connect");
        ours_.push_back(checked(accept(listener_, nullptr, nullptr), "accept"));
    }

    std::size_t below(std::size_t bound) { return random_() % bound; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    int pick(const std::vector<int>& fds) { return fds[below(fds.size())]; }
    std::byte noise() {
        constexpr unsigned char kEdges[] = {0, 1, 0x7f, 0x80, 0xff};
        return static_cast<std::byte>(one_in(2) ? kEdges[below(sizeof kEdges)] : below(256));
    }

    void mutate() {
        if (message_.empty()) return message_.push_back(noise());
        const auto at = message_.begin() + static_cast<std::ptrdiff_t>(below(message_.size()));
        const auto length = static_cast<std::ptrdiff_t>(
            1 + below(std::min<std::size_t>(16, static_cast<std::size_t>(message_.end() - at))));
        switch (below(6)) {
            case 0:
                message_.erase(at, message_.end());
                break;
            case 1:
                message_.erase(at, at + length - 1);
                break;
            case 2:
                message_.insert(at, static_cast<std::size_t>(length), noise());
                break;
            case 3:
                std::fill(at, at + length, noise());
                break;
            case 4:
                *at ^= static_cast<std::byte>(1U << below(8));
                break;
            default:
                *at = noise();
        }
    }

    std::mt19937 random_;
    int listener_;
    std::vector<int> others_;
    std::vector<int> connected_;
    std::vector<int> ours_;  // their other ends: what they are closed with ends what is held
    Bytes message_;
    bool wants_descriptor_ = false;
    std::vector<int> descriptors_;
};

void print(const std::vector<int>& lanes, std::size_t sent) {
    std::printf("{\"lanes\": %zu, \"sent\": %zu}\n", lanes.size(), sent);
    std::fflush(stdout);
}

void attack(const std::vector<int>& lanes, std::size_t messages, Hostile hostile) {
    std::size_t sent = 0;
    for (; sent < messages; ++sent) {
        if (sent % kConnectAgainAfter == 0) hostile.connect_anew();
        hostile.make_message();
        hostile.choose_descriptors();
        if (!hostile.send(lanes[sent % lanes.size()])) break;
    }
    print(lanes, sent);
}

void hoard(const std::vector<int>& lanes, std::size_t connections, Hostile hostile) {
    std::size_t sent = 0;
    for (; sent < connections; ++sent) {
        hostile.make_hoard();
        if (!hostile.send(lanes[sent % lanes.size()])) break;
    }
    print(lanes, sent);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return std::fputs("hostile-child: pid, messages, seed?\n", stderr), 2;
    const auto pid = static_cast<pid_t>(std::atoi(argv[1]));
    const std::vector<int> lanes = lanes_of(pid);
    if (lanes.empty()) return std::fputs("hostile-child: it has no channel\n", stderr), 1;
    become_user_of(pid);
    const std::size_t number = std::strtoul(argv[2], nullptr, 10);
    if (argc == 3)
        hoard(lanes, number, Hostile(1));
    else
        attack(lanes, number, Hostile(static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10))));
    return 0;
}
