// SPDX-License-Identifier: Apache-2.0
#include "module/status/sources.hpp"

#include <time.h>

#include <algorithm>

#include "module/parent/channel.hpp"
#include "module/status/neighbours.hpp"

namespace finwait {

namespace {

std::chrono::nanoseconds read_clock(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// One for all threads of this child.
KernelWalks& walks() {
    static KernelWalks of_this_process;
    return of_this_process;
}

std::uint64_t in_the_channel(const StatusSources& sources) {
    const std::uint64_t received = read(sources.closer.received);
    const std::uint64_t sent = read(sources.module.handoffs) + read(sources.module.ended);
    return sent - std::min(sent, received);
}

ClosingSockets walk(const StatusSources& sources) {
    // In the order in which a close passes: what goes on meanwhile is counted twice, and not missed.
    const std::uint64_t on_their_way = read(sources.module.untold) + in_the_channel(sources);
    const CloserState state = state_of_closer(sources);
    const Attributed attributed{SocketCounts(state.draining) += state.waiting, on_their_way};
    Neighbours neighbours = neighbours_of(ap_server_conf);
    neighbours.has_reached = [&](const Endpoint& end) { return sources.module.outgoing.has(end); };
    ClosingSockets counted = count_closing_sockets(neighbours, attributed, [&] {
        return read(sources.module.closes) + read(sources.module.untold);
    });
    counted.of = std::chrono::floor<std::chrono::milliseconds>(sources.realtime);
    return counted;
}

// httpd -X has no loop that would learn of the death.
bool is_gone(const Runtime& runtime, std::size_t slot) {
    return runtime.one_process && has_hung_up(runtime.closers[slot].control);
}

}  // namespace

StatusSources sources_of(const Runtime& runtime) {
    StatusSources sources{nullptr, {}, *runtime.closer_counters, *runtime.module_counters};
    sources.slot = runtime.current < 0 ? 0 : static_cast<std::size_t>(runtime.current);
    sources.closer_is_gone = runtime.current < 0 || is_gone(runtime, sources.slot);
    sources.why_no_books = "there is no shared memory for the closer's books";
    if (runtime.books)
        sources.books =
            find_books({reinterpret_cast<const std::byte*>(runtime.books), sizeof(Books)},
                       sources.why_no_books);
    sources.monotonic = read_clock(CLOCK_MONOTONIC);
    sources.realtime = read_clock(CLOCK_REALTIME);
    return sources;
}

StatusSources sources_with_kernel(const Runtime& runtime) {
    StatusSources sources = sources_of(runtime);
    sources.closing = walks().figures(sources.monotonic, [&] { return walk(sources); });
    return sources;
}

void walk_for_the_next(const Runtime& runtime) {
    const StatusSources sources = sources_of(runtime);
    walks().renew(sources.monotonic, [&] { return walk(sources); });
}

}  // namespace finwait
