// SPDX-License-Identifier: Apache-2.0

#include "clients/crowd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace finwait::test {

Load::Load(std::uint16_t port, int threads, std::string path) {
    for (int i = 0; i < threads; ++i)
        threads_.emplace_back([this, port, path] { work(port, path); });
}

Load::Load(std::uint16_t port, int threads, Allowed) : is_bounded_(true) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this, port] { work(port, "/small"); });
}

void Load::work(std::uint16_t port, const std::string& path) {
    while (!stopping_) {
        if (is_bounded_) allowed_.acquire();
        if (stopping_) return;
        std::string failure;
        try {
            Client client(Transport::plain, port, {.user_agent = "t/load"});
            const Reply reply = client.get(path, "Connection: close\r\n");
            if (reply.status != 200 || !reply.complete)
                failure = "status " + std::to_string(reply.status) + ", " +
                          std::to_string(reply.body.size()) + " bytes";
        } catch (const std::exception& error) {
            failure = error.what();
        }
        if (failure.empty()) {
            ++requests_;
            continue;
        }
        ++failures_;
        const std::lock_guard lock(mutex_);
        if (first_failure_.empty()) first_failure_ = failure;
    }
}

void Load::stop() {
    stopping_ = true;
    allow(static_cast<std::ptrdiff_t>(threads_.size()));
    for (auto& thread : threads_)
        if (thread.joinable()) thread.join();
}

std::string Load::first_failure() {
    const std::lock_guard lock(mutex_);
    return first_failure_;
}

testing::AssertionResult Load::wait_for(std::uint64_t more, milliseconds limit) {
    const std::uint64_t before = requests_;
    if (wait_until(limit, [&] { return requests_ >= before + more; }))
        return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << requests_ - before << " of " << more << " requests within " << limit.count()
           << " ms, " << failures_ << " failures, "
           << "the first: " << first_failure();
}

std::vector<Client> crowd_that_never_closes(std::uint16_t port, std::size_t n) {
    std::vector<Client> crowd;
    crowd.reserve(n);
    while (crowd.size() < n) {
        Client client(Transport::plain, port, {.user_agent = "t/never-closes"});
        const Reply reply = client.get("/small", "Connection: close\r\n");
        if (!reply.complete) throw std::runtime_error("one of a crowd was not answered");
        crowd.push_back(std::move(client));
    }
    return crowd;
}

Backend::Backend(std::function<void(int)> serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
        throw std::runtime_error("no port for a backend");
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            const timeval patience{kPatience / 1s, 0};
            ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            serve_(fd);
            ::close(fd);
        }
    });
}

Backend::~Backend() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    ::close(listener_);
}

namespace {

bool read_head(int fd) {
    std::string head;
    std::array<char, 4096> chunk;
    while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::recv(fd, chunk.data(), chunk.size(), 0);
        if (n <= 0) return false;
        head.append(chunk.data(), static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

void Backend::websocket_echo(int fd) {
    if (!read_head(fd)) return;
    // The proxy only looks at the status and at Upgrade; no client here checks the accept key.
    constexpr std::string_view switching =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    ::send(fd, switching.data(), switching.size(), MSG_NOSIGNAL);
    echo(fd);
}

void Backend::refuse_upgrade(int fd) {
    if (!read_head(fd)) return;
    constexpr std::string_view refusing = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno\n";
    ::send(fd, refusing.data(), refusing.size(), MSG_NOSIGNAL);
}

void Backend::echo(int fd) {
    std::array<char, 4096> chunk;
    for (;;) {
        const ssize_t n = ::recv(fd, chunk.data(), chunk.size(), 0);
        if (n <= 0) return;
        const std::string_view text(chunk.data(), static_cast<std::size_t>(n));
        ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (text.find("bye") != std::string_view::npos) return;
    }
}

}  // namespace finwait::test
