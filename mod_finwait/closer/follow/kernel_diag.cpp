// SPDX-License-Identifier: Apache-2.0
#include "closer/follow/kernel_diag.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace finwait {

namespace {

constexpr std::uint32_t bit_of(TcpState state) {
    return 1U << static_cast<unsigned>(state);
}

// Not TIME_WAIT: a busy host has tens of thousands, and few of them are ours to ask about.
constexpr std::uint32_t kSweptStates =
    bit_of(TcpState::fin_wait_1) | bit_of(TcpState::fin_wait_2) | bit_of(TcpState::closing);
constexpr std::uint32_t kAllStates = ~0U;
constexpr std::size_t kRequestMax = 1024;

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

DiagSocket socket_of(const inet_diag_msg& message) {
    DiagSocket socket;
    socket.id.local =
        endpoint_of(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
    socket.id.peer =
        endpoint_of(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
    std::memcpy(&socket.id.cookie, message.id.idiag_cookie, sizeof socket.id.cookie);
    socket.id.interface = message.id.idiag_if;
    socket.state = word_at<TcpState>(message.idiag_state).value_or(TcpState::unknown);
    if (message.idiag_timer <= static_cast<std::uint8_t>(KernelTimer::window_probe))
        socket.timer = static_cast<KernelTimer>(message.idiag_timer);
    socket.timer_left = std::chrono::milliseconds(message.idiag_expires);
    socket.has_owner = message.idiag_inode != 0;
    return socket;
}

const inet_diag_msg* payload_of(const nlmsghdr& message) {
    if (mnl_nlmsg_get_payload_len(&message) < sizeof(inet_diag_msg)) return nullptr;
    return static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(&message));
}

int error_of(const nlmsghdr& message) {
    int error = 0;
    if (mnl_nlmsg_get_payload_len(&message) >= sizeof error)
        std::memcpy(&error, mnl_nlmsg_get_payload(&message), sizeof error);
    return -error;
}

// "The local port is one of these", for the kernel's filter machine (inet_diag_bc_run()): each port
// is two operations, then, unless it is the last, a jump over the others. A condition that does not
// hold goes on behind that jump; behind the last one that is beyond the end, which means no.
void add_port_filter(nlmsghdr* request, std::span<const std::uint16_t> ports) {
    constexpr std::uint16_t kOp = sizeof(inet_diag_bc_op);
    std::array<inet_diag_bc_op, 3 * kFilteredPortsMax> code{};
    std::size_t used = 0;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        code[used++] = {INET_DIAG_BC_S_EQ, 2 * kOp, 3 * kOp};
        code[used++] = {0, 0, ports[i]};
        if (i + 1 == ports.size()) break;
        const std::size_t left = 3 * (ports.size() - i - 1);  // this jump and what follows
        code[used++] = {INET_DIAG_BC_JMP, kOp, static_cast<std::uint16_t>(left * kOp)};
    }
    mnl_attr_put(request, INET_DIAG_REQ_BYTECODE, used * kOp, code.data());
}

void fill_address(__be32 (&out)[4], const Endpoint& endpoint) {
    std::memcpy(out, endpoint.address.data(), endpoint.address.size());
}

}  // namespace

void KernelDiag::CloseSocket::operator()(mnl_socket* socket) const {
    mnl_socket_close(socket);
}

// Connected to the kernel (port 0), so that nobody else's message can come in.
KernelDiag::Socket KernelDiag::connect() {
    Socket socket(mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK));
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0 ||
        ::connect(mnl_socket_get_fd(socket.get()), reinterpret_cast<sockaddr*>(&kernel),
                  sizeof kernel) != 0) {
        error_ = errno;
        return nullptr;
    }
    return socket;
}

// A sweep of no state at all tells whether the kernel can answer: a look-up cannot, because without
// the module tcp_diag it says ENOENT, as for a socket that is gone.
int KernelDiag::open() {
    look_ups_ = connect();
    if (!look_ups_) return error_;
    if (const int error = send_sweep(0, {}); error != 0) return error;
    std::vector<DiagSocket> none;
    return read_sweep(none) == SweepStep::failed ? error_ : 0;
}

int KernelDiag::begin_sweep(std::span<const std::uint16_t> ports) {
    const bool filter = can_filter_ && ports.size() <= kFilteredPortsMax;
    return send_sweep(kSweptStates, filter ? ports : std::span<const std::uint16_t>());
}

