// SPDX-License-Identifier: Apache-2.0
#include "closer/follow/follower.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace finwait {

namespace {

using std::chrono::milliseconds;

bool may_succeed_later(int error) {
    return error == ENOBUFS || error == ENOMEM || error == EAGAIN || error == EINTR ||
           error == EMFILE || error == ENFILE || error == EBUSY || error == EINVAL ||
           error == EBADMSG;
}

FollowedSocket pack(const Handoff& handoff, const CloseEnd& end, const SocketId& id) {
    FollowedSocket socket;
    socket.cookie = id.cookie;
    socket.half_close = end.half_close;
    socket.drained_bytes = end.drained_bytes;
    socket.peer = id.peer;
    socket.local = id.local;
    socket.interface = id.interface;
    socket.drain_ms = static_cast<std::uint32_t>(
        std::chrono::duration_cast<milliseconds>(end.drain_time).count());
    socket.requests = handoff.requests;
    socket.rtt_us = end.facts.rtt_us;
    socket.unacked = end.facts.unacked;
    socket.retransmits = end.facts.retransmits;
    socket.logs = handoff.logs;
    socket.cause = handoff.cause;
    socket.http = handoff.http;
    socket.tls = handoff.tls;
    socket.mpm = handoff.mpm;
    socket.drain = end.drain;
    socket.drain_state = socket.state = end.facts.state;
    const Time closed = end.half_close + end.drain_time;
    socket.last_seen = closed;
    if (socket.state == TcpState::fin_wait_2)
        socket.fin_wait_2_since = closed - end.fin_wait_2_time;
    return socket;
}

ClientFacts facts_of(const Handoff& handoff, const SocketId& id) {
    ClientFacts facts{handoff.vhost, handoff.user_agent, handoff.client_address};
    if (handoff.peer != id.peer) facts.peer = handoff.peer;
    if (handoff.local != id.local) facts.local = handoff.local;
    return facts;
}

Endpoint either(const Endpoint& said, const Endpoint& own) {
    return said.family != Endpoint::Family::none ? said : own;
}

Handoff handoff_of(const FollowedSocket& socket) {
    const ClientFacts facts = ClientTable::facts(socket.client);
    Handoff handoff;
    handoff.cause = socket.cause;
    handoff.http = socket.http;
    handoff.tls = socket.tls;
    handoff.mpm = socket.mpm;
    handoff.logs = socket.logs;
    handoff.requests = socket.requests;
    handoff.peer = either(facts.peer, socket.peer);
    handoff.local = either(facts.local, socket.local);
    handoff.vhost = facts.vhost;
    handoff.user_agent = facts.user_agent;
    handoff.client_address = facts.client_address;
    return handoff;
}

Follower::Shown show(const FollowedSocket& socket) {
    const ClientFacts facts = ClientTable::facts(socket.client);
    return {socket.cookie,
            either(facts.peer, socket.peer),
            socket.state,
            socket.half_close,
            socket.fin_wait_2_since,
            facts.user_agent,
            facts.vhost};
}

CloseEnd close_end_of(const FollowedSocket& socket) {
    CloseEnd end;
    end.drain = socket.drain;
    end.half_close = socket.half_close;
    end.drain_time = milliseconds(socket.drain_ms);
    end.drained_bytes = socket.drained_bytes;
    end.facts = {socket.drain_state, socket.rtt_us, socket.unacked, socket.retransmits,
                 socket.cookie};
    return end;
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
        return stop(now);
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
    FollowedSocket socket = pack(handoff, end, id);
    socket.client = clients_.intern(facts_of(handoff, id));
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
    cursor_ = 0;
    phase_ = Phase::checking;
}

void Follower::begin_sweep(Moment now) {
    ++sweep_attempts_;
    ++stats_.sweeps;
    counting_ = Unattributed{};
    if (const int error = diag_->begin_sweep(limits_.ports); error != 0) {
        phase_ = Phase::idle;
        return fail(error, now);
    }
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
            return end_sweep(now.monotonic);
        case SweepStep::interrupted:
            ++stats_.interrupted;
            return sweep_again(sweep_attempts_ < kSweepAttemptsMax, now);
        case SweepStep::no_buffer:
            ++stats_.no_buffer;
            return sweep_again(diag_->grow_buffer(), now);
        case SweepStep::failed:
            phase_ = Phase::idle;
            return fail(diag_->last_error(), now);
    }
}

