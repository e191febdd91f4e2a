// SPDX-License-Identifier: Apache-2.0

#include "clients/client.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include "clients/h2.hpp"

namespace finwait::test {
namespace {

SSL_CTX* tls_context() {
    // One for the whole run: the certificate is the suite's own and is not checked.
    static SSL_CTX* const context = [] {
        SSL_CTX* made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
        return made;
    }();
    return context;
}

int left(Clock::time_point deadline) {
    const auto ms = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(ms, 0));
}

bool readable(int fd, Clock::time_point deadline) {
    pollfd watched{fd, POLLIN, 0};
    return ::poll(&watched, 1, left(deadline)) > 0;
}

}  // namespace

int connect_tcp(const std::string& address, std::uint16_t port, int receive_buffer,
                const std::string& source, std::uint16_t source_port) {
    addrinfo numeric{};
    numeric.ai_flags = AI_NUMERICHOST;
    numeric.ai_socktype = SOCK_STREAM;
    addrinfo* to = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &numeric, &to) != 0)
        throw std::runtime_error(address + " is no address");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(to, ::freeaddrinfo);
    const int fd = ::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0)
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (!source.empty()) {
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_port = htons(source_port);
        if (::inet_pton(AF_INET, source.c_str(), &from.sin_addr) != 1 ||
            ::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
            ::close(fd);
            throw std::runtime_error(source +
                                     " is no address of this machine, or its port is taken");
        }
    }
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const timeval patience{kPatience / 1s, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
        const int error = errno;
        ::close(fd);
        throw std::runtime_error("connect to " + address + ":" + std::to_string(port) + ": " +
                                 std::strerror(error));
    }
    return fd;
}

Client::Client(Transport transport, std::uint16_t port, ClientOptions options)
    : options_(std::move(options)) {
    fd_ = options_.fd >= 0 ? options_.fd
                           : connect_tcp(options_.address, port, options_.receive_buffer,
                                         options_.source, options_.source_port);
    sockaddr_storage local{};
    socklen_t size = sizeof local;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size);
    local_ = endpoint_from(reinterpret_cast<const sockaddr*>(&local));
    if (transport == Transport::plain) return;

    ssl_.reset(SSL_new(tls_context()));
    SSL_set_fd(ssl_.get(), fd_);
    const std::string& name = options_.server_name.empty() ? options_.host : options_.server_name;
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    if (transport == Transport::h2) {
        static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
        SSL_set_alpn_protos(ssl_.get(), kProtocols, sizeof kProtocols - 1);
    }
    if (SSL_connect(ssl_.get()) != 1) {
        ERR_clear_error();
        ssl_.reset();
        ::close(fd_);
        throw std::runtime_error("the TLS handshake failed");
    }
    const unsigned char* chosen = nullptr;
    unsigned chosen_size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &chosen_size);
    speaks_h2_ = chosen_size == 2 && std::memcmp(chosen, "h2", 2) == 0;
    if (speaks_h2_) send(h2::opening());
}

Client::Client(Client&& other) noexcept
    : options_(std::move(other.options_)),
      fd_(std::exchange(other.fd_, -1)),
      ssl_(std::move(other.ssl_)),
      local_(other.local_),
      begun_(other.begun_),
      speaks_h2_(other.speaks_h2_),
      saw_goaway_(other.saw_goaway_),
      saw_close_notify_(other.saw_close_notify_),
      next_stream_(other.next_stream_),
      end_(other.end_),
      buffer_(std::move(other.buffer_)) {}

Client::~Client() {
    close();
}

void Client::send(std::string_view bytes) {
    if (bytes.empty()) return;
    if (!ssl_) {
        (void)send_raw(bytes);
        return;
    }
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1) ERR_clear_error();
}

