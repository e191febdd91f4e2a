// SPDX-License-Identifier: Apache-2.0
#include "closer/follow/follower.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace finwait {

namespace {

bool may_succeed_later(int error) {
    return error == ENOBUFS || error == ENOMEM || error == EAGAIN || error == EINTR ||
           error == EMFILE || error == ENFILE || error == EBUSY || error == EINVAL ||
           error == EBADMSG;
}

}  // namespace

void Follower::publish() {
    followed_.store(sockets_.size(), std::memory_order_relaxed);
}

void Follower::configure(FollowLimits limits, Moment now) {
    limits_ = std::move(limits);
    std::ranges::sort(limits_.ports);
    if (limits_.max_followed == 0 || !diag_) {
        is_working_ = false;
        why_not_ = "FinWaitMaxFollowed is 0";
        return stop(SIZE_MAX, now);
    }
    if (is_working_) return;
    if (const int error = diag_->open(); error != 0) return give_up(std::strerror(error), now);
    is_working_ = true;
    why_not_.clear();
    failures_ = 0;
}

void Follower::keep_unfollowed(const Handoff& handoff, const CloseEnd& end, Moment now) {
    records_.keep(handoff, end, now);
    records_.release(handoff);
}

void Follower::follow(const Handoff& handoff, const CloseEnd& end, const SocketId& id, Moment now) {
    if (!is_working_ || id.cookie == 0) return keep_unfollowed(handoff, end, now);
    if (sockets_.size() >= limits_.max_followed) {
        count(counters_.unfollowed);
        notices_.tell(NoticeKind::follow_full, NoticeLevel::warning,
                      std::to_string(sockets_.size()) +
                          " closed sockets are followed, FinWaitMaxFollowed allows no more: the "
                          "outcome of others is unknown",
                      now.monotonic);
        CloseEnd unknown = end;
        unknown.outcome = Outcome::unknown;
        return keep_unfollowed(handoff, unknown, now);
    }
    FollowedSocket socket = followed_from(handoff, end, id);
    socket.client = clients_.intern(facts_of(handoff, socket));
    socket.sample = sample_;
    const std::uint32_t slot = sockets_.add(socket);
    if (sockets_.size() == 1) next_sample_ = now.monotonic + limits_.interval;
    publish();
    look_at(slot, true, now);
}

Time Follower::due() const {
    if (phase_ != Phase::idle || sweep_is_wanted_) return Time::zero();
    return sockets_.size() > 0 ? next_sample_ : kNever;
}

void Follower::turn(Moment now) {
    switch (phase_) {
        case Phase::sweeping:
            return go_on_sweeping(now);
        case Phase::checking:
            return go_on_checking(now);
        case Phase::idle:
            if (due() <= now.monotonic) begin_sample(now);
    }
}

void Follower::begin_sample(Moment now) {
    if (!is_working_) return;
    ++sample_;
    sample_begin_ = now.monotonic;
    next_sample_ = now.monotonic + limits_.interval;
    if (sockets_.size() > kFewFollowed || sweep_is_wanted_) {
        sweep_attempts_ = 0;
        return begin_sweep(now);
    }
    begin_checking();
}

void Follower::begin_sweep(Moment now) {
    ++sweep_attempts_;
    ++stats_.sweeps;
    counting_ = Unattributed{};
    if (const int error = diag_->begin_sweep(limits_.ports); error != 0)
        return do_without_sweep(error, now);
    replies_of_ = now.monotonic;
    phase_ = Phase::sweeping;
}

void Follower::go_on_sweeping(Moment now) {
    seen_.clear();
    const SweepStep step = diag_->read_sweep(seen_);
    for (const DiagSocket& seen : seen_) note(seen, now);
    replies_of_ = now.monotonic;
    switch (step) {
        case SweepStep::more:
            return;
        case SweepStep::complete:
            return end_sweep(true, now.monotonic);
        case SweepStep::interrupted:
            ++stats_.interrupted;
            return sweep_again(sweep_attempts_ < kSweepAttemptsMax, now);
        case SweepStep::no_buffer:
            ++stats_.no_buffer;
            return sweep_again(diag_->grow_buffer(), now);
        case SweepStep::failed:
            return do_without_sweep(diag_->last_error(), now);
    }
}

