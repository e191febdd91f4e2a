// SPDX-License-Identifier: Apache-2.0
#include "report/output/bug_report_parts.hpp"

#include <algorithm>

#include "presentation/text.hpp"

namespace finwait::report {

namespace {

// Quotations: RFC 9112, sections 9.5 and 9.6.
constexpr std::string_view kMonitor =
    "> Implementations SHOULD constantly monitor open connections for a received closure signal "
    "and respond to it as appropriate, since prompt closure of both sides of a connection enables "
    "allocated system resources to be reclaimed. (Section 9.5)\n";
constexpr std::string_view kMonitorAndClose =
    "> Implementations SHOULD constantly monitor open connections for a received closure signal "
    "and respond to it as appropriate, since prompt closure of both sides of a connection enables "
    "allocated system resources to be reclaimed. (Section 9.5)\n>\n"
    "> A client that receives a \"close\" connection option MUST cease sending requests on that "
    "connection and close the connection after reading the response message containing the "
    "\"close\" connection option \\[...\\] (Section 9.6)\n";

constexpr std::string_view kAdviceIdle =
    "- Wait for readability on idle connections, too. One that becomes readable while no reply is "
    "due has come to its end: close it at once, and do not only take it out of the pool when it "
    "is asked for next.\n"
    "- Without an event loop: look at all idle connections (`poll()` with timeout 0) whenever one "
    "is taken or given back, and from a timer or a thread while nobody uses the pool.\n"
    "- Close by yourself what has been idle for long. Heed `Keep-Alive: timeout=N` if the server "
    "sends it; a few seconds are a good default.\n"
    "- Close all connections when the session or the pool is dropped, not only when it is "
    "collected.\n";
constexpr std::string_view kAdviceReply =
    "- After a reply with `Connection: close`, or one of HTTP/1.0, close the socket as soon as its "
    "body is read, without being asked.\n"
    "- Where the body is given to a caller as it comes: close at its end, not when the caller lets "
    "go of the reply.\n"
    "- Where a caller does not read the body: close when the reply is dropped, or after a time.\n";

constexpr std::string_view kServerIdle =
    "python3 -c 'from http.server import *; H = SimpleHTTPRequestHandler; "
    "H.protocol_version = \"HTTP/1.1\"; H.timeout = 2; "
    "ThreadingHTTPServer((\"127.0.0.1\", 8080), H).serve_forever()'";
constexpr std::string_view kServerReply =
    "python3 -c 'from http.server import *; H = SimpleHTTPRequestHandler; "
    "ThreadingHTTPServer((\"127.0.0.1\", 8080), H).serve_forever()'";

bool is_of_idle(Cause cause) {
    return cause == Cause::keepalive_timeout || cause == Cause::workers_busy ||
           cause == Cause::no_request || cause == Cause::stopping || cause == Cause::tunnel_end;
}

std::string seconds_of(std::uint64_t ms) {
    return seconds_text(static_cast<double>(ms) / 1000);
}

std::string begin_text(const Close& close) {
    std::string text = "server: FIN, it closes (" + std::string(name_of(close.cause)) + ": " +
                       std::string(kCauses[static_cast<std::size_t>(close.cause)].meaning) +
                       ") after " + grouped(close.requests) +
                       (close.requests == 1 ? " request" : " requests");
    if (close.http != HttpVersion::none) text += ", HTTP/" + std::string(name_of(close.http));
    if (close.tls != TlsVersion::none) text += ", TLS " + std::string(name_of(close.tls));
    return text;
}

}  // namespace

bool is_left_idle(const std::array<std::uint64_t, kCauses.size()>& stuck_causes) {
    std::uint64_t idle = 0, all = 0;
    for (std::size_t i = 0; i < kCauses.size(); ++i) {
        all += stuck_causes[i];
        if (is_of_idle(static_cast<Cause>(i))) idle += stuck_causes[i];
    }
    return 2 * idle >= all;
}

Moments moments_of(const Close& close) {
    Moments moments{{"0 s", begin_text(close)}};
    moments.emplace_back(
        close.rtt_us < 1000 ? "< 1 ms" : seconds_text(static_cast<double>(close.rtt_us) / 1e6),
        "client's kernel: ACK of the FIN; its program can read the end of the stream");
    if (close.probe == Probe::answered)
        moments.emplace_back("meanwhile", "client's kernel: answers the server's keepalive probes");
    moments.emplace_back(seconds_of(close.drain_ms()),
                         "no FIN from the client: the server is in FIN_WAIT_2, the client in "
                         "CLOSE_WAIT");
    const std::uint64_t end_ms = std::max(close.fin_wait_2_ms(), close.drain_ms());
    moments.emplace_back(
        seconds_of(end_ms),
        "the end (" + std::string(name_of(close.outcome)) +
            "): " + std::string(kOutcomes[static_cast<std::size_t>(close.outcome)].meaning));
    return moments;
}

std::string_view standard_text(bool is_idle) {
    return is_idle ? kMonitor : kMonitorAndClose;
}

std::string_view advice_text(bool is_idle) {
    return is_idle ? kAdviceIdle : kAdviceReply;
}

std::string_view server_command(bool is_idle) {
    return is_idle ? kServerIdle : kServerReply;
}

}  // namespace finwait::report
