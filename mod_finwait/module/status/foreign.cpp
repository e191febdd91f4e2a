// SPDX-License-Identifier: Apache-2.0
#include "module/status/foreign.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "module/status/kernel_table.hpp"

namespace finwait {

namespace {

// Returns what of `held` is not among them.
std::uint64_t take(std::uint64_t& from, std::uint64_t held) {
    const std::uint64_t taken = std::min(from, held);
    from -= taken;
    return held - taken;
}

// For the closers CLOSING, too, is waiting for the acknowledgement of our FIN; which may have come
// between their look and this one.
SocketCounts without(SocketCounts all, const Attributed& attributed) {
    const SocketCounts& held = attributed.held;
    const std::uint64_t acknowledged = take(all.closing, take(all.fin_wait_1, held.fin_wait_1));
    take(all.fin_wait_2, held.fin_wait_2 + acknowledged);
    // In whichever state they are: those above may have taken one of these for theirs.
    take(all.closing, take(all.fin_wait_1, take(all.fin_wait_2, attributed.on_their_way)));
    return all;
}

}  // namespace

ClosingSockets count_closing_sockets(const Neighbours& neighbours, Attributed attributed,
                                     const Begun& begun) {
    ClosingSockets counted;
    ForeignSockets& sockets = counted.sockets;
    const std::vector<std::uint16_t> ports(neighbours.ports.begin(), neighbours.ports.end());
    const std::uint64_t before = begun();
    const KernelTable table = read_kernel_table(ports);
    attributed.on_their_way += std::max(begun(), before) - before;
    if (table.error != 0)
        counted.why_not =
            std::string("the kernel does not tell (sock_diag: ") + std::strerror(table.error) + ")";
    sockets.unattributed = without(table.on_ports, attributed);
    sockets.other_programs = table.other_remotes;
    for (const auto& [remote, counts] : table.by_remote) {
        const auto configured = neighbours.backends.find(remote);
        if (configured != neighbours.backends.end())
            sockets.backends.push_back({remote, configured->second, counts});
        else if (neighbours.has_reached(remote))
            sockets.backends.push_back({remote, {}, counts});
        else
            sockets.other_programs += counts;
    }
    std::ranges::stable_sort(sockets.backends, std::ranges::greater(),
                             [](const auto& backend) { return backend.sockets.all(); });
    return counted;
}

bool KernelWalks::is_younger(std::chrono::nanoseconds age, std::chrono::nanoseconds now) {
    const std::lock_guard guard(mutex_);
    return last_ && now - last_at_ < age;
}

void KernelWalks::make(std::chrono::nanoseconds now, const Walk& walk) {
    ClosingSockets counted = walk();
    const std::lock_guard guard(mutex_);
    last_ = std::move(counted);
    last_at_ = now;
}

ClosingSockets KernelWalks::figures(std::chrono::nanoseconds now, const Walk& walk) {
    if (!is_younger(kWalkGood, now)) {
        const std::lock_guard alone(walking_);
        // Somebody else may have made it meanwhile.
        if (!is_younger(kWalkGood, now)) make(now, walk);
    }
    const std::lock_guard guard(mutex_);
    return *last_;
}

void KernelWalks::renew(std::chrono::nanoseconds now, const Walk& walk) {
    const std::unique_lock alone(walking_, std::try_to_lock);
    if (alone && !is_younger(kWalkInterval, now)) make(now, walk);
}

void fill_foreign(ClosingSockets counted, StatusView& view) {
    view.foreign_unknown = std::move(counted.why_not);
    if (!view.knows_foreign()) return;
    view.foreign_of = counted.of;
    view.foreign = std::move(counted.sockets);
}

}  // namespace finwait
