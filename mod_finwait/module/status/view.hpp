// SPDX-License-Identifier: Apache-2.0
//
// Everything the status page shows at one instant, as plain values: copied from the books by
// collect(), read by the three renderers, made up by tests. An optional that is empty is not known,
// which is not zero: no renderer shows it. Texts are as a client sent them: bounded, and nothing
// else.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "finwait/control.hpp"
#include "finwait/counters.hpp"
#include "finwait/endpoint.hpp"
#include "finwait/history.hpp"
#include "finwait/socket_counts.hpp"
#include "finwait/words.hpp"

namespace finwait {

// What the module has counted.
struct ModuleTotals {
    std::uint64_t closes = 0;
    std::uint64_t handoffs = 0;
    std::uint64_t ended = 0;
    std::uint64_t backends_forgotten = 0;
    std::array<std::uint64_t, kDeclines.size()> declined{};
};

// The words of finished closes, counted.
struct WordTotals {
    std::array<std::uint64_t, kCauses.size()> causes{};
    std::array<std::uint64_t, kDrains.size()> drains{};
    std::array<std::uint64_t, kOutcomes.size()> outcomes{};
};

struct CloserTotals {
    std::uint64_t received = 0;
    std::uint64_t bad_messages = 0;
    std::uint64_t rescued = 0;  // sockets
    std::uint64_t held_up = 0;  // times
    std::uint64_t records = 0;
    std::uint64_t tallied = 0;
    std::uint64_t unlogged = 0;
    std::uint64_t dropped = 0;
    std::uint64_t shed = 0;
    std::uint64_t evicted = 0;  // accounts
    std::uint64_t half_written = 0;
    std::uint64_t lost = 0;
    std::array<std::uint64_t, kRemedies.size()> remedies{};  // given
    std::uint64_t remedies_refused = 0;
    WordTotals words;
};

struct TimeHistogram {
    struct Bucket {
        double up_to_s = 0;       // inclusive
        std::uint64_t count = 0;  // of this bucket alone
    };
    std::vector<Bucket> buckets;  // in ascending order
    std::uint64_t beyond = 0;     // over the last bound

    [[nodiscard]] std::uint64_t count() const;
    // The bound below which this share of the times lies; nothing if there are none, or if it lies
    // beyond the last bound.
    [[nodiscard]] std::optional<double> quantile(double share) const;
};

// What the books know of finished closes: of one account since it was opened, of one virtual host,
// or of all.
struct FinishedCloses {
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t preventable = 0;  // of the stuck ones, by `nokeepalive`
    std::uint64_t requests = 0;
    std::uint64_t drained_bytes = 0;
    double socket_seconds = 0;    // in FIN_WAIT_2: the sum of what `fin_wait_2` counts
    std::uint64_t addresses = 0;  // an estimate
    WordTotals words;
    TimeHistogram fin_wait_2;
    // Of them under a remedy.
    std::uint64_t remedied_closes = 0;
    std::uint64_t remedied_stuck = 0;
    double remedied_socket_seconds = 0;
};

// One client's, or one of a client on one network; also while it is on trial.
struct RemedyView {
    std::string user_agent;
    std::string vhost;
    std::string network;  // empty: all
    Remedy remedy = Remedy::none;
    bool on_trial = false;
    std::chrono::milliseconds since{};  // since the epoch
    std::chrono::milliseconds until{};
    // The evidence.
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t requests = 0;
    std::uint64_t networks = 0;
};

struct AccountView {
    std::string user_agent;  // "" of a proxy's account
    std::string proxy;       // its address, or ""
    std::string vhost;
    SocketCounts now;
    double open_socket_seconds = 0;  // in FIN_WAIT_2 so far, of the sockets counted in `now`
    FinishedCloses finished;
    std::chrono::milliseconds opened{};  // since the epoch
    std::chrono::milliseconds last_seen{};

    // What ranks accounts.
    [[nodiscard]] double socket_seconds() const {
        return open_socket_seconds + finished.socket_seconds;
    }
};

struct VhostView {
    std::string name;
    FinishedCloses finished;
};

struct SocketView {
    Phase phase = Phase::draining;
    TcpState state = TcpState::unknown;
    Endpoint peer;
    std::uint64_t cookie = 0;
    std::chrono::nanoseconds age{};  // since the half-close
    std::string user_agent;
    std::string vhost;
    std::string proxy = {};  // its address: the connection is a proxy's
};

// Of this machine's sockets in the closing states those that no closer holds.
struct ForeignSockets {
    struct Backend {
        Endpoint address;
        std::string name;  // as configured; "" where only the address is known
        SocketCounts sockets;
    };

