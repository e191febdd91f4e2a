// SPDX-License-Identifier: Apache-2.0
//
// A server with a status page, as far as finwait-report can tell.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "closer/unique_fd.hpp"

namespace finwait::test {

class StatusServer {
  public:
    // "": it takes the connection and never answers.
    explicit StatusServer(std::string page) : page_(std::move(page)) {
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
        page_ = std::move(page);
    }

  private:
    void serve() {
        UniqueFd silent;  // the last one that had no answer
        for (;;) {
            UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            std::string page;
            {
                const std::lock_guard guard(mutex_);
                page = page_;
            }
            ++asked_;
            if (page.empty()) {
                silent = std::move(client);
                continue;
            }
            answer(client.get(), page);
        }
    }
    static void answer(int client, const std::string& page) {
        std::string request(4096, '\0');
        static_cast<void>(::read(client, request.data(), request.size()));
        const std::string reply =
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(page.size()) +
            "\r\nConnection: close\r\n\r\n" + page;
        for (std::size_t sent = 0; sent < reply.size();) {
            const ssize_t bytes =
                ::send(client, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
            if (bytes <= 0) return;
            sent += static_cast<std::size_t>(bytes);
        }
    }

    UniqueFd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::string page_;
    std::atomic<int> asked_{0};
    std::thread thread_;
};

}  // namespace finwait::test
