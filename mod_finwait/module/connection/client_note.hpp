// SPDX-License-Identifier: Apache-2.0
//
// What a connection remembers of its client until it closes. Lives in the connection's pool.
//
// Threads: on HTTP/1 the threads that serve a connection one after the other are ordered by the
// MPM. On HTTP/2 each request runs on a secondary connection in a thread of mod_http2's own,
// several at once, while the primary connection's thread may reach the close; all of them meet
// here. So every access is under one mutex, which on HTTP/1 nobody else ever holds. The note
// outlives the secondary connections: mod_http2 joins them before it lets the primary connection's
// pool go (h2_mplx_c1_destroy).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "finwait/handoff.hpp"
#include "module/config/vhost_settings.hpp"
#include "module/connection/client_policy.hpp"

namespace finwait {

// One request, as it is known when it is logged, or on HTTP/2 when it has been read. Views need
// only live for the call.
struct RequestSeen {
    std::string_view user_agent;
    std::string_view client_address;  // "" unless it is not the socket's peer
    const VhostSettings* vhost = nullptr;
    HttpVersion http = HttpVersion::none;
    LogIds logs;
    ClientPolicy policy;
    Remedy remedy = Remedy::none;
    bool has_via = false;
    std::chrono::nanoseconds logged{};              // CLOCK_MONOTONIC
    std::chrono::nanoseconds keep_alive_timeout{};  // that now begins to run
    std::chrono::nanoseconds timeout{};             // its virtual host's
    std::uint32_t number = 0;                       // HTTP/2: of those read, from 1 on; begin()'s
    bool complete = true;                           // false: never read to its end
    bool given_up = false;                          // its reply could not be written
    std::optional<Cause> closes;                    // nothing: the connection may go on
};

// A copy, texts included: while an aborted HTTP/2 connection is being closed its streams may still
// be running. Neither copied nor moved, because `last` points into it.
class ClientSeen {
  public:
    ClientSeen() = default;
    ClientSeen(const ClientSeen&) = delete;
    ClientSeen& operator=(const ClientSeen&) = delete;

    std::uint32_t requests = 0;  // HTTP/1: complete ones; HTTP/2: those that were read
    std::optional<RequestSeen> last;
    bool is_shared = false;  // several User-Agents or client addresses
    bool has_via = false;    // of any request

  private:
    friend class ClientNote;
    std::array<char, kUserAgentMax> user_agent_;
    std::array<char, kClientAddressMax> client_address_;
};

class ClientNote {
  public:
    // These seven: any thread.
    [[nodiscard]] bool is_empty();
    // With that request the connection is a proxy's, if it was not before.
    [[nodiscard]] bool is_proxys_with(const RequestSeen& request);
    // HTTP/2: a request has been read; returns its number. `who` (or null) is kept if nobody is
    // known yet.
    [[nodiscard]] std::uint32_t begin(const RequestSeen* who);
    void end_stream();
    [[nodiscard]] bool has_streams();
    // HTTP/2: the last is who was read last, though another may be logged later.
    void remember(const RequestSeen& request);
    void copy_to(ClientSeen& seen);

    // Never waits; nothing is copied if the note is being written. prefork ends a child from within
    // a signal handler, which may have interrupted remember().
    void try_copy_to(ClientSeen& seen);

  private:
    [[nodiscard]] bool is_of_another(const RequestSeen& request) const;
    void keep(const RequestSeen& request, bool is_another);
    void copy_locked_to(ClientSeen& seen);

    std::mutex mutex_;
    ClientSeen seen_;
    std::uint32_t streams_ = 0;  // HTTP/2: begun and not ended
};

}  // namespace finwait