// The older message walks the sockets of both families at once; SOCK_DIAG_BY_FAMILY needs two
// walks.
int KernelDiag::send_sweep(std::uint32_t states, std::span<const std::uint16_t> ports) {
    sweep_ = connect();
    if (!sweep_) return error_;
    was_interrupted_ = false;
    // Bounded by net.core.rmem_max; less will do, the walk waits for its reader.
    ::setsockopt(mnl_socket_get_fd(sweep_.get()), SOL_SOCKET, SO_RCVBUF, &sweep_buffer_,
                 sizeof sweep_buffer_);
    alignas(8) std::array<char, kRequestMax> buffer{};
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = TCPDIAG_GETSOCK;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = sweep_sequence_ = ++sequence_;
    auto* body =
        static_cast<inet_diag_req*>(mnl_nlmsg_put_extra_header(request, sizeof(inet_diag_req)));
    body->idiag_family = AF_UNSPEC;
    body->idiag_states = states;
    if (!ports.empty()) add_port_filter(request, ports);
    if (mnl_socket_sendto(sweep_.get(), request, request->nlmsg_len) < 0) {
        static_cast<void>(end_sweep(SweepStep::failed, errno));
        return error_;
    }
    return 0;
}

SweepStep KernelDiag::end_sweep(SweepStep how, int error) {
    error_ = error;
    sweep_.reset();
    return how;
}

SweepStep KernelDiag::read_sweep(std::vector<DiagSocket>& seen) {
    if (!sweep_) return SweepStep::failed;
    const ssize_t size = mnl_socket_recvfrom(sweep_.get(), reply_.data(), reply_.size());
    if (size < 0 && errno == EINTR) return SweepStep::more;
    // Each read makes the kernel fill the next buffer: if none is there, replies were lost.
    const bool is_lost = size < 0 && (errno == ENOBUFS || errno == EAGAIN);
    if (size < 0) return end_sweep(is_lost ? SweepStep::no_buffer : SweepStep::failed, errno);
    int left = static_cast<int>(size);
    auto* message = reinterpret_cast<const nlmsghdr*>(reply_.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        if (!mnl_nlmsg_seq_ok(message, sweep_sequence_)) continue;
        const SweepStep step = take(*message, seen);
        if (step != SweepStep::more) return step;
    }
    return SweepStep::more;
}

SweepStep KernelDiag::take(const nlmsghdr& message, std::vector<DiagSocket>& seen) {
    if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) was_interrupted_ = true;
    if (message.nlmsg_type == NLMSG_ERROR || message.nlmsg_type == NLMSG_DONE) {
        const int error = error_of(message);
        if (error == EINVAL) can_filter_ = false;
        if (error != 0 || message.nlmsg_type == NLMSG_ERROR)
            return end_sweep(SweepStep::failed, error);
        return end_sweep(was_interrupted_ ? SweepStep::interrupted : SweepStep::complete);
    }
    const inet_diag_msg* socket = payload_of(message);
    if (message.nlmsg_type == TCPDIAG_GETSOCK && socket != nullptr)
        seen.push_back(socket_of(*socket));
    return SweepStep::more;
}

bool KernelDiag::grow_buffer() {
    if (sweep_buffer_ >= kSweepBufferMax) return false;
    sweep_buffer_ *= 2;
    return true;
}

// The kernel answers within the call that asks. Without the cookie, so that a socket which has
// taken the place of the one we mean can be told from an empty place. As IPv4 also where the
// server's socket is IPv6 (::ffff:a.b.c.d): the kernel's table has both under the same four
// numbers.
int KernelDiag::look_up(const SocketId& id, DiagSocket& found) {
    if (!look_ups_) return EBADF;
    alignas(8) std::array<char, kRequestMax> buffer{};
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request->nlmsg_flags = NLM_F_REQUEST;
    request->nlmsg_seq = ++sequence_;
    auto* body = static_cast<inet_diag_req_v2*>(
        mnl_nlmsg_put_extra_header(request, sizeof(inet_diag_req_v2)));
    body->sdiag_family = id.local.family == Endpoint::Family::ipv4 ? AF_INET : AF_INET6;
    body->sdiag_protocol = IPPROTO_TCP;
    body->idiag_states = kAllStates;
    body->id.idiag_sport = htons(id.local.port);
    body->id.idiag_dport = htons(id.peer.port);
    fill_address(body->id.idiag_src, id.local);
    fill_address(body->id.idiag_dst, id.peer);
    body->id.idiag_if = id.interface;
    std::fill_n(body->id.idiag_cookie, 2, INET_DIAG_NOCOOKIE);
    if (mnl_socket_sendto(look_ups_.get(), request, request->nlmsg_len) < 0) return errno;
    for (;;) {
        const ssize_t size = mnl_socket_recvfrom(look_ups_.get(), reply_.data(), reply_.size());
        if (size < 0) return errno;
        const auto* reply = reinterpret_cast<const nlmsghdr*>(reply_.data());
        if (!mnl_nlmsg_ok(reply, static_cast<int>(size))) return EBADMSG;
        if (!mnl_nlmsg_seq_ok(reply, sequence_)) continue;  // of an earlier one that failed
        if (reply->nlmsg_type == NLMSG_ERROR) return error_of(*reply);
        const inet_diag_msg* socket = payload_of(*reply);
        if (socket == nullptr) return EBADMSG;
        found = socket_of(*socket);
        return 0;
    }
}

}  // namespace finwait
