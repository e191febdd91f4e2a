// SPDX-License-Identifier: Apache-2.0
//
// What the closer shows of itself.
#include <cstdint>

#include "closer/closer.hpp"

namespace finwait {

void Closer::note_history(Time now) {
    history_.note({static_cast<std::uint32_t>(drainer_.sockets().fin_wait_2_size()),
                   static_cast<std::uint32_t>(follower_.followed_in(TcpState::fin_wait_2))},
                  now);
}

bool Closer::figures_are_fresh(Time now) {
    return !follower_.is_working() || follower_.sweep_now(now);
}

void Closer::serve_questions(Moment now) {
    if (!answers_.has_questions()) return;
    if (figures_are_fresh(now.monotonic) || answers_.due() <= now.monotonic)
        answers_.answer_all(status_sources(), now);
}

StatusSources Closer::status_sources() const {
    StatusSources sources{counters_, drainer_.sockets(), follower_, records_.ledger(),
                          notices_,  history_,           remedies_};
    sources.slot = slot_;
    sources.held_max = held_max();
    sources.descriptor_limit = descriptor_limit_;
    sources.unanswered_questions = answers_.unanswered();
    sources.started = started_;
    return sources;
}

}  // namespace finwait
