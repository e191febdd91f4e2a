// SPDX-License-Identifier: Apache-2.0
//
// The books: what the closers write and httpd's children read. One piece of memory that httpd's
// parent makes, that outlives every closer and whose size is sealed. Each closer writes one slot of
// its own, in place; whoever starts in the slot of a dead one goes on with what is there. Children
// have it read-only and ask nobody. Nothing in it is trusted: every reader checks each length,
// number and word it uses.
//
// The memory is sparse: all that could ever be written is reserved, and only what was is there.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "finwait/balance.hpp"
#include "finwait/confinement.hpp"
#include "finwait/control.hpp"
#include "finwait/counters.hpp"
#include "finwait/endpoint.hpp"
#include "finwait/handoff.hpp"
#include "finwait/history.hpp"
#include "finwait/part.hpp"
#include "finwait/siphash.hpp"
#include "finwait/words.hpp"

namespace finwait {

inline constexpr std::uint32_t kLedgerSizeDefault = 1024;
inline constexpr std::uint32_t kLedgerSizeMin = 16;
inline constexpr std::uint32_t kLedgerSizeMax = 65'536;
inline constexpr std::size_t kRemediesMax = 1024;
inline constexpr std::size_t kNoticesKept = 20;
inline constexpr std::size_t kOldestShown = 10;

// A closer that has nothing to do turns so often all the same, to say that it is there.
inline constexpr std::chrono::seconds kPulseInterval{1};
// One that was not heard of for so long hangs.
inline constexpr std::chrono::seconds kPulseMissed{3};
// A log that takes nothing for so long is waited for.
inline constexpr std::chrono::seconds kLogWaits{3};
inline constexpr std::size_t kLogNameMax = 255;  // bytes kept of it

template <std::size_t kSizeMax>
struct BookText {
    std::uint16_t size = 0;
    std::array<char, kSizeMax> bytes{};

    void set(std::string_view text) {
        size = static_cast<std::uint16_t>(text.copy(bytes.data(), kSizeMax));
    }
    [[nodiscard]] std::string_view text() const {
        return {bytes.data(), size < kSizeMax ? size : kSizeMax};
    }
};

// Sockets that are held, of one account or of all. In FIN_WAIT_2 each adds the time at which it
// began there, so that anybody can tell how long they have been there together; modulo 2^64.
struct OpenSockets {
    std::uint64_t fin_wait_1 = 0;
    std::uint64_t fin_wait_2 = 0;
    std::uint64_t fin_wait_2_since_ns = 0;  // CLOCK_MONOTONIC, summed

    [[nodiscard]] std::uint64_t all() const { return fin_wait_1 + fin_wait_2; }
    // 0 if that is to come: the books of one that died were not written to the end.
    [[nodiscard]] std::uint64_t fin_wait_2_ns(std::uint64_t now_ns) const {
        const std::uint64_t time = fin_wait_2 * now_ns - fin_wait_2_since_ns;
        return time <= INT64_MAX ? time : 0;
    }
    OpenSockets& operator+=(const OpenSockets& other) {
        fin_wait_1 += other.fin_wait_1;
        fin_wait_2 += other.fin_wait_2;
        fin_wait_2_since_ns += other.fin_wait_2_since_ns;
        return *this;
    }
    bool operator==(const OpenSockets&) const = default;
};

struct AccountFigures {
    Balance balance;
    std::array<OpenSockets, kPhases.size()> open;
    std::uint64_t opened_ms = 0;     // since the epoch
    std::uint64_t last_seen_ms = 0;  // its last close
    std::uint64_t weight_ns = 0;     // its time in FIN_WAIT_2 and what it inherited
    std::uint64_t hash = 0;          // of its names, under the books' key
    std::uint64_t is_used = 0;
    std::uint64_t is_proxy = 0;  // its name is an address

