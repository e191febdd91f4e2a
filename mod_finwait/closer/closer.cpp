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

std::size_t closes_among(std::span<const ReceivedMessage> messages) {
    return static_cast<std::size_t>(
        std::ranges::count_if(messages, [](const auto& message) { return !message.question; }));
}

FollowLimits follow_limits_of(const Control& setup) {
    const std::span<const std::uint16_t> ports(setup.ports);
    FollowLimits limits;
    limits.max_followed = setup.max_followed;
    limits.interval = std::chrono::milliseconds(
        std::max(setup.sample_interval_ms, kSampleIntervalMinMs));
    limits.ports.assign(ports.begin(), ports.begin() + setup.port_count);
    return limits;
}

int to_timeout(Time left) {
    using std::chrono::milliseconds;
    if (left <= Time::zero()) return 0;
    const auto ms = std::chrono::ceil<milliseconds>(std::min<Time>(left, std::chrono::hours(1)));
    return static_cast<int>(ms.count());
}

}  // namespace

Closer::Closer(CloserDescriptors descriptors, CloserCounters& counters, std::size_t slot,
               std::uint64_t descriptor_limit, std::unique_ptr<SockDiag> diag)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      control_(std::move(descriptors.control)),
      channel_(std::move(descriptors.lanes)),
      signals_(std::move(descriptors.signals)),
      counters_(counters),
      slot_(slot),
      descriptor_limit_(descriptor_limit),
      store_(std::move(descriptors.ledger), slot),
      notices_(control_),
      logs_(epoll_.get(), kLogTokens, notices_),
      records_(counters, slot, logs_, store_.key()),
      follower_(std::move(diag), counters, counters.followed[slot], records_, notices_,
                [this](std::uint64_t cookie) { return drainer_.holds(cookie); }),
      drainer_(epoll_.get(), counters, counters.held[slot], records_, follower_, notices_) {
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

// Of the closer that had this slot before, if it died, and of those that have ended beside this one. A
// retired closer leaves them to its successor.
void Closer::adopt_ledgers() {
    for (std::size_t slot = 0; slot < kCloserSlots; ++slot) {
        const bool is_free = slot == slot_ ? !is_serving_ : counters_.running[slot].load() == 0;
        if (is_free && !is_retired_) static_cast<void>(store_.adopt(slot, records_.ledger()));
    }
}

bool Closer::has_neighbours() const {
    std::uint64_t running = 0;
    for (const Counter& closer : counters_.running) running += read(closer);
    return running > 1;
}

Time Closer::ledger_due() const {
    // Not before the ledger left in this slot was adopted: it would be written over.
    if (!is_serving_) return kNever;
    if (store_.is_saving()) return saved_at_;
    const bool has_changed = ledger().total().tally.closes != saved_closes_;
    return has_changed || had_neighbours_ ? saved_at_ + kLedgerSaveInterval : kNever;
}

void Closer::save_ledger(Moment now) {
    if (store_.is_saving()) return;
    // Asked first: one that ends after this is looked for once more.
    had_neighbours_ = has_neighbours();
    adopt_ledgers();
    saved_at_ = now.monotonic;
    const std::uint64_t closes = ledger().total().tally.closes;
    if (closes == std::exchange(saved_closes_, closes)) return;
    // Shared memory that is full now may not be in a second.
    store_.begin_save(ledger());
}

std::size_t Closer::held_max() const {
    const std::uint64_t kept = kDescriptorReserve + logs_.size();
    const std::uint64_t free = descriptor_limit_ > kept ? descriptor_limit_ - kept : 1;
    return static_cast<std::size_t>(std::clamp<std::uint64_t>(max_draining_, 1, free));
}

Time Closer::due() const {
    const Time finish_at = drainer_.held() > 0 ? finish_at_ : kNever;
    return std::min({drainer_.due(), follower_.due(), records_.due(), answers_.due(), finish_at,
                     last_flush_until_, ledger_due()});
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
    started_ = std::min(started_, now.monotonic);
    if (signal_came_) serve_signal(now);
    if (control_is_readable_) serve_control(now);
    const std::size_t older_arrivals = drainer_.arrivals();
    if (is_serving_) serve_channel(now);
    drainer_.try_arrivals(is_finishing_ ? drainer_.arrivals() : older_arrivals, now);
    serve_events(now);
    drainer_.revisit_paced(now);
    drainer_.expire(now);
    follower_.turn(now);
    if (finish_at_ <= now.monotonic && full_.none()) drainer_.stop(now);
    records_.flush(now);
    if (ledger_due() <= now.monotonic) save_ledger(now);
    store_.write_some();
    note_history(now.monotonic);
    serve_questions(now);
    end_if_done(now);
}

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
            logs_.open(control.log_id, std::move(descriptor), control.text, control.log_mode);
            return drainer_.set_max(held_max(), now);
        case ControlKind::log_close:
            return records_.close_log(control.log_id, now);
        case ControlKind::finish:
            return finish_within(control.grace_ms == kGraceUnbounded
                                     ? kNever
                                     : Time(std::chrono::milliseconds(control.grace_ms)),
                                 now.monotonic);
        case ControlKind::retire:
            // Nothing changes but that no replacement will be started: the senders of this channel
            // end one by one, and its end is the sign to drain what is left and exit.
            is_retired_ = true;
            return begin_serving();
        case ControlKind::ready:
        case ControlKind::notice:
            return;
    }
}

