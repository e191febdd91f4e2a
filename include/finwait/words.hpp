// SPDX-License-Identifier: Apache-2.0
//
// The words of a close: why the server closed (Cause), how the drain ended (Drain), how the
// connection's TCP life ended (Outcome), and the kernel's name for the socket's state. Each word
// stands in one table; the enum, the log, the counters and the report all read it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace finwait {

template <typename E>
struct Word {
    E value;
    std::string_view name;  // as in a Record
    std::string_view meaning;
};
// Clang before 17 deduces no aggregate by itself.
template <typename E>
Word(E, std::string_view, std::string_view) -> Word<E>;

enum class Cause : std::uint8_t {
    keepalive_timeout,
    workers_busy,
    client_asked,
    server_limit,
    error,
    unread_body,
    request_timeout,
    no_request,
    tunnel_end,
    stopping,
    client_gone,
    other,
};

inline constexpr std::array kCauses{
    Word{Cause::keepalive_timeout, "keepalive_timeout", "idle for KeepAliveTimeout"},
    Word{Cause::workers_busy, "workers_busy", "idle, and event had no worker free"},
    Word{Cause::client_asked, "client_asked", "Connection: close, or HTTP/1.0 without keep-alive"},
    Word{Cause::server_limit, "server_limit",
         "MaxKeepAliveRequests, KeepAlive Off, nokeepalive, or a reply that only the close ends"},
    Word{Cause::error, "error", "a status that ends the connection"},
    Word{Cause::unread_body, "unread_body", "replied before the request's body was read"},
    Word{Cause::request_timeout, "request_timeout",
         "a request, or its reply, begun and not finished within its timeout"},
    Word{Cause::no_request, "no_request", "connected and never sent a request"},
    Word{Cause::tunnel_end, "tunnel_end", "CONNECT, a websocket or another upgrade ended"},
    Word{Cause::stopping, "stopping", "the server, or this generation of it, is stopping"},
    Word{Cause::client_gone, "client_gone", "the client closed or reset first"},
    Word{Cause::other, "other", "none of the above"},
};

enum class Drain : std::uint8_t {
    fin,
    reset,
    idle_timeout,
    deadline,
    byte_limit,
    shed,
    stopping,
    none,
};

inline constexpr std::array kDrains{
    Word{Drain::fin, "fin", "the client's FIN came"},
    Word{Drain::reset, "reset", "the client's RST came"},
    Word{Drain::idle_timeout, "idle_timeout", "no progress for FinWaitDrainIdleTimeout"},
    Word{Drain::deadline, "deadline", "FinWaitDrainTimeout, or the short one, ran out"},
    Word{Drain::byte_limit, "byte_limit", "the client sent more than FinWaitDrainLimit"},
    Word{Drain::shed, "shed", "given up to hold no more than FinWaitMaxHeld"},
    Word{Drain::stopping, "stopping", "the server stopped"},
    Word{Drain::none, "none", "nothing was left to drain, or FinWaitMethod ended it"},
};

// How a connection is closed. All but the first are remedies of Apache's page of 1997:
// NO_LINGCLOSE, USE_SO_LINGER, and the RST that httpd 2.4.28 sent and 2.4.47 gave up, because it
// took replies along.
enum class Method : std::uint8_t { drain, close, solinger, reset };

inline constexpr std::array kMethods{
    Word{Method::drain, "drain", "read and discard what the client still sends, then close"},
    Word{Method::close, "close", "close at once and read nothing"},
    Word{Method::solinger, "solinger", "close when everything sent is acknowledged, read nothing"},
    Word{Method::reset, "reset", "drain until everything sent is acknowledged, then RST"},
};

// What a client is given that leaves sockets stuck (FinWaitAuto).
enum class Remedy : std::uint8_t { none, nokeepalive, cut_short };

inline constexpr std::array kRemedies{
    Word{Remedy::none, "", ""},
    Word{Remedy::nokeepalive, "nokeepalive", "its connections end with each reply"},
    Word{Remedy::cut_short, "short", "the drain and the wait after it take at most a second"},
};

enum class Outcome : std::uint8_t {
    client_first,
    fin,
    late_fin,
    reset,
    timeout,
    vanished,
    unacked,
    cut,
    method,
    unknown,
};

