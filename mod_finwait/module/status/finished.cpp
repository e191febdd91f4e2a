// SPDX-License-Identifier: Apache-2.0
#include "module/status/finished.hpp"

namespace finwait {

namespace {

TimeHistogram histogram_of(const Tally& tally) {
    TimeHistogram times;
    for (std::size_t i = 0; i < kFinWait2BoundsMs.size(); ++i)
        times.buckets.push_back({kFinWait2BoundsMs[i] / 1000.0, tally.fin_wait_2[i]});
    times.beyond = tally.fin_wait_2.back();
    return times;
}

}  // namespace

FinishedCloses finished_of(const Balance& balance) {
    const Tally& tally = balance.tally;
    FinishedCloses finished;
    finished.closes = tally.closes;
    finished.stuck = tally.stuck;
    finished.preventable = tally.preventable;
    finished.requests = tally.requests;
    finished.drained_bytes = tally.drained_bytes;
    finished.socket_seconds = static_cast<double>(tally.fin_wait_2_ns) / 1e9;
    finished.addresses = balance.addresses.estimate();
    finished.words = {tally.causes, tally.drains, tally.outcomes};
    finished.fin_wait_2 = histogram_of(tally);
    finished.remedied_closes = tally.remedied.closes;
    finished.remedied_stuck = tally.remedied.stuck;
    finished.remedied_socket_seconds = static_cast<double>(tally.remedied.fin_wait_2_ns) / 1e9;
    return finished;
}

}  // namespace finwait
