// SPDX-License-Identifier: Apache-2.0
#include "module/status/foreign.hpp"

#include <algorithm>
#include <utility>

#include "module/status/kernel_table.hpp"

namespace finwait {

namespace {

void count(SocketCounts& counts, TcpState state) {
    if (state == TcpState::fin_wait_2)
        ++counts.fin_wait_2;
    else if (state == TcpState::closing)
        ++counts.closing;
    else
        ++counts.fin_wait_1;
}

void take(std::uint64_t& from, std::uint64_t held) {
    from -= std::min(from, held);
}

}  // namespace

ClosingSockets count_closing_sockets(const Neighbours& neighbours) {
    ClosingSockets counted;
    ForeignSockets& sockets = counted.sockets;
    for (const Neighbours::Backend& backend : neighbours.backends)
        if (sockets.backends.size() < kBackendsMax)
            sockets.backends.push_back({backend.address, backend.name, {}});
    counted.why_not = visit_closing_sockets([&](const KernelSocket& socket) {
        if (neighbours.ports.contains(socket.local.port))
            return count(sockets.unattributed, socket.state);
        const auto backend =
            std::ranges::find(sockets.backends, socket.peer, &ForeignSockets::Backend::address);
        count(backend != sockets.backends.end() ? backend->sockets : sockets.other_programs,
              socket.state);
    });
    std::ranges::stable_sort(sockets.backends, std::ranges::greater(),
                             [](const auto& backend) { return backend.sockets.all(); });
    return counted;
}

ClosingSockets KernelWalks::counted(const Neighbours& neighbours, std::chrono::nanoseconds now) {
    const std::unique_lock walk(walking_, std::try_to_lock);
    if (walk.owns_lock() && now >= next_) {
        ClosingSockets counted = count_closing_sockets(neighbours);
        const std::lock_guard guard(mutex_);
        last_ = std::move(counted);
        next_ = now + kWalkInterval;
    }
    const std::lock_guard guard(mutex_);
    return last_;
}

void fill_foreign(ClosingSockets counted, const SocketCounts& held, StatusView& view) {
    view.foreign_unknown = std::move(counted.why_not);
    if (!view.knows_foreign()) return;
    SocketCounts& unattributed = counted.sockets.unattributed;
    take(unattributed.fin_wait_1, held.fin_wait_1);
    take(unattributed.fin_wait_2, held.fin_wait_2);
    std::erase_if(counted.sockets.backends,
                  [](const auto& backend) { return backend.sockets.all() == 0; });
    view.foreign = std::move(counted.sockets);
}

}  // namespace finwait
