// SPDX-License-Identifier: Apache-2.0
//
// bench-walk [n]: walks the kernel's table of TCP sockets of both families n times, those in
// FIN_WAIT_1, FIN_WAIT_2 and CLOSING, and does nothing with them but count: the least that knowing
// of them can cost. Prints the CPU time of one walk.
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

constexpr unsigned kStates = 1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSING;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// How many of these messages are sockets; -1 after the last.
int sockets_in(const char* bytes, int size) {
    int sockets = 0;
    const auto* message = reinterpret_cast<const nlmsghdr*>(bytes);
    for (; mnl_nlmsg_ok(message, size); message = mnl_nlmsg_next(message, &size)) {
        if (message->nlmsg_type == NLMSG_ERROR) fail("the kernel refused");
        if (message->nlmsg_type == NLMSG_DONE) return -1;
        ++sockets;
    }
    return sockets;
}

int walk(mnl_socket* kernel) {
    alignas(8) std::array<char, 256> buffer{};
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = TCPDIAG_GETSOCK;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    auto* body =
        static_cast<inet_diag_req*>(mnl_nlmsg_put_extra_header(request, sizeof(inet_diag_req)));
    body->idiag_family = AF_UNSPEC;
    body->idiag_states = kStates;
    if (mnl_socket_sendto(kernel, request, request->nlmsg_len) < 0) fail("sendto");
    alignas(8) static std::array<char, 65536> reply;
    for (int total = 0;;) {
        const ssize_t size = mnl_socket_recvfrom(kernel, reply.data(), reply.size());
        if (size < 0) fail("recvfrom");
        const int sockets = sockets_in(reply.data(), static_cast<int>(size));
        if (sockets < 0) return total;
        total += sockets;
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int times = argc > 1 ? std::atoi(argv[1]) : 1;
    mnl_socket* kernel = mnl_socket_open(NETLINK_SOCK_DIAG);
    if (times < 1 || kernel == nullptr || mnl_socket_bind(kernel, 0, MNL_SOCKET_AUTOPID) != 0)
        fail("bench-walk");
    const double begin = cpu_ms();
    int sockets = 0;
    for (int i = 0; i < times; ++i) sockets = walk(kernel);
    std::printf("{\"sockets\": %d, \"cpu_ms\": %.3f}\n", sockets, (cpu_ms() - begin) / times);
}