void Follower::sweep_again(bool may, Moment now) {
    if (may) return begin_sweep(now);
    end_sweep(false, now.monotonic);
}

void Follower::end_sweep(bool is_complete, Time now) {
    swept_ = now;
    unattributed_.reset();
    if (is_complete && !limits_.ports.empty()) unattributed_ = counting_;
    begin_checking();
}

// Look-ups are slower, and as good.
void Follower::do_without_sweep(int error, Moment now) {
    ++stats_.failures;
    if (!may_succeed_later(error)) return give_up(std::strerror(error), now);
    end_sweep(false, now.monotonic);
}

void Follower::begin_checking() {
    sweep_is_wanted_ = false;
    cursor_ = 0;
    phase_ = Phase::checking;
}

void Follower::note(const DiagSocket& seen, Moment now) {
    if (FollowedSocket* socket = sockets_.find(seen.id.cookie); socket != nullptr)
        return see(*socket, seen, std::min(replies_of_, now.monotonic));
    if (!std::ranges::binary_search(limits_.ports, seen.id.local.port)) return;
    if (is_held_(seen.id.cookie)) return;
    if (seen.state == TcpState::fin_wait_1) ++counting_.fin_wait_1;
    if (seen.state == TcpState::fin_wait_2) ++counting_.fin_wait_2;
    if (seen.state == TcpState::closing) ++counting_.closing;
}

void Follower::go_on_checking(Moment now) {
    std::size_t look_ups = 0;
    for (std::size_t i = 0; i < kVisitsPerTurn && cursor_ < sockets_.slots(); ++i, ++cursor_) {
        const FollowedSocket* socket = sockets_.at(cursor_);
        if (socket == nullptr || socket->sample == sample_) continue;
        if (look_ups++ == kLookUpsPerTurn) return;
        look_at(cursor_, false, now);
        if (phase_ != Phase::checking) return;
    }
    if (cursor_ < sockets_.slots()) return;
    phase_ = Phase::idle;
    // At most half of the time, however many there are and however short the interval is.
    next_sample_ = std::max(next_sample_, 2 * now.monotonic - sample_begin_);
}

void Follower::look_at(std::uint32_t slot, bool is_just_closed, Moment now) {
    FollowedSocket& socket = *sockets_.at(slot);
    DiagSocket found;
    ++stats_.look_ups;
    const SocketId id{socket.local, socket.peer, socket.cookie, socket.interface};
    const int error = diag_->look_up(id, found);
    if (error != 0 && error != ENOENT) return fail(error, now);
    failures_ = 0;
    const bool is_empty = error == ENOENT || found.state == TcpState::listen;
    if (!is_empty && found.id.cookie == socket.cookie) return on_seen(slot, found, now);
    // Our kernel did it: it resets a socket with unread bytes, and one beyond tcp_max_orphans.
    if (is_just_closed) return finish(slot, {Outcome::cut, now.monotonic}, now);
    finish(slot, end_of_gone(socket, !is_empty, now.monotonic), now);
}

void Follower::on_seen(std::uint32_t slot, const DiagSocket& seen, Moment now) {
    FollowedSocket& socket = *sockets_.at(slot);
    if (seen.state != TcpState::time_wait) return see(socket, seen, now.monotonic);
    const Time came = now.monotonic - (kTimeWait - std::min(seen.timer_left, kTimeWait));
    finish(slot, {Outcome::late_fin, std::clamp(came, socket.last_seen, now.monotonic)}, now);
}