    [[nodiscard]] OpenSockets all_open() const {
        OpenSockets all;
        for (const OpenSockets& of_phase : open) all += of_phase;
        return all;
    }
};

// Of one User-Agent on one virtual host, or of one proxy.
struct Account {
    AccountFigures figures;
    BookText<kUserAgentMax> user_agent;
    BookText<kVhostMax> vhost;
};

struct BookedVhost {
    Balance balance;
    std::uint64_t is_used = 0;
    BookText<kVhostMax> name;
};

// Of all virtual hosts without a place in `vhosts`, and how many they are about.
struct BookedBeyond {
    Balance balance;
    AddressSketch names;
};

// Of the logs that have taken nothing for kLogWaits though lines wait for them.
struct WaitingLogs {
    std::uint64_t count = 0;
    // Of the one that waits longest.
    std::uint64_t since_ns = 0;  // CLOCK_MONOTONIC
    std::uint64_t lines = 0;
    BookText<kLogNameMax> name;
};

// What a closer says of itself in each turn.
struct Pulse {
    std::uint64_t turns = 0;
    std::uint64_t monotonic_ns = 0;  // of its last turn
    std::uint64_t realtime_ms = 0;   // the same, since the epoch
    std::uint64_t started_ns = 0;    // CLOCK_MONOTONIC
    std::uint64_t started_ms = 0;    // the same, since the epoch; told once: clocks drift apart
    std::uint64_t pid = 0;
    std::array<OpenSockets, kPhases.size()> open;  // without fin_wait_2_since_ns
    std::uint64_t held_max = 0;
    std::uint64_t descriptor_limit = 0;
    std::uint64_t unsent_notices = 0;
    Confinement confinement;
    std::uint64_t cpu_ns = 0;
    std::uint64_t resident_bytes = 0;
    WaitingLogs waiting_logs;
};

struct OldSocket {
    std::uint64_t cookie = 0;
    std::uint64_t half_close_ns = 0;  // CLOCK_MONOTONIC
    Endpoint peer;
    std::uint8_t phase = 0;
    std::uint8_t state = 0;     // a TcpState
    std::uint8_t is_proxy = 0;  // the peer is one
    BookText<kUserAgentMax> user_agent;
    BookText<kVhostMax> vhost;
};

struct OldSockets {
    std::uint64_t count = 0;
    std::array<OldSocket, kOldestShown> sockets;
};

struct BookedNotice {
    std::uint64_t at_ns = 0;  // CLOCK_MONOTONIC
    std::uint8_t level = 0;   // a NoticeLevel
    BookText<kNoticeMax> text;
};

struct BookedNotices {
    std::uint64_t told = 0;  // all that were: the last one is (told - 1) modulo kNoticesKept
    std::array<BookedNotice, kNoticesKept> ring;
};

struct BookedRemedy {
    std::uint64_t is_used = 0;
    std::uint64_t network = 0;  // a Network; 0: all of the client
    std::uint64_t since_ms = 0;
    std::uint64_t until_ms = 0;
    std::uint64_t closes = 0;
    std::uint64_t stuck = 0;
    std::uint64_t requests = 0;
    std::uint64_t networks = 0;
    std::uint8_t remedy = 0;
    std::uint8_t on_trial = 0;
    BookText<kUserAgentMax> user_agent;
    BookText<kVhostMax> vhost;
};

// One closer's slot.
struct CloserBooks {
    Part<Pulse> pulse;
    Part<History> history;
    Part<BookedNotices> notices;
    Part<OldSockets> oldest;
    Part<BookedBeyond> beyond;
    // How many of the next three are there; a look at one that is not would make it take memory.
    std::atomic<std::uint64_t> remedies_used;
    std::atomic<std::uint64_t> accounts_used;
    std::atomic<std::uint64_t> vhosts_used;
    // The first is `(other)`: in it are the sockets, and the addresses, of accounts that were
    // evicted.
    std::array<Part<Account>, kLedgerSizeMax + 1> accounts;
    std::array<Part<BookedRemedy>, kRemediesMax> remedies;
    // Nobody is evicted: no total ever falls.
    std::array<Part<BookedVhost>, kLedgerSizeMax> vhosts;

    [[nodiscard]] std::span<const Part<Account>> used_accounts() const {
        return used(accounts, accounts_used);
    }
    [[nodiscard]] std::span<const Part<BookedRemedy>> used_remedies() const {
        return used(remedies, remedies_used);
    }
    [[nodiscard]] std::span<const Part<BookedVhost>> used_vhosts() const {
        return used(vhosts, vhosts_used);
    }

  private:
    template <typename T, std::size_t kMax>
    static std::span<const T> used(const std::array<T, kMax>& parts, std::uint64_t number) {
        return std::span(parts).first(
            static_cast<std::size_t>(std::min<std::uint64_t>(number, kMax)));
    }
};

struct BooksHeader {
    std::uint64_t magic = 0;
    std::uint64_t version = 0;
    std::uint64_t layout = 0;
    SipKey key;  // of all hashes in the books; random, so that no client knows it
};

struct Books {
    BooksHeader header;
    std::array<CloserBooks, kCloserSlots> closers;
};

// By httpd's parent, before anybody else sees it: the header of memory that is all zeros.
[[nodiscard]] BooksHeader new_books_header();

// The books in these bytes; null, with the reason in `why_not` (a sentence without its full stop),
// if they are none that this build can read.
[[nodiscard]] const Books* find_books(std::span<const std::byte> bytes, std::string& why_not);

// A hash of the definition above: of every size, place and count in it, and of the words counted.
extern const std::uint64_t kBooksLayout;

}  // namespace finwait