inline constexpr std::array kOutcomes{
    Word{Outcome::client_first, "client_first", "the client's FIN was there before ours"},
    Word{Outcome::fin, "fin", "the client's FIN ended the drain"},
    Word{Outcome::late_fin, "late_fin", "the client's FIN came after the drain"},
    Word{Outcome::reset, "reset", "the client's RST ended it"},
    Word{Outcome::timeout, "timeout", "FinWaitTimeout ran out in FIN_WAIT_2"},
    Word{Outcome::vanished, "vanished", "it acknowledged our FIN, then answered no probe"},
    Word{Outcome::unacked, "unacked", "our FIN was not acknowledged"},
    Word{Outcome::cut, "cut", "we ended it: byte limit, or FinWaitTimeout 0"},
    Word{Outcome::method, "method", "FinWaitMethod ended it: RST, or a close on unread bytes"},
    Word{Outcome::unknown, "unknown", "given up early: FinWaitMaxHeld, or the server stopped"},
};

// Whether the client was still there: keepalive probes after our FIN (net/ipv4/tcp_timer.c,
// tcp_keepalive_timer) are acknowledged by whoever is, also where its program never closes.
enum class Probe : std::uint8_t { none, answered, silent };

inline constexpr std::array kProbes{
    Word{Probe::none, "none", "not asked, or not long enough to tell"},
    Word{Probe::answered, "answered", "the client was there and did not close"},
    Word{Probe::silent, "silent", "two probes or more in a row were left unanswered"},
};

// The kernel's numbers (include/net/tcp_states.h) under the names RFC 9293 gives the states,
// spelled as OpenTelemetry's network.connection.state.
enum class TcpState : std::uint8_t {
    unknown,
    established,
    syn_sent,
    syn_received,
    fin_wait_1,
    fin_wait_2,
    time_wait,
    closed,
    close_wait,
    last_ack,
    listen,
    closing,
};

inline constexpr std::array kTcpStates{
    Word{TcpState::unknown, "unknown", "TCP_INFO gave no answer"},
    Word{TcpState::established, "established", "TCP_ESTABLISHED"},
    Word{TcpState::syn_sent, "syn_sent", "TCP_SYN_SENT"},
    Word{TcpState::syn_received, "syn_received", "TCP_SYN_RECV"},
    Word{TcpState::fin_wait_1, "fin_wait_1", "our FIN is not acknowledged"},
    Word{TcpState::fin_wait_2, "fin_wait_2", "our FIN is acknowledged, the client's is missing"},
    Word{TcpState::time_wait, "time_wait", "TCP_TIME_WAIT"},
    Word{TcpState::closed, "closed", "both FINs, or a RST"},
    Word{TcpState::close_wait, "close_wait", "TCP_CLOSE_WAIT"},
    Word{TcpState::last_ack, "last_ack", "TCP_LAST_ACK"},
    Word{TcpState::listen, "listen", "TCP_LISTEN"},
    Word{TcpState::closing, "closing", "both FINs are out, ours is not acknowledged"},
};

// Of a socket that is in the closer's hands.
enum class Phase : std::uint8_t { draining, waiting };

inline constexpr std::array kPhases{
    Word{Phase::draining, "draining", "read and discarded"},
    Word{Phase::waiting, "waiting", "after its drain, for its end"},
};

enum class Mpm : std::uint8_t { unknown, event, worker, prefork };

inline constexpr std::array kMpms{
    Word{Mpm::unknown, "unknown", "a third-party MPM"},
    Word{Mpm::event, "event", ""},
    Word{Mpm::worker, "worker", ""},
    Word{Mpm::prefork, "prefork", ""},
};

enum class HttpVersion : std::uint8_t { none, http_0_9, http_1_0, http_1_1, http_2 };

inline constexpr std::array kHttpVersions{
    Word{HttpVersion::none, "", "no request was read"},
    Word{HttpVersion::http_0_9, "0.9", ""},
    Word{HttpVersion::http_1_0, "1.0", ""},
    Word{HttpVersion::http_1_1, "1.1", ""},
    Word{HttpVersion::http_2, "2", ""},
};

enum class TlsVersion : std::uint8_t { none, tls_1_0, tls_1_1, tls_1_2, tls_1_3 };

