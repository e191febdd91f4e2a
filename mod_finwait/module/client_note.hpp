// SPDX-License-Identifier: Apache-2.0
//
// What a connection remembers of its client until it closes. Lives in the connection's pool.
//
// Threads: on HTTP/1 the threads that serve a connection one after the other are ordered by the MPM.
// On HTTP/2 each request runs on a secondary connection in a thread of mod_http2's own, several at
// once, while the primary connection's thread may reach the close; all of them meet here. So every
// access is under one mutex, which on HTTP/1 nobody else ever holds. The note outlives the secondary
// connections: mod_http2 joins them before it lets the primary connection's pool go
// (h2_mplx_c1_destroy).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "finwait/handoff.hpp"
#include "module/vhost_settings.hpp"

namespace finwait {

// One request, as it is known when it is logged. Views need only live for the call.
struct RequestSeen {
    std::string_view user_agent;
    std::string_view client_address;  // "" unless it is not the socket's peer
    const VhostSettings* vhost = nullptr;
    HttpVersion http = HttpVersion::none;
    LogIds logs;
    std::chrono::nanoseconds logged{};              // CLOCK_MONOTONIC
    std::chrono::nanoseconds keep_alive_timeout{};  // that now begins to run
    bool complete = true;                           // false: timed out before it was read
    std::optional<Cause> closes;                    // nothing: the connection may go on
};

// A copy taken at close. Its views point into the note and stay good as long as it does, because
// nothing is remembered any more once the connection's last request has been logged.
struct ClientSeen {
    std::uint32_t requests = 0;
    std::optional<RequestSeen> last;
};

class ClientNote {
  public:
    // Any thread.
    void remember(const RequestSeen& request);

    // The connection's own thread, at close.
    [[nodiscard]] ClientSeen seen();

  private:
    std::mutex mutex_;
    RequestSeen last_;
    bool any_ = false;
    std::uint32_t requests_ = 0;
    std::array<char, kUserAgentMax> user_agent_;
    std::array<char, kClientAddressMax> client_address_;
};

// `text` cut to at most `size_max` bytes, and not within a UTF-8 character.
[[nodiscard]] std::string_view bounded(std::string_view text, std::size_t size_max);

}  // namespace finwait
