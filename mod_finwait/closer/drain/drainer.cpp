// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/drainer.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <string>
#include <utility>

#include "closer/drain/tcp_socket.hpp"

namespace finwait {

namespace {

// `now` is when the turn began, and on a busy machine a close may be half-closed and received later
// in the same turn. What is further ahead, its sender's clock cannot have read.
constexpr Time kAhead = std::chrono::seconds(1);

// By both clocks. A deadline counts from no later than now, so that it comes whatever was sent.
Time note_half_close(Close& close, const Handoff& handoff, Moment now) {
    const Time sent = std::clamp(handoff.half_close, Time::zero(), now.monotonic + kAhead);
    close.half_close =
        std::chrono::floor<std::chrono::milliseconds>(now.realtime + (sent - now.monotonic));
    return std::min(sent, now.monotonic);
}

}  // namespace

void Drainer::publish() {
    held_.store(held(), std::memory_order_relaxed);
    waiting_.store(waiting(), std::memory_order_relaxed);
}

void Drainer::set_max(std::size_t held_max) {
    assert(held_max > 0);
    held_max_ = held_max;
}

void Drainer::shed_some(Moment now) {
    for (std::size_t i = 0; i < kShedsPerTurn && held() > held_max_; ++i) shed_one(now);
}

bool Drainer::take(UniqueFd& socket, const Handoff& handoff, Moment now) {
    const int fd = socket.get();
    Close close = handoff.close;
    const Time half_close = note_half_close(close, handoff, now);
    DrainState drain(handoff.policy, wait_timeout_ms(fd, handoff.policy), half_close);
    Visit first;
    if (now.monotonic - half_close >= kAnswerTime) first = discard_what_came(fd, drain, now);
    if (first.result == Visit::Result::ended) {
        note_end(close, fd, drain, ending_of(first, drain), now);
    }
    if (first.result == Visit::Result::ended && close.state != TcpState::closing) {
        // What is over for the kernel, too, needs no policy; what is not TCP has no state.
        if (close.state != TcpState::closed && !apply_policy(fd, handoff.policy)) return false;
        records_.expect(close);
        conclude(std::move(socket), close, now);
        return true;
    }
    if (!apply_policy(fd, handoff.policy)) return false;
    // What listens is never read here, and would stay. Elsewhere recv() says so.
    if (!drain.reads() && !unacked_bytes(fd)) return false;
    if (held() >= held_max_) shed_one(now);
    records_.expect(close);
    arrivals_.push_back(sockets_.add(std::move(socket), close, drain));
    publish();
    return true;
}

bool Drainer::rescue(UniqueFd& socket, Moment now) {
    half_close(socket.get());
    Handoff handoff;
    handoff.half_close = now.monotonic;
    handoff.close.peer = peer_of(socket.get());
    handoff.close.local = local_of(socket.get());
    return take(socket, handoff, now);
}

void Drainer::take_ended(const Handoff& handoff, Moment now) {
    Close close = handoff.close;
    static_cast<void>(note_half_close(close, handoff, now));
    close.state = TcpState::closed;
    records_.keep(close, now);
}

void Drainer::try_arrivals(std::size_t count, Moment now) {
    assert(count <= arrivals_.size());
    for (std::size_t i = 0; i < count; ++i) {
        HeldSocket* held = sockets_.find(arrivals_[i]);
        if (held == nullptr) continue;
        if (held->drain.method() == Method::close) {
            watch(arrivals_[i], *held, now);
            held = sockets_.find(arrivals_[i]);
            if (held != nullptr) end_by_method(arrivals_[i], *held, Drain::none, now);
            continue;
        }
        const auto result = visit(arrivals_[i], *held, now);
        if (result == Visit::Result::ended) continue;
        if (result == Visit::Result::flooding) pace(arrivals_[i], *held, now);
        watch(arrivals_[i], *held, now);
    }
    arrivals_.erase(arrivals_.begin(), arrivals_.begin() + static_cast<std::ptrdiff_t>(count));
}

// The first look at the acknowledgements is left to the event that EPOLL_CTL_ADD causes at once
// (after a half-close a socket is always writable): by then they may have come.
void Drainer::watch(Token token, HeldSocket& held, Moment now) {
    deadlines_.set(slot_of(token), held.drain.next_timer());
    held.holding =
        records_.ledger().hold(held.whole_close(), Phase::draining, kNever,
                               std::chrono::floor<std::chrono::milliseconds>(now.realtime));
    set_interest(EPOLL_CTL_ADD, token, held, now);
}

// EPOLLOUT: the kernel wakes an edge-triggered registration when our FIN is acknowledged.
void Drainer::set_interest(int operation, Token token, const HeldSocket& held, Moment now) {
    epoll_event event{};
    event.events = EPOLLOUT | EPOLLRDHUP | EPOLLET;
    // One that waits is not read; but data is an end.
    if (!held.is_paced && (held.drain.reads() || held.drain.is_waiting())) event.events |= EPOLLIN;
    event.data.u64 = token;
    if (::epoll_ctl(epoll_, operation, held.socket.get(), &event) == 0) return;
    // fs.epoll.max_user_watches, or no memory: a socket that cannot be watched is not kept.
    give_up(token, Drain::shed, now);
}

Drainer::Visit Drainer::discard_what_came(int socket, DrainState& drain, Moment now) {
    using Result = Visit::Result;
    if (!drain.reads()) return {};
    std::size_t bytes = 0;
    for (int i = 0; i < kReceivesPerVisit && bytes < kFloodBytes; ++i) {
        const Incoming got = discard(socket, drain.receive_max(kReceiveMax));
        if (got.error == EAGAIN) return {};
        if (got.error != 0) return {Result::ended, drain_of_error(got.error), got.error};
        if (got.bytes == 0) return {Result::ended, Drain::fin, 0};
        bytes += got.bytes;
        drain.received(got.bytes, now.monotonic);
        if (drain.is_over_limit()) return {Result::ended, Drain::byte_limit, 0};
    }
    return {Result::flooding};
}

Drainer::Ending Drainer::ending_of(const Visit& seen, const DrainState& drain) {
    return {seen.how,
            seen.error != 0 ? outcome_of_error(seen.error, drain) : outcome_of_drain(seen.how)};
}

Drainer::Visit::Result Drainer::visit(Token token, HeldSocket& held, Moment now) {
    if (held.drain.is_waiting()) return look(token, held, now);
    const Visit seen = discard_what_came(held.socket.get(), held.drain, now);
    if (seen.result == Visit::Result::ended) end(token, held, ending_of(seen, held.drain), now);
    return seen.result;
}

Drainer::Visit::Result Drainer::look(Token token, HeldSocket& held, Moment now) {
    if (is_closing(held)) return Visit::Result::drained;
    Incoming next = peek(held.socket.get());
    if (next.error == EAGAIN) return Visit::Result::drained;
    // The kernel answers a close on unread bytes with RST (net/ipv4/tcp.c, __tcp_close()).
    Outcome came = next.bytes == 0 ? Outcome::late_fin : Outcome::reset;
    if (held.has_fin()) {
        came = held.close.outcome;
        next.error = pending_error(held.socket.get());
    }
    end_wait(token, held, next.error == 0 ? came : outcome_of_error(next.error, held.drain), now);
    return Visit::Result::ended;
}

bool Drainer::serve(Token token, HeldSocket& held, Moment now) {
    const auto result = visit(token, held, now);
    if (result == Visit::Result::ended) return false;
    // What is left unread causes no further edge.
    if (result == Visit::Result::flooding && !held.is_paced) {
        pace(token, held, now);
        set_interest(EPOLL_CTL_MOD, token, held, now);
    }
    return sockets_.find(token) != nullptr;
}

void Drainer::on_event(Token token, std::uint32_t events, Moment now) {
    // close() does not end the registration while httpd's child still has its descriptor open: an
    // event may be of a socket that is gone, and its slot may hold another one.
    HeldSocket* held = sockets_.find(token);
    if (held == nullptr) return;
    constexpr std::uint32_t kClosed = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    const bool does_not_look = !held->drain.reads() && !held->drain.is_waiting();
    if ((events & kClosed) != 0 && does_not_look)
        return end_by_method(token, *held, Drain::none, now);
    if ((events & (EPOLLIN | kClosed)) != 0 && !serve(token, *held, now)) return;
    if (!held->drain.is_in_fin_wait_2() && !held->has_fin()) look_at_acks(token, *held, now);
}

void Drainer::look_at_acks(Token token, HeldSocket& held, Moment now) {
    if (held.drain.saw_unacked(unacked_bytes(held.socket.get()).value_or(UINT32_MAX),
                               now.monotonic))
        static_cast<void>(enter_fin_wait_2(token, held, now));
}

bool Drainer::enter_fin_wait_2(Token token, HeldSocket& held, Moment now) {
    if (held.drain.ends_in_fin_wait_2()) {
        end_by_method(token, held, Drain::none, now);
        return false;
    }
    move_to(held.drain.is_waiting() ? Stage::waiting : Stage::acknowledged, token, held, now);
    deadlines_.set(slot_of(token), held.drain.next_timer());
    return true;
}

// In the list of its stage, and in the gauges of its account.
void Drainer::move_to(Stage stage, Token token, HeldSocket& held, Moment now) {
    sockets_.move_to(stage, token);
    const Time since = now.monotonic - held.drain.fin_wait_2_time(now.monotonic);
    records_.ledger().move(held.holding, held.drain.is_waiting() ? Phase::waiting : Phase::draining,
                           held.drain.is_in_fin_wait_2() ? since : kNever);
}

void Drainer::pace(Token token, HeldSocket& held, Moment now) {
    held.is_paced = true;
    paced_.push_back({now.monotonic + kFloodPause, token});
}

void Drainer::revisit_paced(Moment now) {
    for (std::size_t i = 0; i < kRevisitsPerTurn; ++i) {
        if (paced_.empty() || paced_.front().at > now.monotonic) return;
        const Token token = paced_.front().token;
        paced_.pop_front();
        HeldSocket* held = sockets_.find(token);
        if (held == nullptr || !held->is_paced) continue;
        const auto result = visit(token, *held, now);
        if (result == Visit::Result::ended) continue;
        if (result == Visit::Result::flooding) {
            pace(token, *held, now);
            continue;
        }
        held->is_paced = false;
        set_interest(EPOLL_CTL_MOD, token, *held, now);
    }
}

Time Drainer::due() const {
    if (held() > held_max_) return Time::zero();
    return std::min(deadlines_.earliest(), paced_.empty() ? kNever : paced_.front().at);
}

}  // namespace finwait
