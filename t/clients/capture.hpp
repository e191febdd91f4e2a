// SPDX-License-Identifier: Apache-2.0
//
// The TCP segments of a server's port, as they leave or arrive on this machine (IPv4), whatever
// becomes of them later; on loopback each is there twice. Needs root. TCP_INFO only counts
// segments, and how many bare acknowledgements are among them depends on the moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "clients/process.hpp"

namespace finwait::test {

struct Segment {
    std::uint16_t source = 0;
    std::uint16_t destination = 0;
    bool has_fin = false;
    bool has_rst = false;
    std::size_t payload = 0;        // bytes
    std::chrono::nanoseconds at{};  // since the epoch, by the kernel's clock
};

class Capture {
  public:
    explicit Capture(std::uint16_t server_port);  // from now on
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    // The next one that is wanted, or nullopt at the limit; those before it are gone.
    std::optional<Segment> next(const std::function<bool(const Segment&)>& is_wanted,
                                milliseconds limit = 5s);

  private:
    std::optional<Segment> receive();

    int fd_;
};

}  // namespace finwait::test
