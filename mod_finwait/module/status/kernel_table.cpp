// SPDX-License-Identifier: Apache-2.0
#include "module/status/kernel_table.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace finwait {

namespace {

// A walk that the kernel interrupted (NLM_F_DUMP_INTR) may have missed some or shown some twice.
constexpr int kWalksMax = 3;
// The kernel fills at most 32 KiB per read (net/netlink/af_netlink.c, netlink_recvmsg()).
constexpr std::size_t kReplyMax = std::size_t{32} * 1024;

constexpr std::uint32_t bit_of(TcpState state) {
    return 1U << static_cast<unsigned>(state);
}
// Not TIME_WAIT: a busy host has tens of thousands.
constexpr std::uint32_t kStates =
    bit_of(TcpState::fin_wait_1) | bit_of(TcpState::fin_wait_2) | bit_of(TcpState::closing);

// The older message walks the sockets of both families at once.
struct Request {
    nlmsghdr header{sizeof(Request), TCPDIAG_GETSOCK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0};
    inet_diag_req body{};
};

// A socket without a process whose time in FIN_WAIT_2 is nearly over: a closer has just closed it
// at its end. The kernel's shortest time is a second, or 3.5 retransmission timeouts
// (net/ipv4/tcp.c, tcp_fin_time()); anybody else's, a minute by default, is missed in its last two.
bool is_going(const inet_diag_msg& message) {
    constexpr std::uint8_t kTimeWaitTimer = 3;  // net/ipv4/inet_diag.c, inet_twsk_diag_fill()
    return message.idiag_timer == kTimeWaitTimer &&
           std::chrono::milliseconds(message.idiag_expires) <= kGoing;
}

enum class Step : std::uint8_t { more, complete, failed };

Endpoint remote_of(const inet_diag_msg& message) {
    sockaddr_storage address{};
    if (message.idiag_family == AF_INET) {
        auto& in = reinterpret_cast<sockaddr_in&>(address);
        in.sin_family = AF_INET;
        in.sin_port = message.id.idiag_dport;
        std::memcpy(&in.sin_addr, message.id.idiag_dst, sizeof in.sin_addr);
    } else {
        auto& in6 = reinterpret_cast<sockaddr_in6&>(address);
        in6.sin6_family = AF_INET6;
        in6.sin6_port = message.id.idiag_dport;
        std::memcpy(&in6.sin6_addr, message.id.idiag_dst, sizeof in6.sin6_addr);
    }
    return endpoint_from(reinterpret_cast<const sockaddr*>(&address));
}

class Walk {
  public:
    explicit Walk(std::span<const std::uint16_t> ports)
        : socket_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)),
          ports_(ports) {}
    Walk(const Walk&) = delete;
    Walk& operator=(const Walk&) = delete;
    ~Walk() {
        if (socket_ >= 0) ::close(socket_);
    }

    KernelTable run() {
        Step step = ask() ? Step::more : Step::failed;
        while (step == Step::more) step = read();
        if (step == Step::failed) return {errno != 0 ? errno : EPROTO, {}, {}, {}};
        return std::move(table_);
    }
    [[nodiscard]] bool was_interrupted() const { return was_interrupted_; }

  private:
    bool ask() const {
        const timeval wait{kKernelWait.count(), 0};
        Request request;
        request.body.idiag_family = AF_UNSPEC;
        request.body.idiag_states = kStates;
        sockaddr_nl kernel{};
        kernel.nl_family = AF_NETLINK;
        // Connected to the kernel, so that nobody else's message can come in.
        return socket_ >= 0 &&
               ::connect(socket_, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) == 0 &&
               ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
               ::send(socket_, &request, sizeof request, 0) == sizeof request;
    }

    Step read() {
        const ssize_t size = ::recv(socket_, reply_.data(), reply_.size(), 0);
        if (size < 0) return errno == EINTR ? Step::more : Step::failed;
        auto left = static_cast<unsigned>(size);
        auto* message = reinterpret_cast<nlmsghdr*>(reply_.data());
        for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
            const Step step = take(*message);
            if (step != Step::more) return step;
        }
        return Step::more;
    }

    Step take(nlmsghdr& message) {
        if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) was_interrupted_ = true;
        if (message.nlmsg_type == NLMSG_ERROR || message.nlmsg_type == NLMSG_DONE) {
            int error = 0;
            if (message.nlmsg_len >= NLMSG_LENGTH(sizeof error))
                std::memcpy(&error, NLMSG_DATA(&message), sizeof error);
            errno = -error;
            return error == 0 && message.nlmsg_type == NLMSG_DONE ? Step::complete : Step::failed;
        }
        if (message.nlmsg_type == TCPDIAG_GETSOCK &&
            message.nlmsg_len >= NLMSG_LENGTH(sizeof(inet_diag_msg)))
            count(*static_cast<const inet_diag_msg*>(NLMSG_DATA(&message)));
        return Step::more;
    }

    void count(const inet_diag_msg& message) {
        const auto state = word_at<TcpState>(message.idiag_state).value_or(TcpState::unknown);
        if (std::ranges::binary_search(ports_, ntohs(message.id.idiag_sport))) {
            if (!is_going(message)) table_.on_ports.add(state);
            return;
        }
        const Endpoint remote = remote_of(message);
        const bool has_room = table_.by_remote.size() < KernelTable::kRemotesMax;
        if (has_room || table_.by_remote.contains(remote))
            return table_.by_remote[remote].add(state);
        table_.other_remotes.add(state);
    }

    int socket_;
    std::span<const std::uint16_t> ports_;
    KernelTable table_;
    bool was_interrupted_ = false;
    alignas(nlmsghdr) std::array<char, kReplyMax> reply_;
};

}  // namespace

KernelTable read_kernel_table(std::span<const std::uint16_t> ports) {
    for (int walks = 1;; ++walks) {
        Walk walk(ports);
        KernelTable table = walk.run();
        // Nearly all is better than nothing.
        if (!walk.was_interrupted() || walks == kWalksMax) return table;
    }
}

}  // namespace finwait
