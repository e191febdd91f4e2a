// SPDX-License-Identifier: Apache-2.0
#include "module/status/kernel_table.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace finwait {

namespace {

constexpr std::uint32_t bit_of(TcpState state) {
    return 1U << static_cast<unsigned>(state);
}

// Not TIME_WAIT: a busy host has tens of thousands.
constexpr std::uint32_t kStates =
    bit_of(TcpState::fin_wait_1) | bit_of(TcpState::fin_wait_2) | bit_of(TcpState::closing);
// The kernel fills at most 32 KiB per read (net/netlink/af_netlink.c, netlink_recvmsg()).
constexpr std::size_t kReplyMax = std::size_t{32} * 1024;

class Netlink {
  public:
    Netlink()
        : socket_(
              ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)) {}
    ~Netlink() {
        if (socket_ >= 0) ::close(socket_);
    }
    Netlink(const Netlink&) = delete;
    Netlink& operator=(const Netlink&) = delete;

    // Connected to the kernel (port 0), so that nobody else's message can come in.
    [[nodiscard]] bool connect() const {
        sockaddr_nl kernel{};
        kernel.nl_family = AF_NETLINK;
        return socket_ >= 0 &&
               ::connect(socket_, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) == 0;
    }
    [[nodiscard]] int get() const { return socket_; }

  private:
    int socket_;
};

// The older message walks the sockets of both families at once; SOCK_DIAG_BY_FAMILY needs two
// walks.
bool send_request(int socket) {
    struct {
        nlmsghdr header;
        inet_diag_req body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = TCPDIAG_GETSOCK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.idiag_family = AF_UNSPEC;
    request.body.idiag_states = kStates;
    return ::send(socket, &request, sizeof request, 0) == sizeof request;
}

Endpoint endpoint_of(std::uint8_t family, const __be32 (&address)[4], __be16 port) {
    if (family == AF_INET) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = port;
        std::memcpy(&in.sin_addr, address, sizeof in.sin_addr);
        return endpoint_from(reinterpret_cast<const sockaddr*>(&in));
    }
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = port;
    std::memcpy(&in6.sin6_addr, address, sizeof in6.sin6_addr);
    return endpoint_from(reinterpret_cast<const sockaddr*>(&in6));
}

KernelSocket socket_of(const inet_diag_msg& message) {
    KernelSocket socket;
    socket.local = endpoint_of(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
    socket.peer = endpoint_of(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
    socket.state = word_at<TcpState>(message.idiag_state).value_or(TcpState::unknown);
    return socket;
}

std::string refusal(int error) {
    return std::string("the kernel does not tell (sock_diag: ") + std::strerror(error) + ")";
}

int error_in(const nlmsghdr& message) {
    int error = 0;
    if (message.nlmsg_len >= NLMSG_LENGTH(sizeof error))
        std::memcpy(&error, NLMSG_DATA(&message), sizeof error);
    return -error;
}

// One buffer of replies; true if more will come.
bool take(const char* reply, std::size_t size,
          const std::function<void(const KernelSocket&)>& visit, std::string& why_not) {
    auto left = static_cast<unsigned>(size);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(reply); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
        if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
            if (const int error = error_in(*message); error != 0) why_not = refusal(error);
            return false;
        }
        if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(inet_diag_msg)))
            visit(socket_of(*static_cast<const inet_diag_msg*>(NLMSG_DATA(message))));
    }
    return true;
}

}  // namespace

std::string visit_closing_sockets(const std::function<void(const KernelSocket&)>& visit) {
    const Netlink netlink;
    if (!netlink.connect() || !send_request(netlink.get())) return refusal(errno);
    alignas(nlmsghdr) std::array<char, kReplyMax> reply;
    std::string why_not;
    for (;;) {
        const ssize_t size = ::recv(netlink.get(), reply.data(), reply.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        // Each read makes the kernel fill the next buffer: if none is there, replies were lost.
        if (size <= 0) return refusal(size == 0 ? EPIPE : errno);
        if (!take(reply.data(), static_cast<std::size_t>(size), visit, why_not)) return why_not;
    }
}

}  // namespace finwait
