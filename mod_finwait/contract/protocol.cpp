// SPDX-License-Identifier: Apache-2.0
#include "finwait/protocol.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

#include "contract/layout_hash.hpp"
#include "finwait/books.hpp"
#include "finwait/control.hpp"
#include "finwait/counters.hpp"
#include "finwait/handoff.hpp"
#include "finwait/remedy_table.hpp"

namespace finwait {

namespace {

// As they are sent: a member more or less, or of another size, is another message. (What changes
// places or its meaning raises kHandoffVersion.)
void take_messages(LayoutHash& hash) {
    std::array<std::byte, kControlSizeMax> bytes;
    static_assert(kHandoffSizeMax <= kControlSizeMax);
    hash.take(kHandoffVersion);
    for (const MessageKind kind : {MessageKind::handoff, MessageKind::ended}) {
        Handoff handoff;
        handoff.kind = kind;
        hash.take(std::span(bytes).first(encode(handoff, bytes)));
    }
    for (auto kind = ControlKind::retire; kind <= ControlKind::auto_rule;
         kind = static_cast<ControlKind>(static_cast<int>(kind) + 1)) {
        Control control;
        control.kind = kind;
        hash.take(std::span(bytes).first(encode(control, bytes)));
    }
    for (const int descriptor : {kControlFd, kCloserCountersFd, kFirstLaneFd, kBooksFd, kRemediesFd,
                                 kDepositFd, kFirstForeignFd})
        hash.take(static_cast<std::uint64_t>(descriptor));
}

void take_counters(LayoutHash& hash) {
    for (const std::size_t place : {offsetof(CloserCounters, received),
                                    offsetof(CloserCounters, bad_messages),
                                    offsetof(CloserCounters, records),
                                    offsetof(CloserCounters, tallied),
                                    offsetof(CloserCounters, dropped),
                                    offsetof(CloserCounters, unlogged),
                                    offsetof(CloserCounters, shed),
                                    offsetof(CloserCounters, evicted),
                                    offsetof(CloserCounters, half_written),
                                    offsetof(CloserCounters, rescued),
                                    offsetof(CloserCounters, held_up),
                                    offsetof(CloserCounters, lost),
                                    offsetof(CloserCounters, remedies),
                                    offsetof(CloserCounters, remedies_refused),
                                    offsetof(CloserCounters, causes),
                                    offsetof(CloserCounters, drains),
                                    offsetof(CloserCounters, outcomes),
                                    offsetof(CloserCounters, held),
                                    offsetof(CloserCounters, waiting),
                                    offsetof(CloserCounters, unwritten),
                                    offsetof(CloserCounters, running),
                                    offsetof(CloserCounters, turned_ns),
                                    sizeof(CloserCounters),
                                    kCloserSlots,
                                    kCounterPageSize})
        hash.take(place);
    hash.take_type<RemedyTable>();
}

void take_words(LayoutHash& hash) {
    hash.take_words(kMethods);
    hash.take_words(kMpms);
    hash.take_words(kHttpVersions);
    hash.take_words(kTlsVersions);
    hash.take_words(kProbes);
}

}  // namespace

std::string protocol() {
    LayoutHash hash;
    take_messages(hash);
    take_counters(hash);
    take_words(hash);
    hash.take(kBooksLayout);
    std::array<char, kProtocolSize + 1> digits;
    std::snprintf(digits.data(), digits.size(), "%016llx",
                  static_cast<unsigned long long>(hash.value()));
    return digits.data();
}

}  // namespace finwait
