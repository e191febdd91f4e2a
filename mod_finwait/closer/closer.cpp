// SPDX-License-Identifier: Apache-2.0
#include "closer/closer.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <limits>
#include <string>
#include <utility>

namespace finwait {

namespace {

// Beyond every slot's number, so no socket's Token can be one of these.
constexpr std::uint64_t kLogTokens = 0xFFFF'FFFF'FFF0'0000;  // + log id
constexpr std::uint64_t kFirstLaneToken = UINT64_MAX - kChannelLanes;
constexpr std::uint64_t kControlToken = kFirstLaneToken - 1;
constexpr std::uint64_t kSignalToken = kFirstLaneToken - 2;

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
      channel_(std::move(descriptors.lanes)),
      signals_(std::move(descriptors.signals)),
      counters_(counters),
      slot_(slot),
      descriptor_limit_(descriptor_limit),
      notices_(control_),
      logs_(epoll_.get(), kLogTokens, notices_),
      records_(counters, counters.unwritten[slot], logs_),
      drainer_(epoll_.get(), counters, counters.held[slot], records_, notices_) {
    assert(epoll_);
    assert(channel_.lanes() > 0 && channel_.lanes() <= kChannelLanes);
    assert(slot < kCloserSlots);
    assert(descriptor_limit >= kDescriptorLimitMin);
    lost_ = count_lost(counters, slot);  // by the one that had this slot before
    counters.running[slot].store(1);
    add_to_epoll(control_.descriptor(), kControlToken);
    if (signals_) add_to_epoll(signals_.get(), kSignalToken);
    drainer_.set_max(held_max(), {});
}

void Closer::add_to_epoll(int descriptor, std::uint64_t token) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = token;
    [[maybe_unused]] const int result =
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
    assert(result == 0);
}

std::size_t Closer::held_max() const {
    const std::uint64_t kept = kDescriptorReserve + logs_.size();
    const std::uint64_t free = descriptor_limit_ > kept ? descriptor_limit_ - kept : 1;
    return static_cast<std::size_t>(std::clamp<std::uint64_t>(max_draining_, 1, free));
}

Time Closer::due() const {
    const Time finish_at = drainer_.held() > 0 ? finish_at_ : kNever;
    return std::min({drainer_.due(), logs_.due(), finish_at, last_flush_until_});
}

void Closer::wait(Time now) {
    if (full_.any()) return collect_events(0);
    if (drainer_.arrivals() == 0) return collect_events(to_timeout(due() - now));
    const timespec gather{0, kGatherTime.count()};
    ::nanosleep(&gather, nullptr);
    collect_events(0);
}

void Closer::collect_events(int timeout_ms) {
    const int count = ::epoll_wait(epoll_.get(), events_.data(), kEventsPerTurn, timeout_ms);
    event_count_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    // When there are more events than fit, those of the channel may be among the others.
    control_is_readable_ = event_count_ == kEventsPerTurn;
    readable_ = control_is_readable_ ? Lanes().set() : Lanes();
    signal_came_ = false;
    for (const epoll_event& event : std::span(events_).first(event_count_)) {
        if (event.data.u64 >= kFirstLaneToken) readable_.set(event.data.u64 - kFirstLaneToken);
        if (event.data.u64 == kControlToken) control_is_readable_ = true;
        if (event.data.u64 == kSignalToken) signal_came_ = true;
    }
}

void Closer::turn(Moment now) {
    if (signal_came_) serve_signal(now);
    if (control_is_readable_) serve_control(now);
    const std::size_t older_arrivals = drainer_.arrivals();
    if (is_serving_) serve_channel(now);
    drainer_.try_arrivals(is_finishing_ ? drainer_.arrivals() : older_arrivals, now);
    serve_events(now);
    drainer_.revisit_paced(now);
    drainer_.expire(now);
    if (finish_at_ <= now.monotonic && full_.none()) drainer_.stop(now);
    logs_.flush(now);
    counters_.unwritten[slot_].store(logs_.buffered_lines(), std::memory_order_relaxed);
    end_if_done(now);
}

void Closer::serve_events(Moment now) {
    for (const epoll_event& event : std::span(events_).first(event_count_)) {
        const std::uint64_t token = event.data.u64;
        if (token >= kSignalToken) continue;
        if (token >= kLogTokens)
            logs_.on_writable(static_cast<std::uint16_t>(token - kLogTokens));
        else
            drainer_.on_event(token, event.events, now);
    }
    event_count_ = 0;
}

void Closer::serve_signal(Moment now) {
    signalfd_siginfo signal;
    if (::read(signals_.get(), &signal, sizeof signal) > 0)
        finish_within(Time::zero(), now.monotonic);
}

// Before the channel: a new closer needs its limits and logs before it serves what is queued.
void Closer::serve_control(Moment now) {
    for (std::size_t i = 0; i < kControlsPerTurn; ++i) {
        Control control;
        UniqueFd descriptor;
        switch (control_.receive(control, descriptor)) {
            case ControlChannel::Received::message:
                obey(control, std::move(descriptor), now);
                break;
            case ControlChannel::Received::refused:
                notices_.tell(NoticeKind::bad_control, NoticeLevel::error,
                              "a message of the control channel was not understood", now.monotonic);
                break;
            case ControlChannel::Received::nothing:
                return;
            case ControlChannel::Received::ended:
                // The parent is gone, or has no more to say to a closer it replaced. Children may
                // still live: the channel's end says when there is nothing left to do.
                begin_serving();
                return;
        }
    }
}

void Closer::obey(const Control& control, UniqueFd descriptor, Moment now) {
    switch (control.kind) {
        case ControlKind::setup:
            return set_up(control, now);
        case ControlKind::log_open:
            logs_.open(control.log_id, std::move(descriptor), control.text);
            return drainer_.set_max(held_max(), now);
        case ControlKind::log_close:
            return logs_.close(control.log_id, now);
        case ControlKind::finish:
            return finish_within(control.grace_ms == kGraceUnbounded
                                     ? kNever
                                     : Time(std::chrono::milliseconds(control.grace_ms)),
                                 now.monotonic);
        case ControlKind::retire:
            // Nothing changes but that no replacement will be started: the senders of this channel
            // end one by one, and its end is the sign to drain what is left and exit.
            return begin_serving();
        case ControlKind::ready:
        case ControlKind::notice:
            return;
    }
}

void Closer::set_up(const Control& setup, Moment now) {
    max_draining_ = setup.max_draining;
    drainer_.set_max(held_max(), now);
    Control ready;
    ready.kind = ControlKind::ready;
    ready.max_draining = static_cast<std::uint32_t>(held_max());
    ready.descriptor_limit = descriptor_limit_;
    static_cast<void>(control_.send(ready));
    begin_serving();
    if (lost_ == 0) return;
    notices_.tell(NoticeKind::lost, NoticeLevel::warning,
                  "the closer before this one died and left " +
                      std::to_string(std::exchange(lost_, 0)) +
                      " closes unfinished: the kernel ended them as without a lingering close, and their "
                      "clients may have lost the end of a reply",
                  now.monotonic);
}

void Closer::begin_serving() {
    if (std::exchange(is_serving_, true)) return;
    for (std::size_t lane = 0; lane < channel_.lanes(); ++lane)
        add_to_epoll(channel_.descriptor(lane), kFirstLaneToken + lane);
}

void Closer::serve_channel(Moment now) {
    const Lanes to_look_at = is_finishing_ ? Lanes().set() : readable_ | full_;
    full_.reset();
    for (std::size_t lane = 0; lane < channel_.lanes(); ++lane)
        if (to_look_at[lane] && !ended_[lane]) serve_lane(lane, now);
}

void Closer::serve_lane(std::size_t lane, Moment now) {
    for (std::size_t i = 0; i < kBatchesPerTurn; ++i) {
        const ReceivedBatch batch = channel_.receive(lane);
        count(counters_.received, batch.messages.size());
        for (ReceivedMessage& message : batch.messages) accept(message, now);
        full_[lane] = batch.is_full;
        if (batch.has_ended) {
            ended_.set(lane);
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, channel_.descriptor(lane), nullptr);
        }
        if (!batch.is_full) return;
    }
}

