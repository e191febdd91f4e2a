// SPDX-License-Identifier: Apache-2.0
//
// Many clients at once: a steady load that counts failures, a crowd of connections that are held
// after the server's close, and a small backend for proxied websockets.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "clients/client.hpp"

namespace finwait::test {

// Threads that each make one request per connection, over and over, and close like a well-behaved
// client, until stopped. A request without a whole 200 reply is a failure.
class Load {
  public:
    Load(std::uint16_t port, int threads, std::string path = "/small");
    // Makes none but what is allowed.
    struct Allowed {};
    Load(std::uint16_t port, int threads, Allowed);
    void allow(std::ptrdiff_t more) { allowed_.release(more); }
    ~Load() { stop(); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    void stop();
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::uint64_t failures() const { return failures_; }
    [[nodiscard]] std::string first_failure();
    // Waits until `more` requests were answered since this call.
    [[nodiscard]] testing::AssertionResult wait_for(std::uint64_t more,
                                                    milliseconds limit = kPatience);

  private:
    void work(std::uint16_t port, const std::string& path);

    bool is_bounded_ = false;
    std::counting_semaphore<> allowed_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::uint64_t> failures_{0};
    std::mutex mutex_;
    std::string first_failure_;
    std::vector<std::thread> threads_;
};

// `n` connections that were answered with `Connection: close` and are never closed by the client.
std::vector<Client> crowd_that_never_closes(std::uint16_t port, std::size_t n);

// Accepts one connection at a time on a free port of 127.0.0.1 and lets `serve` have it.
class Backend {
  public:
    explicit Backend(std::function<void(int fd)> serve);
    ~Backend();
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    [[nodiscard]] std::uint16_t port() const { return port_; }

    // Answers an upgrade with 101, then echoes what comes; ends when it reads "bye".
    static void websocket_echo(int fd);
    // Answers the same with 200.
    static void refuse_upgrade(int fd);
    // Echoes from the first byte (behind CONNECT); ends when it reads "bye".
    static void echo(int fd);

  private:
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::function<void(int)> serve_;
    std::thread thread_;
};

}  // namespace finwait::test
