// SPDX-License-Identifier: Apache-2.0
//
// What the closer shows of itself.
#include <cstdint>

#include "closer/closer.hpp"

namespace finwait {

void Closer::note_history(Time now) {
    history_.note({static_cast<std::uint32_t>(drainer_.sockets().size_of(Stage::acknowledged)),
                   static_cast<std::uint32_t>(drainer_.waiting())},
                  now);
}

void Closer::serve_questions(Moment now) {
    if (answers_.has_questions()) answers_.answer_all(status_sources(), now);
}

StatusSources Closer::status_sources() const {
    StatusSources sources{counters_, drainer_.sockets(), records_.ledger(),
                          notices_,  history_,           remedies_};
    sources.slot = slot_;
    sources.held_max = held_max();
    sources.descriptor_limit = descriptor_limit_;
    sources.unanswered_questions = answers_.unanswered();
    sources.started = started_;
    return sources;
}

}  // namespace finwait
