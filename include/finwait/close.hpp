// SPDX-License-Identifier: Apache-2.0
//
// One close, from the child that half-closed its socket to the line in a log: who the client is
// comes with the Handoff, how it ended is filled in at the end. A plain value. Its texts are views
// into memory of whoever made it (the request's, the datagram's, the closer's Clients, the
// line's); they hold whatever the client sent, bounded and unescaped.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "finwait/auto_rule.hpp"
#include "finwait/endpoint.hpp"
#include "finwait/words.hpp"

namespace finwait {

inline constexpr std::size_t kUserAgentMax = 512;     // bytes kept of a User-Agent
inline constexpr std::size_t kVhostMax = 255;         // bytes kept of a virtual host's name
inline constexpr std::size_t kClientAddressMax = 64;  // text of mod_remoteip's address
inline constexpr std::size_t kLogsPerVhostMax = 4;    // FinWaitLog directives in one vhost

// The log identities a Record goes to: none means that it is counted and not written.
struct LogIds {
    std::array<std::uint16_t, kLogsPerVhostMax> ids{};
    std::uint8_t count = 0;

    auto operator<=>(const LogIds&) const = default;
};

// What a client's closes have in common.
struct ClientFacts {
    std::string_view user_agent;
    std::string_view vhost;
    std::string_view client_address;  // "" unless mod_remoteip changed it
    Endpoint local;
    HttpVersion http = HttpVersion::none;
    TlsVersion tls = TlsVersion::none;
    Mpm mpm = Mpm::unknown;

    // What its virtual host wants done with it; not part of the Record.
    LogIds logs;
    std::optional<AutoRule> auto_rule;  // nothing: FinWaitAuto Off

    auto operator<=>(const ClientFacts&) const = default;

    // Its texts, one after the other; and the same as views into such a block.
    void append_texts_to(std::string& block) const {
        block.append(vhost).append(user_agent).append(client_address);
    }
    void view_texts_in(std::string_view block) {
        for (std::string_view* text : {&vhost, &user_agent, &client_address}) {
            *text = block.substr(0, text->size());
            block.remove_prefix(text->size());
        }
    }
};

// What each has of its own.
struct CloseFacts {
    std::chrono::milliseconds half_close{};  // since the epoch
    Endpoint peer;
    std::uint32_t requests = 0;
    Remedy remedy = Remedy::none;
    Cause cause = Cause::other;
    bool is_shared = false;  // it carried several User-Agents or client addresses
    bool has_via = false;    // a request had Via

    // Of its end.
    TcpState state = TcpState::unknown;  // when the drain was over
    Drain drain = Drain::none;
    Outcome outcome = Outcome::unknown;
    Probe probe = Probe::none;
    std::uint32_t rtt_us = 0;
    std::uint32_t unacked = 0;        // segments
    std::uint32_t retransmits = 0;    // of the whole connection
    std::uint64_t socket_cookie = 0;  // 0 where there was no socket to ask
    std::uint64_t drained_bytes = 0;
    std::chrono::nanoseconds drain_time{};
    std::chrono::nanoseconds fin_wait_2_time{};  // 0: never in FIN_WAIT_2

    bool operator==(const CloseFacts&) const = default;
};

struct Close : ClientFacts, CloseFacts {
    bool operator==(const Close&) const = default;

    // The client kept our socket: its FIN is missing though it acknowledged ours, it did not
    // vanish, and the end was not ours to choose (as `stopping`, `shed` and `byte_limit` are).
    [[nodiscard]] constexpr bool is_stuck() const {
        return state == TcpState::fin_wait_2 && probe != Probe::silent &&
               (drain == Drain::idle_timeout || drain == Drain::deadline);
    }

    // Its peer is a proxy: it closed, or did not, and no user of it is to blame.
    [[nodiscard]] constexpr bool is_of_proxy() const { return is_shared || has_via; }

    [[nodiscard]] std::uint64_t drain_ms() const { return to_ms(drain_time); }
    [[nodiscard]] std::uint64_t fin_wait_2_ms() const { return to_ms(fin_wait_2_time); }

  private:
    static std::uint64_t to_ms(std::chrono::nanoseconds time) {
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
    }
};

}  // namespace finwait