void Closer::set_up(const Control& setup, Moment now) {
    max_draining_ = setup.max_draining;
    follower_.configure(follow_limits_of(setup), now);
    drainer_.set_max(held_max(), now);
    Control ready;
    ready.kind = ControlKind::ready;
    ready.max_draining = static_cast<std::uint32_t>(held_max());
    ready.descriptor_limit = descriptor_limit_;
    static_cast<void>(control_.send(ready));
    records_.ledger().set_size(setup.ledger_size);
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
    if (is_serving_) return;
    adopt_ledgers();
    is_serving_ = true;
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
        count(counters_.received, closes_among(batch.messages));
        for (ReceivedMessage& message : batch.messages) accept(message, now);
        full_[lane] = batch.is_full;
        if (batch.has_ended) {
            ended_.set(lane);
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, channel_.descriptor(lane), nullptr);
        }
        if (!batch.is_full) return;
    }
}

StatusSources Closer::status_sources() const {
    StatusSources sources{counters_, drainer_.sockets(), follower_, records_.ledger(), notices_,
                          history_};
    sources.slot = slot_;
    sources.held_max = held_max();
    sources.descriptor_limit = descriptor_limit_;
    sources.unanswered_questions = answers_.unanswered();
    sources.started = started_;
    return sources;
}

void Closer::accept(ReceivedMessage& message, Moment now) {
    if (message.refused.empty() && message.question)
        return answers_.ask(*message.question, std::move(message.socket), now.monotonic);
    if (message.refused.empty() && message.handoff.kind == MessageKind::report)
        return records_.keep_report(message.handoff, now);
    if (message.refused.empty()) {
        if (drainer_.take(std::move(message.socket), message.handoff, now)) return;
        message.refused = "its descriptor is not a TCP socket";
    }
    if (!message.question) counters_.received.fetch_sub(1);
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
    // Whoever stops the server does not wait for the kernel. A replaced closer has the time.
    if (is_finishing_) follower_.stop(now);
    if (follower_.followed() > 0) return;
    if (last_flush_until_ == kNever) last_flush_until_ = now.monotonic + kLastFlushMax;
    records_.finish(now);
    is_done_ = logs_.is_flushed() || now.monotonic >= last_flush_until_;
    if (is_done_) give_up_unwritten(now.monotonic);
}

void Closer::give_up_unwritten(Time now) {
    static_cast<void>(store_.save(records_.ledger()));
    records_.give_up_unwritten();
    counters_.running[slot_].store(0);
    const std::string unwritten = logs_.unwritten_lines();
    if (unwritten.empty()) return;
    notices_.tell(NoticeKind::log_dropped, NoticeLevel::error,
                  "could not be written before the end: " + unwritten, now);
}

}  // namespace finwait