    SocketCounts unattributed;      // on the server's ports
    std::vector<Backend> backends;  // most sockets first
    SocketCounts other_programs;

    [[nodiscard]] SocketCounts to_backends() const {
        SocketCounts all;
        for (const Backend& backend : backends) all += backend.sockets;
        return all;
    }
};

struct KernelView {
    std::optional<std::uint64_t> max_orphans;  // the whole machine's
    std::optional<std::uint64_t> orphans;
    std::optional<std::uint64_t> max_tw_buckets;
    std::optional<std::uint64_t> tw_buckets;  // TIME_WAIT, and FIN_WAIT_2 without a process
    std::optional<std::uint64_t> fin_timeout_s;
};

// Who has most sockets in FIN_WAIT_2 now, on all virtual hosts together; nobody if `sockets` is 0.
struct Culprit {
    std::string client;  // as it is shown
    std::uint64_t sockets = 0;
};

struct ProcessView {
    std::int64_t pid = 0;
    std::chrono::seconds uptime{};
    std::chrono::milliseconds cpu_time{};
    std::uint64_t resident_bytes = 0;
    std::uint64_t descriptor_limit = 0;
    std::uint64_t unsent_notices = 0;
    std::uint64_t unwritten_closes = 0;  // whose line is still to be written, of all closers
    std::uint64_t closers = 1;           // with replaced ones that still drain
    Confinement confinement;
    std::chrono::milliseconds started{};  // since the epoch
};

// Those that have taken nothing for a while though lines wait for them.
struct WaitingLogsView {
    std::uint64_t count = 0;
    // Of the one that waits longest.
    std::string name;
    std::chrono::milliseconds since{};  // since the epoch
    std::uint64_t lines = 0;
};

struct NoticeView {
    std::chrono::milliseconds at{};  // since the epoch
    NoticeLevel level = NoticeLevel::notice;
    std::string text;
};

struct StatusView {
    std::string version;
    std::chrono::milliseconds now{};         // since the epoch
    std::chrono::milliseconds figures_of{};  // when the closer wrote last; zero: never
    std::string trouble;  // with the closer: a sentence without its full stop; empty: none
    ProcessView process;
    WaitingLogsView waiting_logs;
    ModuleTotals module;
    CloserTotals closer;

    SocketCounts draining;
    SocketCounts waiting;
    SocketCounts of_proxies;  // of these two
    std::uint64_t held_max = 0;
    ForeignSockets foreign;
    std::string foreign_unknown = "nobody has asked";  // why: as `trouble`; empty: it is known
    std::chrono::milliseconds foreign_of{};            // when they were counted; zero: never
    KernelView kernel;

    FinishedCloses finished;  // all closes
    // By socket_seconds(), at most kAccountsShownMax; but after the first kRankedByTime stand the
    // kRankedByNow of the rest that have most sockets in FIN_WAIT_2 now.
    std::vector<AccountView> accounts;
    std::uint64_t accounts_left_out = 0;
    Culprit culprit;                    // of all accounts, left out ones too
    std::uint64_t culprits = 0;         // accounts, too: see finwait/share.hpp
    std::optional<AccountView> other;   // what is in no account
    std::vector<VhostView> vhosts;      // by name
    std::uint64_t vhosts_left_out = 0;  // about so many share kOtherAccount
    std::vector<RemedyView> remedies;   // those in force first, then by age, at most kRemediesShown
    std::array<std::uint64_t, kRemedies.size()> remedies_active{};  // all of them
    std::vector<SocketView> oldest;   // oldest first, at most kOldestShown
    std::vector<NoticeView> notices;  // latest first
    std::vector<HistoryPoint> hour;   // oldest first, one per kHistoryStep, the last is now

    [[nodiscard]] bool knows_foreign() const { return foreign_unknown.empty(); }
    [[nodiscard]] SocketCounts held() const { return SocketCounts(draining) += waiting; }
    // On the server's ports, as far as it is known.
    [[nodiscard]] SocketCounts on_ports() const { return held() += foreign.unattributed; }
};

inline constexpr std::size_t kAccountsShownMax = 100;
inline constexpr std::ptrdiff_t kRankedByTime = 20;
inline constexpr std::ptrdiff_t kRankedByNow = 5;
inline constexpr std::size_t kRemediesShown = 100;

// 192.0.2.1:80, [2001:db8::1]:80
[[nodiscard]] std::string endpoint_text(const Endpoint& endpoint);

// Names of the levels, as httpd's LogLevel.
[[nodiscard]] std::string_view name_of(NoticeLevel level);

}  // namespace finwait