void Follower::sweep_again(bool may, Moment now) {
    if (may) return begin_sweep(now);
    end_sweep(now.monotonic);
}

void Follower::end_sweep(Time now) {
    failures_ = 0;
    sweep_is_wanted_ = false;
    unattributed_ = counting_;
    unattributed_.taken = now;
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

Follower::End Follower::end_of_gone(const FollowedSocket& socket, bool is_replaced, Time now) {
    // A TIME_WAIT may have come and gone unseen: by a new connection in its place, or by its own
    // end.
    if (is_replaced || now - socket.last_seen >= kTimeWait) return {Outcome::unknown, now};
    const bool has_run_out = socket.timer_end != kNever && socket.timer_end <= now + kTimerSlack;
    if (socket.state == TcpState::fin_wait_2 && has_run_out)
        return {Outcome::kernel_timeout, std::min(socket.timer_end, now)};
    return {has_run_out ? Outcome::unacked : Outcome::reset, now};
}

void Follower::finish(std::uint32_t slot, End end, Moment now) {
    const FollowedSocket& socket = *sockets_.at(slot);
    CloseEnd close_end = close_end_of(socket);
    close_end.outcome = end.outcome;
    if (socket.fin_wait_2_since != kNever)
        close_end.fin_wait_2_time = std::max(end.when - socket.fin_wait_2_since, Time::zero());
    const Handoff handoff = handoff_of(socket);
    records_.keep(handoff, close_end, now);
    records_.release(handoff);
    clients_.release(socket.client);
    sockets_.remove(slot);
    publish();
}

void Follower::stop(Moment now) {
    for (std::uint32_t slot = 0; slot < sockets_.slots(); ++slot) {
        const FollowedSocket* socket = sockets_.at(slot);
        if (socket == nullptr) continue;
        const bool in_fin_wait_2 = socket->state == TcpState::fin_wait_2;
        finish(slot, {in_fin_wait_2 ? Outcome::unknown : Outcome::unacked, now.monotonic}, now);
    }
    phase_ = Phase::idle;
    sweep_is_wanted_ = false;
}

// What may pass gets a new try at the next sample.
void Follower::fail(int error, Moment now) {
    ++stats_.failures;
    phase_ = Phase::idle;
    sweep_is_wanted_ = false;
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
    stop(now);
}

bool Follower::sweep_now(Time now) {
    if (!is_working_) return false;
    if (unattributed_.taken != Time::min() && now - unattributed_.taken < limits_.interval)
        return true;
    sweep_is_wanted_ = true;
    return false;
}

void Follower::for_each(const std::function<void(const Shown&)>& visit) const {
    for (std::uint32_t slot = 0; slot < sockets_.slots(); ++slot)
        if (const FollowedSocket* socket = sockets_.at(slot)) visit(show(*socket));
}

std::vector<Follower::Shown> Follower::oldest(std::size_t count) const {
    std::vector<const FollowedSocket*> all;
    all.reserve(sockets_.size());
    for (std::uint32_t slot = 0; slot < sockets_.slots(); ++slot)
        if (const FollowedSocket* socket = sockets_.at(slot)) all.push_back(socket);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
    std::partial_sort(all.begin(), end, all.end(),
                      [](const auto* a, const auto* b) { return a->half_close < b->half_close; });
    std::vector<Shown> shown;
    for (auto at = all.begin(); at != end; ++at) shown.push_back(show(**at));
    return shown;
}

}  // namespace finwait
