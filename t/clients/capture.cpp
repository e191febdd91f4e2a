// SPDX-License-Identifier: Apache-2.0

#include "clients/capture.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace finwait::test {
namespace {

// Leaves other programs' segments out, which would fill the socket's buffer. X is where the TCP
// header begins; its first two bytes are the source port.
void keep_only(int fd, std::uint16_t source_port) {
    std::array<sock_filter, 5> program{{
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, source_port, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog filter{program.size(), program.data()};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
        throw std::system_error(errno, std::generic_category(), "SO_ATTACH_FILTER");
    }
}

}  // namespace

Capture::Capture(std::uint16_t server_port)
    : fd_(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "a raw TCP socket");
    keep_only(fd_, server_port);
}

Capture::~Capture() {
    ::close(fd_);
}

std::optional<std::size_t> Capture::payload_of_fin(std::uint16_t client_port, milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    std::array<char, 65536> packet;  // on loopback a segment is as long as IP allows
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        pollfd readable{fd_, POLLIN, 0};
        if (left <= 0ms || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return {};
        const ssize_t length = ::recv(fd_, packet.data(), packet.size(), 0);
        if (length < static_cast<ssize_t>(sizeof(iphdr) + sizeof(tcphdr))) continue;
        iphdr ip;
        tcphdr tcp;
        std::memcpy(&ip, packet.data(), sizeof ip);
        std::memcpy(&tcp, packet.data() + 4 * ip.ihl, sizeof tcp);
        if (ntohs(tcp.dest) != client_port || tcp.fin == 0) continue;
        return static_cast<std::size_t>(length) - 4U * (ip.ihl + tcp.doff);
    }
}

}  // namespace finwait::test