inline constexpr std::array kTlsVersions{
    Word{TlsVersion::none, "", "not TLS, or the handshake did not finish"},
    Word{TlsVersion::tls_1_0, "1.0", ""},
    Word{TlsVersion::tls_1_1, "1.1", ""},
    Word{TlsVersion::tls_1_2, "1.2", ""},
    Word{TlsVersion::tls_1_3, "1.3", ""},
};

// Why a close was left to httpd's own lingering close. `engine_off` and `no_socket` are not
// failures; the others mean that the channel did not take the message.
enum class Decline : std::uint8_t {
    channel_full,
    too_many_descriptors,
    no_closer,
    closer_hangs,
    bad_message,
    send_failed,
    no_socket,
    engine_off,
};

inline constexpr std::array kDeclines{
    Word{Decline::channel_full, "channel_full", "EAGAIN: the channel's send buffer is full"},
    Word{Decline::too_many_descriptors, "too_many_descriptors",
         "ETOOMANYREFS: as many descriptors in flight as RLIMIT_NOFILE allows"},
    Word{Decline::no_closer, "no_closer", "the channel's other end is gone"},
    Word{Decline::closer_hangs, "closer_hangs", "the closer has made no turn for three seconds"},
    Word{Decline::bad_message, "bad_message", "the message could not be encoded"},
    Word{Decline::send_failed, "send_failed", "sendmsg() or shutdown() failed otherwise"},
    Word{Decline::no_socket, "no_socket", "no socket, or not a TCP socket"},
    Word{Decline::engine_off, "engine_off", "FinWaitEngine Off for the virtual host"},
};

// The table of an enum, by type, so that generic code needs no second list.
template <typename E>
inline constexpr auto kWordsOf = nullptr;
template <>
inline constexpr auto kWordsOf<Cause> = kCauses;
template <>
inline constexpr auto kWordsOf<Drain> = kDrains;
template <>
inline constexpr auto kWordsOf<Method> = kMethods;
template <>
inline constexpr auto kWordsOf<Remedy> = kRemedies;
template <>
inline constexpr auto kWordsOf<Outcome> = kOutcomes;
template <>
inline constexpr auto kWordsOf<Probe> = kProbes;
template <>
inline constexpr auto kWordsOf<TcpState> = kTcpStates;
template <>
inline constexpr auto kWordsOf<Phase> = kPhases;
template <>
inline constexpr auto kWordsOf<Mpm> = kMpms;
template <>
inline constexpr auto kWordsOf<HttpVersion> = kHttpVersions;
template <>
inline constexpr auto kWordsOf<TlsVersion> = kTlsVersions;
template <>
inline constexpr auto kWordsOf<Decline> = kDeclines;

template <typename E>
constexpr bool table_is_in_enum_order() {
    std::size_t i = 0;
    for (const auto& word : kWordsOf<E>)
        if (static_cast<std::size_t>(word.value) != i++) return false;
    return true;
}
static_assert(table_is_in_enum_order<Cause>() && table_is_in_enum_order<Drain>());
static_assert(table_is_in_enum_order<Remedy>() && table_is_in_enum_order<Probe>());
static_assert(table_is_in_enum_order<Phase>());
static_assert(table_is_in_enum_order<Outcome>() && table_is_in_enum_order<TcpState>());
static_assert(table_is_in_enum_order<Mpm>() && table_is_in_enum_order<HttpVersion>());
static_assert(table_is_in_enum_order<TlsVersion>() && table_is_in_enum_order<Decline>());

// Precondition: `value` is one of the enum's; decode() has checked those that came by message.
template <typename E>
constexpr std::string_view name_of(E value) {
    return kWordsOf<E>[static_cast<std::size_t>(value)].name;
}

// Untrusted number to enum: nothing if the number is not in the table.
template <typename E>
constexpr std::optional<E> word_at(std::size_t number) {
    if (number >= kWordsOf<E>.size()) return std::nullopt;
    return static_cast<E>(number);
}

template <typename E>
constexpr std::optional<E> word_named(std::string_view name) {
    for (const auto& word : kWordsOf<E>)
        if (word.name == name) return word.value;
    return std::nullopt;
}

}  // namespace finwait
