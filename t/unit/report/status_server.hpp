// SPDX-License-Identifier: Apache-2.0
//
// A server with a status page, as far as finwait-report can tell.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "closer/unique_fd.hpp"

namespace finwait::test {

class StatusServer {
  public:
    // Nothing: it takes the connection and never answers.
    using Pages = std::function<std::optional<std::string>(std::string_view request)>;

    explicit StatusServer(std::string page) : StatusServer(always(std::move(page))) {}
    explicit StatusServer(Pages pages) : pages_(std::move(pages)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), generic, size) == 0 && ::listen(listener_.get(), 16) == 0)
            ::getsockname(listener_.get(), generic, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~StatusServer() {
        ::shutdown(listener_.get(), SHUT_RDWR);  // ends its accept()
        thread_.join();
    }
    StatusServer(const StatusServer&) = delete;
    StatusServer& operator=(const StatusServer&) = delete;

    [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string url() const { return "http://" + host() + "/finwait-status"; }
    [[nodiscard]] int asked() const { return asked_; }
    void set_page(std::string page) {
        const std::lock_guard guard(mutex_);
        pages_ = always(std::move(page));
    }

  private:
    // "": silence.
    static Pages always(std::string page) {
        return [page = std::move(page)](std::string_view) -> std::optional<std::string> {
            if (page.empty()) return std::nullopt;
            return page;
        };
    }
    void serve() {
        UniqueFd silent;  // the last one that had no answer
        for (;;) {
            UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            ++asked_;
            std::string request(4096, '\0');
            const ssize_t size = ::read(client.get(), request.data(), request.size());
            const std::optional<std::string> page = page_for(std::string_view(request).substr(
                0, static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
            if (page)
                answer(client.get(), *page);
            else
                silent = std::move(client);
        }
    }
    std::optional<std::string> page_for(std::string_view request) {
        const std::lock_guard guard(mutex_);
        return pages_(request);
    }
    // The rest of a long question is read, because a close without would reset the connection.
    static void answer(int client, const std::string& page) {
        const std::string reply =
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(page.size()) +
            "\r\nConnection: close\r\n\r\n" + page;
        for (std::size_t sent = 0; sent < reply.size();) {
            const ssize_t bytes =
                ::send(client, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
            if (bytes <= 0) return;
            sent += static_cast<std::size_t>(bytes);
        }
        ::shutdown(client, SHUT_WR);
        char rest[4096];
        while (::read(client, rest, sizeof rest) > 0) {
        }
    }

    UniqueFd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    Pages pages_;
    std::atomic<int> asked_{0};
    std::thread thread_;
};

}  // namespace finwait::test
