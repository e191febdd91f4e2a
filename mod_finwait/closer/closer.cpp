// SPDX-License-Identifier: Apache-2.0
#include "closer/closer.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace finwait {

namespace {

// Beyond every slot's number, so no socket's Token can be one of these.
constexpr std::uint64_t kLogTokens = 0xFFFF'FFFF'FFF0'0000;  // and Logs::kTokens from there
constexpr std::uint64_t kFirstLaneToken = UINT64_MAX - kChannelLanes;
constexpr std::uint64_t kControlToken = kFirstLaneToken - 1;
constexpr std::uint64_t kSignalToken = kFirstLaneToken - 2;
constexpr std::uint64_t kDepositToken = kFirstLaneToken - 3;

int to_timeout(Time left) {
    using std::chrono::milliseconds;
    if (left <= Time::zero()) return 0;
    const auto ms = std::chrono::ceil<milliseconds>(std::min<Time>(left, std::chrono::hours(1)));
    return static_cast<int>(ms.count());
}

}  // namespace

Closer::Closer(CloserDescriptors descriptors, CloserCounters& counters, std::size_t slot,
               std::uint64_t descriptor_limit)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      control_(std::move(descriptors.control)),
      channel_(std::move(descriptors.lanes), descriptors_per_message(descriptor_limit)),
      deposit_(std::move(descriptors.deposit)),
      signals_(std::move(descriptors.signals)),
      own_memory_(std::move(descriptors.own_memory)),
      counters_(counters),
      slot_(slot),
      descriptor_limit_(descriptor_limit),
      books_(std::move(descriptors.books), slot),
      remedy_memory_(std::move(descriptors.remedies)),
      notices_(control_, &books_.own().notices),
      unwritten_(counters, slot),
      logs_(epoll_.get(), kLogTokens, notices_, unwritten_),
      remedies_(remedy_memory_.table(), slot, counters, notices_, books_),
      records_(counters, unwritten_, logs_, books_, remedies_),
      drainer_(epoll_.get(), counters, slot, records_, notices_) {
    assert(epoll_);
    assert(channel_.lanes() > 0 && channel_.lanes() <= kChannelLanes);
    assert(slot < kCloserSlots);
    assert(descriptor_limit >= kDescriptorLimitMin);
    loss_ = count_lost(counters, slot);  // by the one that had this slot before
    counters.running[slot].store(1);
    mend_books();
    add_to_epoll(control_.descriptor(), kControlToken, EPOLLIN);
    if (signals_) add_to_epoll(signals_.get(), kSignalToken, EPOLLIN);
    // Edges: what lies there is not for the closer to take.
    if (deposit_.is_open()) add_to_epoll(deposit_.descriptor(), kDepositToken, EPOLLIN | EPOLLET);
    drainer_.set_max(held_max());
}

void Closer::start_threads(Time now) {
    logs_.start_thread(now);
    if (const int error = strays_.start(); error != 0)
        notices_.tell(NoticeKind::stray, NoticeLevel::warning,
                      std::string("no thread for descriptors that are no TCP connections (") +
                          std::strerror(error) +
                          "): a child that was taken over can keep the closer waiting",
                      now);
}

void Closer::add_to_epoll(int descriptor, std::uint64_t token, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = token;
    [[maybe_unused]] const int result =
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
    assert(result == 0);
}

std::size_t Closer::held_max() const {
    const std::uint64_t kept = descriptor_reserve(descriptor_limit_) + logs_.size();
    const std::uint64_t free = descriptor_limit_ > kept ? descriptor_limit_ - kept : 1;
    return static_cast<std::size_t>(std::clamp<std::uint64_t>(max_held_, 1, free));
}

Time Closer::due() const {
    if (ledger().is_too_large()) return Time::zero();
    return std::min({drainer_.due(), records_.due(), stop_due(), last_flush_until_, remedies_.due(),
                     deposit_.due()});
}

void Closer::wait(Time now) {
    if (is_held_up()) {
        strays_.wait_until_fewer(std::min(kGatherTimeMax, due() - now));
        return collect_events(0);
    }
    if (full_.any()) return collect_events(0);
    // What is due is not kept waiting.
    if (came_ > 0 && !is_finishing_ && due() > now) return gather();
    gather_time_ = Time::zero();
    collect_events(to_timeout(std::min(due(), pulse_at_ + kPulseInterval) - now));
}

// What came did so during the gathering before this one, if there was one.
void Closer::gather() {
    const auto came = static_cast<Time::rep>(came_);
    gather_time_ =
        std::clamp(gather_time_ * Time::rep{kGathered} / came, kGatherTimeMin, kGatherTimeMax);
    const timespec time{0, static_cast<long>(gather_time_.count())};
    ::nanosleep(&time, nullptr);
    collect_events(0);
}

void Closer::collect_events(int timeout_ms) {
    const int count = ::epoll_wait(epoll_.get(), events_.data(), kEventsPerTurn, timeout_ms);
    event_count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    // When there are more events than fit, those of the channel may be among the others.
    control_is_readable_ = event_count_ == kEventsPerTurn;
    readable_ = control_is_readable_ ? Lanes().set() : Lanes();
    signal_came_ = false;
    deposit_events_ = 0;
    for (const epoll_event& event : std::span(events_).first(event_count_)) {
        if (event.data.u64 >= kFirstLaneToken)
            readable_.set(static_cast<std::size_t>(event.data.u64 - kFirstLaneToken));
        if (event.data.u64 == kControlToken) control_is_readable_ = true;
        if (event.data.u64 == kSignalToken) signal_came_ = true;
        if (event.data.u64 == kDepositToken) deposit_events_ = event.events;
    }
}

void Closer::turn(Moment now) {
    started_ = std::min(started_, now.monotonic);
    if (signal_came_) serve_signal(now);
    if (deposit_events_ != 0) deposit_.on_event(deposit_events_, now.monotonic);
    if (control_is_readable_) serve_control(now);
    if (deposit_.expire(now.monotonic)) begin_serving();  // the channel's end is the closer's
    const std::size_t older_arrivals = drainer_.arrivals();
    came_ = 0;
    if (is_serving_) serve_channel(now);
    drainer_.try_arrivals(is_finishing_ ? drainer_.arrivals() : older_arrivals, now);
    serve_events(now);
    drainer_.revisit_paced(now);
    drainer_.expire(now);
    drainer_.shed_some(now);
    remedies_.turn(now);
    stop_some(now);
    drainer_.close_ended();
    records_.ledger().evict_some();
    records_.flush(now);
    book_history(now.monotonic);
    book_pulse(now);
    end_if_done(now);
}

void Closer::serve_events(Moment now) {
    for (const epoll_event& event : std::span(events_).first(event_count_)) {
        const std::uint64_t token = event.data.u64;
        if (token >= kDepositToken) continue;
        if (token >= kLogTokens)
            logs_.on_event(token);
        else
            drainer_.on_event(token, event.events, now);
    }
    event_count_ = 0;
}

void Closer::begin_serving() {
    if (is_serving_) return;
    is_serving_ = true;
    for (std::size_t lane = 0; lane < channel_.lanes(); ++lane)
        add_to_epoll(channel_.descriptor(lane), kFirstLaneToken + lane, EPOLLIN);
}

}  // namespace finwait
