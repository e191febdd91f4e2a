// SPDX-License-Identifier: Apache-2.0
//
// The TCP segments that a server sends from one port, as they arrive on this machine (IPv4). Needs
// root. TCP_INFO only counts segments, and how many bare acknowledgements are among them depends
// on the moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "clients/process.hpp"

namespace finwait::test {

class Capture {
  public:
    explicit Capture(std::uint16_t server_port);  // what arrives from now on
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    // Bytes of payload in the segment with the FIN to this client, or nullopt at the limit.
    std::optional<std::size_t> payload_of_fin(std::uint16_t client_port, milliseconds limit = 5s);

  private:
    int fd_;
};

}  // namespace finwait::test
