// SPDX-License-Identifier: Apache-2.0
//
// One process of bench-client: keeps a number of connections busy, each for one request, read to
// the server's FIN. What it got goes to memory that all its processes share.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace finwait::bench {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Options {
    bool hold = false;
    bool tls = false;
    std::size_t processes = 1;
    std::size_t connections = 32;  // of all processes together
    double seconds = 2;
    double warm_up = 0;                     // seconds before them, which are not counted
    std::chrono::milliseconds distance{0};  // from the server's FIN to the client's own
    std::size_t total = SIZE_MAX;
    std::uint16_t port = 0;
};

constexpr std::string_view kRequest =
    "GET /index.html HTTP/1.1\r\nHost: localhost\r\nUser-Agent: finwait-bench/1.0\r\n"
    "Connection: close\r\n\r\n";

constexpr std::size_t kSamplesMax = 1 << 20;
struct Result {
    std::size_t requests;
    std::size_t errors;
    float latency_ms[kSamplesMax];
};

// The client's FIN, on its way.
struct Answer {
    int fd;
    Clock::time_point due;
};

struct Connection {
    int fd = -1;
    SSL* tls = nullptr;  // until the reply is there
    bool sent = false;
    Clock::time_point begun;
    std::string reply;
};

[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

class Client {
  public:
    Client(const Options& options, std::size_t number, Result& result)
        : options_(options), number_(number), result_(result), epoll_(epoll_create1(0)) {
        if (options.tls && (tls_ = SSL_CTX_new(TLS_client_method())) == nullptr) fail("TLS");
    }

    void run(Clock::time_point begin, Clock::time_point end) {
        begin_ = begin;
        const std::size_t share = options_.connections / options_.processes;
        std::vector<Connection> connections(std::clamp<std::size_t>(share, 1, options_.total));
        for (Connection& connection : connections) open(connection);
        while (Clock::now() < end && result_.requests < options_.total) {
            epoll_event events[64];
            const int ready = epoll_wait(epoll_, events, 64, wait_for_answers());
            for (int i = 0; i < ready; ++i) advance(*static_cast<Connection*>(events[i].data.ptr));
        }
    }

  private:
    // Sends those that are due; all take the same time, so the first is due first. Returns for how
    // long epoll_wait() may wait: it knows whole milliseconds only, and the next answer may be due
    // before.
    int wait_for_answers() {
        for (; !answers_.empty() && answers_.front().due <= Clock::now(); answers_.pop_front())
            close(answers_.front().fd);
        if (answers_.empty()) return 10;
        const std::chrono::nanoseconds left = answers_.front().due - Clock::now();
        const timespec timeout{0, std::clamp<long>(left.count(), 0, 10'000'000)};
        pollfd ready{epoll_, POLLIN, 0};
        ppoll(&ready, 1, &timeout, nullptr);
        return 0;
    }

    // With --total, exactly so many get their reply: none is left half-way.
    void open(Connection& connection) {
        if (opened_ == options_.total) return;
        ++opened_;
        connection.begun = Clock::now();
        connection.sent = false;
        connection.reply.clear();
        connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connection.fd < 0) fail("socket");
        // A source address of its own gives each process its own ephemeral ports.
        const int on = 1;
        setsockopt(connection.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(number_));
        if (bind(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            fail("bind");
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(options_.port);
        if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
            errno != EINPROGRESS)
            fail("connect");
        watch(connection, EPOLLOUT, EPOLL_CTL_ADD);
        if (!options_.tls) return;
        connection.tls = SSL_new(tls_);
        if (connection.tls == nullptr || SSL_set_fd(connection.tls, connection.fd) != 1)
            fail("TLS");
        SSL_set_connect_state(connection.tls);
    }

    void watch(Connection& connection, std::uint32_t events, int how = EPOLL_CTL_MOD) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &connection;
        if (epoll_ctl(epoll_, how, connection.fd, &event) != 0) fail("epoll_ctl");
    }

    // > 0: so many bytes. 0: TLS is over, or the server has closed. < 0: not now, or never (errno).
    ssize_t tls_result(Connection& connection, int done) {
        if (done > 0) return done;
        switch (SSL_get_error(connection.tls, done)) {
            case SSL_ERROR_ZERO_RETURN:
                return 0;
            case SSL_ERROR_WANT_READ:
                watch(connection, EPOLLIN);
                break;
            case SSL_ERROR_WANT_WRITE:
                watch(connection, EPOLLOUT);
                break;
            default:
                errno = EPROTO;
                return -1;
        }
        errno = EAGAIN;
        return -1;
    }

    ssize_t send_request(Connection& connection) {
        if (connection.tls == nullptr)
            return send(connection.fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
        return tls_result(connection, SSL_write(connection.tls, kRequest.data(),
                                                static_cast<int>(kRequest.size())));
    }

    // After close_notify the server's FIN is still to come: plain again.
    ssize_t receive(Connection& connection, char* bytes, std::size_t size) {
        if (connection.tls != nullptr) {
            const ssize_t got =
                tls_result(connection, SSL_read(connection.tls, bytes, static_cast<int>(size)));
            if (got != 0) return got;
            end_tls(connection);
        }
        return recv(connection.fd, bytes, size, MSG_DONTWAIT);
    }

    void end_tls(Connection& connection) {
        SSL_free(connection.tls);  // sends nothing and leaves the descriptor alone
        connection.tls = nullptr;
    }

    void advance(Connection& connection) {
        if (!connection.sent) {
            if (send_request(connection) != static_cast<ssize_t>(kRequest.size())) {
                if (errno != EAGAIN) again(connection, false);
                return;
            }
            connection.sent = true;
            watch(connection, EPOLLIN);
            return;
        }
        char bytes[65536];
        const ssize_t got = receive(connection, bytes, sizeof bytes);
        if (got > 0)
            connection.reply.append(bytes, static_cast<std::size_t>(got));
        else if (got == 0)
            again(connection, is_complete(connection.reply));
        else if (errno != EAGAIN)
            again(connection, false);
    }

    static bool is_complete(std::string_view reply) {
        const auto head = reply.find("\r\n\r\n");
        const auto length = reply.find("\r\nContent-Length: ");
        return reply.starts_with("HTTP/1.1 200 ") && head != reply.npos && length < head &&
               reply.size() - head - 4 == std::strtoul(reply.data() + length + 18, nullptr, 10);
    }

    void count(const Connection& connection) {
        if (Clock::now() < begin_) return;
        if (result_.requests < kSamplesMax)
            result_.latency_ms[result_.requests] =
                static_cast<float>(Seconds(Clock::now() - connection.begun).count() * 1e3);
        ++result_.requests;
    }

    void again(Connection& connection, bool complete) {
        if (complete) {
            count(connection);
        } else {
            ++result_.errors;
            --opened_;
        }
        end_tls(connection);
        leave(connection.fd);
        open(connection);
    }

    void leave(int fd) {
        if (!options_.hold && options_.distance.count() == 0) {
            close(fd);
            return;
        }
        epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
        if (!options_.hold) answers_.push_back({fd, Clock::now() + options_.distance});
    }

    const Options& options_;
    const std::size_t number_;
    Result& result_;
    const int epoll_;
    SSL_CTX* tls_ = nullptr;
    std::deque<Answer> answers_;
    Clock::time_point begin_;
    std::size_t opened_ = 0;
};

}  // namespace finwait::bench