void Follower::see(FollowedSocket& socket, const DiagSocket& seen, Time when) {
    socket.sample = sample_;
    if (seen.state != socket.state) sockets_.set_state(socket, seen.state);
    if (seen.state == TcpState::fin_wait_2 && socket.fin_wait_2_since == kNever)
        socket.fin_wait_2_since = when;
    socket.last_seen = std::max(socket.last_seen, when);
    socket.timer_end = seen.timer == KernelTimer::none ? kNever : when + seen.timer_left;
}

void Follower::finish(std::uint32_t slot, FollowedEnd end, Moment now) {
    const FollowedSocket& socket = *sockets_.at(slot);
    CloseEnd close_end = close_end_of(socket);
    close_end.outcome = end.outcome;
    if (socket.fin_wait_2_since != kNever)
        close_end.fin_wait_2_time = std::max(end.when - socket.fin_wait_2_since, Time::zero());
    std::string client_address;
    const Handoff handoff = handoff_of(socket, client_address);
    records_.keep(handoff, close_end, now);
    records_.release(handoff);
    clients_.release(socket.client);
    sockets_.remove(slot);
    publish();
}

void Follower::stop(std::size_t max, Moment now) {
    for (std::uint32_t slot = 0; slot < sockets_.slots() && max > 0; ++slot) {
        const FollowedSocket* socket = sockets_.at(slot);
        if (socket == nullptr) continue;
        const bool in_fin_wait_2 = socket->state == TcpState::fin_wait_2;
        finish(slot, {in_fin_wait_2 ? Outcome::unknown : Outcome::unacked, now.monotonic}, now);
        --max;
    }
    phase_ = Phase::idle;
    sweep_is_wanted_ = false;
    // What the last sweep saw is not what there will be.
    swept_ = Time::min();
    unattributed_.reset();
}

// A look-up failed. What may pass gets a new try at the next sample.
void Follower::fail(int error, Moment now) {
    ++stats_.failures;
    if (phase_ == Phase::checking) phase_ = Phase::idle;
    if (!may_succeed_later(error)) return give_up(std::strerror(error), now);
    if (now.monotonic < next_failure_) return;
    next_failure_ = now.monotonic + limits_.interval;
    if (++failures_ >= kFailuresMax) give_up(std::strerror(error), now);
}

void Follower::give_up(std::string why, Moment now) {
    is_working_ = false;
    why_not_ = std::move(why);
    notices_.tell(
        NoticeKind::follow_failed, NoticeLevel::warning,
        "closed sockets cannot be followed (netlink sock_diag: " + why_not_ +
            "): outcomes after the drain are unknown. Allow it (SELinux, seccomp, the kernel's "
            "tcp_diag), or set FinWaitMaxFollowed 0 and this line goes away",
        now.monotonic);
    stop(SIZE_MAX, now);
}

bool Follower::sweep_now(Time now) {
    if (!is_working_) return false;
    if (swept_ != Time::min() && now - swept_ < limits_.interval) return true;
    sweep_is_wanted_ = true;
    return false;
}

void Follower::for_each(const std::function<void(const ShownSocket&)>& visit) const {
    for (std::uint32_t slot = 0; slot < sockets_.slots(); ++slot)
        if (const FollowedSocket* socket = sockets_.at(slot)) visit(show(*socket));
}

std::vector<ShownSocket> Follower::oldest(std::size_t count) const {
    std::vector<const FollowedSocket*> all;
    all.reserve(sockets_.size());
    for (std::uint32_t slot = 0; slot < sockets_.slots(); ++slot)
        if (const FollowedSocket* socket = sockets_.at(slot)) all.push_back(socket);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
    std::partial_sort(all.begin(), end, all.end(),
                      [](const auto* a, const auto* b) { return a->half_close < b->half_close; });
    std::vector<ShownSocket> shown;
    for (auto at = all.begin(); at != end; ++at) shown.push_back(show(**at));
    return shown;
}

}  // namespace finwait
