// SPDX-License-Identifier: Apache-2.0
#include "finwait/books.hpp"

#include <sys/random.h>

#include "contract/layout_hash.hpp"

namespace finwait {

namespace {

constexpr std::uint64_t kMagic = 0x736b6f6f6266776e;  // "nwfbooks"
constexpr std::uint64_t kVersion = 1;

constexpr void take_account(LayoutHash& hash) {
    for (const std::size_t place : {offsetof(Tally, closes),
                                    offsetof(Tally, stuck),
                                    offsetof(Tally, preventable),
                                    offsetof(Tally, requests),
                                    offsetof(Tally, drained_bytes),
                                    offsetof(Tally, fin_wait_2_ns),
                                    offsetof(Tally, causes),
                                    offsetof(Tally, drains),
                                    offsetof(Tally, outcomes),
                                    offsetof(Tally, fin_wait_2),
                                    offsetof(Tally, remedied),
                                    offsetof(Balance, addresses),
                                    offsetof(AccountFigures, open),
                                    offsetof(AccountFigures, opened_ms),
                                    offsetof(AccountFigures, last_seen_ms),
                                    offsetof(AccountFigures, weight_ns),
                                    offsetof(AccountFigures, hash),
                                    offsetof(AccountFigures, is_used),
                                    offsetof(AccountFigures, is_proxy),
                                    offsetof(Account, user_agent),
                                    offsetof(Account, vhost),
                                    offsetof(OpenSockets, fin_wait_1),
                                    offsetof(OpenSockets, fin_wait_2),
                                    offsetof(OpenSockets, fin_wait_2_since_ns),
                                    offsetof(BookedVhost, is_used),
                                    offsetof(BookedVhost, name),
                                    offsetof(BookedBeyond, names)})
        hash.take(place);
}

constexpr void take_pulse(LayoutHash& hash) {
    for (const std::size_t place : {offsetof(Pulse, turns),
                                    offsetof(Pulse, monotonic_ns),
                                    offsetof(Pulse, realtime_ms),
                                    offsetof(Pulse, started_ns),
                                    offsetof(Pulse, started_ms),
                                    offsetof(Pulse, pid),
                                    offsetof(Pulse, open),
                                    offsetof(Pulse, held_max),
                                    offsetof(Pulse, descriptor_limit),
                                    offsetof(Pulse, unsent_notices),
                                    offsetof(Pulse, confinement),
                                    offsetof(Pulse, cpu_ns),
                                    offsetof(Pulse, resident_bytes),
                                    offsetof(Pulse, waiting_logs),
                                    offsetof(Confinement, uid),
                                    offsetof(Confinement, landlock_abi),
                                    offsetof(Confinement, in_force),
                                    offsetof(WaitingLogs, since_ns),
                                    offsetof(WaitingLogs, lines),
                                    offsetof(WaitingLogs, name),
                                    offsetof(OldSocket, cookie),
                                    offsetof(OldSocket, half_close_ns),
                                    offsetof(OldSocket, peer),
                                    offsetof(Endpoint, family),
                                    offsetof(Endpoint, port),
                                    offsetof(Endpoint, address),
                                    offsetof(OldSocket, phase),
                                    offsetof(OldSocket, state),
                                    offsetof(OldSocket, is_proxy),
                                    offsetof(OldSocket, user_agent),
                                    offsetof(OldSocket, vhost),
                                    offsetof(OldSockets, sockets),
                                    offsetof(HistoryPoint, draining),
                                    offsetof(HistoryPoint, waiting),
                                    offsetof(History, first_step),
                                    offsetof(History, newest_step),
                                    offsetof(History, value),
                                    offsetof(History, ring)})
        hash.take(place);
    hash.take(static_cast<std::uint64_t>(kHistoryStep.count()));
}

constexpr void take_texts(LayoutHash& hash) {
    for (const std::size_t place :
         {offsetof(BookedNotice, at_ns), offsetof(BookedNotice, level),
          offsetof(BookedNotice, text), offsetof(BookedNotices, ring),
          offsetof(BookedRemedy, is_used), offsetof(BookedRemedy, network),
          offsetof(BookedRemedy, since_ms), offsetof(BookedRemedy, until_ms),
          offsetof(BookedRemedy, closes), offsetof(BookedRemedy, stuck),
          offsetof(BookedRemedy, requests), offsetof(BookedRemedy, networks),
          offsetof(BookedRemedy, remedy), offsetof(BookedRemedy, on_trial),
          offsetof(BookedRemedy, user_agent), offsetof(BookedRemedy, vhost),
          offsetof(BookText<kVhostMax>, bytes)})
        hash.take(place);
}

constexpr void take_slot(LayoutHash& hash) {
    for (const std::size_t place :
         {offsetof(CloserBooks, pulse), offsetof(CloserBooks, history),
          offsetof(CloserBooks, notices), offsetof(CloserBooks, oldest),
          offsetof(CloserBooks, beyond), offsetof(CloserBooks, remedies_used),
          offsetof(CloserBooks, accounts_used), offsetof(CloserBooks, vhosts_used),
          offsetof(CloserBooks, accounts), offsetof(CloserBooks, remedies),
          offsetof(CloserBooks, vhosts), offsetof(Books, closers)})
        hash.take(place);
    hash.take_type<Part<Pulse>>();
    hash.take_type<Part<Account>>();
    hash.take_type<CloserBooks>();
    hash.take_type<Books>();
}

constexpr std::uint64_t layout() {
    LayoutHash hash;
    hash.take(kVersion);
    take_account(hash);
    take_pulse(hash);
    take_texts(hash);
    take_slot(hash);
    hash.take_words(kCauses);
    hash.take_words(kDrains);
    hash.take_words(kOutcomes);
    hash.take_words(kRemedies);
    hash.take_words(kPhases);
    hash.take_words(kTcpStates);
    hash.take_words(kRestrictions);
    for (const std::uint32_t bound : kFinWait2BoundsMs) hash.take(bound);
    return hash.value();
}

}  // namespace

constexpr std::uint64_t kBooksLayout = layout();

BooksHeader new_books_header() {
    BooksHeader header{kMagic, kVersion, kBooksLayout, {}};
    // Cannot fail: the kernel's source is ready long before any httpd starts, and the key is short.
    [[maybe_unused]] const auto filled = ::getrandom(&header.key, sizeof header.key, 0);
    return header;
}

const Books* find_books(std::span<const std::byte> bytes, std::string& why_not) {
    if (bytes.size() < sizeof(BooksHeader)) {
        why_not = "the closer's books are cut off";
        return nullptr;
    }
    const auto* books = reinterpret_cast<const Books*>(bytes.data());
    if (books->header.magic != kMagic)
        why_not = "what should be the closer's books is something else";
    else if (books->header.version != kVersion || books->header.layout != kBooksLayout)
        why_not = "the closer's books are of another build of mod_finwait: stop httpd and start it";
    else if (bytes.size() != sizeof(Books))
        why_not = "the closer's books are " + std::to_string(bytes.size()) + " bytes, and not " +
                  std::to_string(sizeof(Books));
    else
        return books;
    return nullptr;
}

}  // namespace finwait
