// SPDX-License-Identifier: Apache-2.0
//
// Looks, while a test runs, for sockets of its server that nobody holds and no counter tells of. At
// the end of the test it would be too late: where a client is gone, so is its socket.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/httpd.hpp"

namespace finwait::test {

class SocketWatch {
  public:
    SocketWatch(std::vector<std::uint16_t> ports, const Counters& counters);
    ~SocketWatch() { (void)stop(); }
    SocketWatch(const SocketWatch&) = delete;
    SocketWatch& operator=(const SocketWatch&) = delete;

    // Ends it. What it saw, "" if every socket was somebody's.
    std::string stop();

  private:
    void watch(const std::stop_token& stopped);

    std::vector<std::uint16_t> ports_;
    const Counters& counters_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::string seen_;
    std::jthread thread_;
};

}  // namespace finwait::test