bool Client::send_raw(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0) {
            see_end(errno);
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

std::string Client::request(std::string_view path, std::string_view headers) {
    if (speaks_h2_) {
        const std::uint32_t stream = next_stream_;
        next_stream_ += 2;
        return h2::get(stream, path, options_.host, options_.user_agent);
    }
    std::string request =
        "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + options_.host + "\r\n";
    if (!options_.user_agent.empty()) request += "User-Agent: " + options_.user_agent + "\r\n";
    return request + std::string(headers) + "\r\n";
}

void Client::ask(std::string_view path, std::string_view headers, int times) {
    std::string requests;
    for (int i = 0; i < times; ++i) requests += request(path, headers);
    send(requests);
}

Reply Client::get(std::string_view path, std::string_view headers, milliseconds limit) {
    ask(path, headers);
    return reply(limit);
}

Reply Client::reply(milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    return speaks_h2_ ? h2_reply(deadline) : h1_reply(deadline);
}

void Client::see_end(int error) {
    if (end_ == End::still_open)
        end_ = error == ECONNRESET || error == EPIPE ? End::reset : End::fin;
}

bool Client::fill(Clock::time_point deadline) {
    std::array<char, 65536> chunk;
    while (end_ == End::still_open) {
        if (!(ssl_ && SSL_pending(ssl_.get()) > 0) && !readable(fd_, deadline)) return false;
        if (ssl_ && !saw_close_notify_) {
            std::size_t n = 0;
            errno = 0;
            if (SSL_read_ex(ssl_.get(), chunk.data(), chunk.size(), &n) == 1) {
                buffer_.append(chunk.data(), n);
                return true;
            }
            const int saved = errno;
            const int why = SSL_get_error(ssl_.get(), 0);
            ERR_clear_error();
            if (why == SSL_ERROR_WANT_READ) continue;
            // After close_notify the raw stream is watched for the FIN that must follow. A bare
            // FIN is SSL_ERROR_SSL (unexpected EOF).
            if (why == SSL_ERROR_ZERO_RETURN) {
                saw_close_notify_ = true;
                continue;
            }
            see_end(saved);
            return false;
        }
        const ssize_t n = ::recv(fd_, chunk.data(), chunk.size(), 0);
        if (n > 0) {
            if (saw_close_notify_) continue;
            buffer_.append(chunk.data(), static_cast<std::size_t>(n));
            return true;
        }
        see_end(n == 0 ? 0 : errno);
    }
    return false;
}

std::string Client::read_to_end(milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    while (fill(deadline)) continue;
    return std::exchange(buffer_, {});
}

std::string Client::read_some(std::size_t most, milliseconds limit) {
    if (end_ != End::still_open || !readable(fd_, Clock::now() + limit)) return {};
    std::string bytes(most, '\0');
    const ssize_t n = ::recv(fd_, bytes.data(), most, 0);
    if (n <= 0) see_end(n == 0 ? 0 : errno);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
}

bool Client::has_input() const {
    return readable(fd_, Clock::now());
}

End Client::wait_end(milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    while (fill(deadline)) {
        if (!speaks_h2_) buffer_.clear();
        for (h2::Frame frame; speaks_h2_ && h2::take_frame(buffer_, frame);)
            if (frame.type == h2::Frame::kGoAway) saw_goaway_ = true;
    }
    return end_;
}

void Client::half_close() {
    if (ssl_) {
        // Corked, so that close_notify and FIN are one segment and no server acts between them.
        const int one = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &one, sizeof one);
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    ::shutdown(fd_, SHUT_WR);
}

void Client::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Client::reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

End Client::keep_sending(milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    const std::string block(16384, 'x');
    End ended = End::still_open;
    while (ended == End::still_open && Clock::now() < deadline)
        if (!send_raw(block)) ended = End::reset;
    return ended;
}

std::uint64_t Client::trickle(milliseconds between) {
    const auto deadline = Clock::now() + kPatience;
    std::uint64_t sent = 0;
    while (Clock::now() < deadline && send_raw("x")) {
        ++sent;
        std::this_thread::sleep_for(between);  // the misbehaviour itself, not a wait
    }
    return sent;
}

}  // namespace finwait::test