void Closer::accept(ReceivedMessage& message, Moment now) {
    if (message.refused.empty() && message.handoff.kind == MessageKind::report)
        return records_.keep_report(message.handoff, now);
    if (message.refused.empty()) {
        if (drainer_.take(std::move(message.socket), message.handoff, now)) return;
        message.refused = "its descriptor is not a TCP socket";
    }
    counters_.received.fetch_sub(1);
    count(counters_.bad_messages);
    notices_.tell(NoticeKind::bad_message, NoticeLevel::error,
                  "refused a message of the channel: " + std::string(message.refused),
                  now.monotonic);
}

void Closer::finish_within(Time grace, Time now) {
    is_finishing_ = true;
    begin_serving();
    if (grace != kNever) finish_at_ = std::min(finish_at_, now + grace);
}

bool Closer::is_at_its_end() const {
    const bool channel_has_ended = ended_.count() == channel_.lanes();
    return (channel_has_ended || is_finishing_) && full_.none() && drainer_.held() == 0;
}

void Closer::end_if_done(Moment now) {
    if (!is_at_its_end()) return;
    if (last_flush_until_ == kNever) last_flush_until_ = now.monotonic + kLastFlushMax;
    logs_.flush(now, true);
    is_done_ = logs_.is_flushed() || now.monotonic >= last_flush_until_;
    if (is_done_) give_up_unwritten(now.monotonic);
}

void Closer::give_up_unwritten(Time now) {
    const std::uint64_t lines = logs_.buffered_lines();
    counters_.unwritten[slot_].store(0);
    counters_.running[slot_].store(0);
    if (lines == 0) return;
    const std::uint64_t closes = std::min(lines, read(counters_.records));
    counters_.records.fetch_sub(closes);
    count(counters_.dropped, closes);
    notices_.tell(NoticeKind::log_dropped, NoticeLevel::error,
                  std::to_string(lines) + " lines could not be written before the end", now);
}

}  // namespace finwait
