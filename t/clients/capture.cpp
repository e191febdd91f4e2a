// SPDX-License-Identifier: Apache-2.0

#include "clients/capture.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
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

void must(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

// Leaves other segments out, which would fill the socket's buffer. X is where the TCP header
// begins, with source and destination port.
void keep_only(int fd, std::uint16_t port) {
    constexpr auto kProtocol = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL);
    std::array<sock_filter, 11> program{{
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kProtocol),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 8),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(iphdr, protocol)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 6),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, offsetof(tcphdr, source)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 2, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, offsetof(tcphdr, dest)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0x3ffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog filter{program.size(), program.data()};
    must(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter),
         "SO_ATTACH_FILTER");
}

std::chrono::nanoseconds stamp_of(msghdr& message) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec time;
        std::memcpy(&time, CMSG_DATA(part), sizeof time);
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    }
    return {};
}

}  // namespace

Capture::Capture(std::uint16_t server_port)
    : fd_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    must(fd_, "a packet socket");
    keep_only(fd_, server_port);
    const int on = 1;
    must(::setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), "SO_TIMESTAMPNS");
    // All and not only IP: otherwise what leaves would not be among them.
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_ALL);
    must(::bind(fd_, reinterpret_cast<sockaddr*>(&all), sizeof all), "bind");
}

Capture::~Capture() {
    ::close(fd_);
}

std::optional<Segment> Capture::receive() {
    std::array<char, 128> begin;  // both headers
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control;
    iovec data{begin.data(), begin.size()};
    msghdr message{nullptr, 0, &data, 1, control.data(), control.size(), 0};
    const ssize_t length = ::recvmsg(fd_, &message, MSG_TRUNC);
    if (length < static_cast<ssize_t>(sizeof(iphdr) + sizeof(tcphdr))) return {};
    iphdr ip;
    tcphdr tcp;
    std::memcpy(&ip, begin.data(), sizeof ip);
    std::memcpy(&tcp, begin.data() + 4 * ip.ihl, sizeof tcp);
    return Segment{ntohs(tcp.source),
                   ntohs(tcp.dest),
                   tcp.fin != 0,
                   tcp.rst != 0,
                   ntohs(ip.tot_len) - 4U * (ip.ihl + tcp.doff),
                   stamp_of(message)};
}

std::optional<Segment> Capture::next(const std::function<bool(const Segment&)>& is_wanted,
                                     milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        pollfd readable{fd_, POLLIN, 0};
        if (left <= 0ms || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return {};
        const auto segment = receive();
        if (segment && is_wanted(*segment)) return segment;
    }
}

}  // namespace finwait::test
