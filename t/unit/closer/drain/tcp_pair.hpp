// SPDX-License-Identifier: Apache-2.0
//
// Real TCP connections over loopback, both ends in this process.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <utility>

#include "closer/unique_fd.hpp"
#include "eventually.hpp"

namespace finwait::test {

inline int tcp_state(const UniqueFd& socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(0, ::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size));
    return info.tcpi_state;
}

struct TcpPair {
    UniqueFd client;
    UniqueFd server;

    void half_close() const { ASSERT_EQ(0, ::shutdown(server.get(), SHUT_WR)); }

    // The client's system would acknowledge our FIN up to 40 ms later; it does so at once when
    // the FIN has been read.
    void acknowledge_now() const {
        char none;
        ASSERT_EQ(0, ::recv(client.get(), &none, 1, 0));
        const int on = 1;
        ASSERT_EQ(0, ::setsockopt(client.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on));
    }
};

inline int tcp_option(const UniqueFd& socket, int option) {
    int value = -99;
    socklen_t size = sizeof value;
    EXPECT_EQ(0, ::getsockopt(socket.get(), IPPROTO_TCP, option, &value, &size));
    return value;
}

// Loopback delivers within a system call or soon after; poll() waits for the latter.
inline void await(const UniqueFd& socket, short events) {
    pollfd entry{socket.get(), events, 0};
    ASSERT_EQ(1, ::poll(&entry, 1, kPatienceMs));
}

// Until the other side, which does not read, has no room for more and has said so, which its
// system may do 40 ms late: from then on no acknowledgement comes before it reads.
inline void await_full(const UniqueFd& socket) {
    const auto in_flight = [&] {
        tcp_info info{};
        socklen_t size = sizeof info;
        EXPECT_EQ(0, ::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size));
        return info.tcpi_unacked;
    };
    EXPECT_EVENTUALLY(in_flight(), 0U);
}

// Until both directions are over, as after a RST.
inline void await_end(const UniqueFd& socket) {
    await(socket, 0);  // POLLERR and POLLHUP need no asking
}

inline void reset(UniqueFd& socket) {
    const linger abort{1, 0};
    ASSERT_EQ(0, ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort));
    socket.reset();
}

inline void send_bytes(const UniqueFd& socket, std::size_t count, int flags = 0) {
    const std::string bytes(count, 'x');
    ASSERT_EQ(static_cast<ssize_t>(count),
              ::send(socket.get(), bytes.data(), count, flags | MSG_NOSIGNAL));
}

// What the other side's close looks like from here: 0 for FIN, or an errno. Waits for it.
inline int end_seen_by(const UniqueFd& socket) {
    char bytes[4096];
    for (;;) {
        pollfd readable{socket.get(), POLLIN, 0};
        if (::poll(&readable, 1, kPatienceMs) != 1) return ETIMEDOUT;
        const ssize_t size = ::recv(socket.get(), bytes, sizeof bytes, 0);
        if (size < 0) return errno;
        if (size == 0) return 0;
    }
}

// A listener of its own for each user, so that the ports of one test never meet those of another.
class Loopback {
  public:
    explicit Loopback(int client_receive_buffer = 0) : client_buffer_(client_receive_buffer) {
        listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        EXPECT_EQ(0, ::bind(listener_.get(), as_sockaddr(), sizeof address_));
        EXPECT_EQ(0, ::listen(listener_.get(), 128));
        EXPECT_EQ(0, ::getsockname(listener_.get(), as_sockaddr(), &size));
    }

    TcpPair connect() {
        TcpPair pair;
        pair.client.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (client_buffer_ > 0)
            ::setsockopt(pair.client.get(), SOL_SOCKET, SO_RCVBUF, &client_buffer_, sizeof(int));
        EXPECT_EQ(0, ::connect(pair.client.get(), as_sockaddr(), sizeof address_));
        pair.server.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        EXPECT_TRUE(pair.server);
        return pair;
    }

    TcpPair half_closed() {
        TcpPair pair = half_closing();
        EXPECT_EVENTUALLY(tcp_state(pair.server), TCP_FIN_WAIT2);
        return pair;
    }
    // For thousands: a busy machine processes each acknowledgement some milliseconds later.
    TcpPair half_closing() {
        TcpPair pair = connect();
        pair.half_close();
        pair.acknowledge_now();
        return pair;
    }

  private:
    sockaddr* as_sockaddr() { return reinterpret_cast<sockaddr*>(&address_); }

    int client_buffer_;
    UniqueFd listener_;
    sockaddr_in address_{};
};

}  // namespace finwait::test
