// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/drainer.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <string>
#include <utility>

namespace finwait {

namespace {

// What we ended ourselves has its outcome, and so has what the client ended.
bool goes_on_after_close(const CloseEnd& end, bool resets_in_fin_wait_2) {
    if (resets_in_fin_wait_2) return false;
    if (end.outcome != Outcome::unknown && end.outcome != Outcome::unacked) return false;
    const TcpState state = end.facts.state;
    return state == TcpState::fin_wait_1 || state == TcpState::fin_wait_2 ||
           state == TcpState::closing;
}

}  // namespace

void Drainer::publish_held() {
    held_.store(sockets_.size(), std::memory_order_relaxed);
}

void Drainer::set_max(std::size_t held_max, Moment now) {
    assert(held_max > 0);
    held_max_ = held_max;
    while (sockets_.size() > held_max_) shed_one(now);
}

bool Drainer::take(UniqueFd socket, const Handoff& handoff, Moment now) {
    DrainState drain(handoff.policy, plausible_half_close(handoff.half_close, now.monotonic));
    Visit first;
    if (now.monotonic - drain.half_close() >= kAnswerTime)
        first = discard_what_came(socket.get(), drain, now);
    if (first.result == Visit::Result::ended) {
        const Ended ended = ended_now(socket.get(), drain, first.how, first.error, now);
        // What is over for the kernel, too, needs no policy; what is not TCP has no state.
        if (ended.close.facts.state != TcpState::closed &&
            !apply_policy(socket.get(), handoff.policy))
            return false;
        records_.expect(handoff);
        conclude(std::move(socket), handoff, ended, now);
        return true;
    }
    if (!apply_policy(socket.get(), handoff.policy)) return false;
    while (sockets_.size() >= held_max_) shed_one(now);
    records_.expect(handoff);
    arrivals_.push_back(sockets_.add(std::move(socket), handoff, drain));
    publish_held();
    return true;
}

void Drainer::try_arrivals(std::size_t count, Moment now) {
    assert(count <= arrivals_.size());
    for (std::size_t i = 0; i < count; ++i) {
        HeldSocket* held = sockets_.find(arrivals_[i]);
        if (held == nullptr) continue;
        if (held->drain.method() == Method::close) {
            end_by_method(arrivals_[i], *held, Drain::none, now);
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
    sockets_.set_cookie(token, cookie_of(held.socket.get()));
    held.holding =
        records_.ledger().hold({held.handoff.user_agent(), held.handoff.vhost()}, Phase::draining,
                               kNever, std::chrono::floor<std::chrono::milliseconds>(now.realtime));
    set_interest(EPOLL_CTL_ADD, token, held, now);
}

// EPOLLOUT: the kernel wakes an edge-triggered registration when our FIN is acknowledged.
void Drainer::set_interest(int operation, Token token, const HeldSocket& held, Moment now) {
    epoll_event event{};
    event.events = EPOLLOUT | EPOLLRDHUP | EPOLLET;
    if (!held.is_paced && held.drain.reads()) event.events |= EPOLLIN;
    event.data.u64 = token;
    if (::epoll_ctl(epoll_, operation, held.socket.get(), &event) == 0) return;
    // fs.epoll.max_user_watches, or no memory: a socket that cannot be watched is not kept.
    end(token, *sockets_.find(token), Drain::shed, 0, now);
}

Drainer::Visit Drainer::discard_what_came(int socket, DrainState& drain, Moment now) {
    using Result = Visit::Result;
    if (!drain.reads()) return {};
    std::size_t bytes = 0;
    for (int i = 0; i < kReceivesPerVisit && bytes < kFloodBytes; ++i) {
        const Discarded got = discard(socket, drain.receive_max(kReceiveMax));
        if (got.error == EAGAIN) return {};
        if (got.error != 0) return {Result::ended, drain_of_error(got.error), got.error};
        if (got.bytes == 0) return {Result::ended, Drain::fin, 0};
        bytes += got.bytes;
        drain.received(got.bytes, now.monotonic);
        if (drain.is_over_limit()) return {Result::ended, Drain::byte_limit, 0};
    }
    return {Result::flooding};
}

Drainer::Visit::Result Drainer::visit(Token token, HeldSocket& held, Moment now) {
    const Visit seen = discard_what_came(held.socket.get(), held.drain, now);
    if (seen.result == Visit::Result::ended) end(token, held, seen.how, seen.error, now);
    return seen.result;
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
    if ((events & kClosed) != 0 && !held->drain.reads())
        return end_by_method(token, *held, Drain::none, now);
    if ((events & (EPOLLIN | kClosed)) != 0 && !serve(token, *held, now)) return;
    if (!held->drain.is_in_fin_wait_2()) look_at_acks(token, *held, now);
}

void Drainer::look_at_acks(Token token, HeldSocket& held, Moment now) {
    if (!held.drain.saw_unacked(unacked_bytes(held.socket.get()), now.monotonic)) return;
    enter_fin_wait_2(token, held, now);
    if (held.drain.ends_in_fin_wait_2()) end_by_method(token, held, Drain::none, now);
}

void Drainer::enter_fin_wait_2(Token token, HeldSocket& held, Moment now) {
    sockets_.move_to_fin_wait_2(token);
    records_.ledger().move(held.holding, Phase::draining,
                           now.monotonic - held.drain.fin_wait_2_time(now.monotonic));
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
        if (held == nullptr) continue;
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

void Drainer::expire(Moment now) {
    for (std::size_t i = 0; i < kExpiriesPerTurn; ++i) {
        if (deadlines_.earliest() > now.monotonic) return;
        const Token token = sockets_.token_of(deadlines_.earliest_slot());
        on_timer(token, *sockets_.find(token), now);
    }
}

// Deadlines are not moved at every received byte; the timer asks anew when it goes off.
void Drainer::on_timer(Token token, HeldSocket& held, Moment now) {
    // What came since the last event counts: a FIN that is there is a FIN.
    if (!serve(token, held, now)) return;
    switch (held.drain.timer_at(now.monotonic)) {
        case DrainState::Timer::wait:
            break;
        case DrainState::Timer::look:
            if (held.drain.is_idle(ack_facts(held.socket.get()), now.monotonic))
                return end_by_timer(token, held, Drain::idle_timeout, now);
            if (!held.drain.is_in_fin_wait_2()) break;
            enter_fin_wait_2(token, held, now);
            if (held.drain.ends_in_fin_wait_2())
                return end_by_method(token, held, Drain::none, now);
            break;
        case DrainState::Timer::idle_timeout:
            return end_by_timer(token, held, Drain::idle_timeout, now);
        case DrainState::Timer::deadline:
            return end_by_timer(token, held, Drain::deadline, now);
    }
    deadlines_.set(slot_of(token), held.drain.next_timer());
}

void Drainer::shed_one(Moment now) {
    const auto token = sockets_.cheapest();
    assert(token);
    // It may be over already, and nobody has looked yet.
    if (visit(*token, *sockets_.find(*token), now) == Visit::Result::ended) return;
    end(*token, *sockets_.find(*token), Drain::shed, 0, now);
    notices_.tell(
        NoticeKind::shed, NoticeLevel::warning,
        std::to_string(held_max_) + " sockets are held, no more are allowed: drains are cut short",
        now.monotonic);
}

void Drainer::stop(std::size_t max, Moment now) {
    for (std::size_t i = 0; i < max; ++i) {
        const auto token = sockets_.cheapest();
        if (!token) break;
        HeldSocket& held = *sockets_.find(*token);
        if (visit(*token, held, now) != Visit::Result::ended)
            end(*token, held, Drain::stopping, 0, now);
    }
}

void Drainer::end_by_timer(Token token, HeldSocket& held, Drain how, Moment now) {
    if (held.drain.method() == Method::drain) return end(token, held, how, 0, now);
    end_by_method(token, held, how, now);
}

void Drainer::end_by_method(Token token, HeldSocket& held, Drain how, Moment now) {
    if (held.drain.method() == Method::reset) {
        reset_at_close(held.socket.get());
        return end(token, held, how, 0, now, true);
    }
    const Discarded next = peek(held.socket.get());
    if (next.error == EAGAIN) return end(token, held, how, 0, now);
    if (next.error != 0) return end(token, held, drain_of_error(next.error), next.error, now);
    if (next.bytes == 0) return end(token, held, Drain::fin, 0, now);
    // The kernel answers a close on unread bytes with RST (net/ipv4/tcp.c, __tcp_close()).
    end(token, held, how, 0, now, true);
}

Drainer::Ended Drainer::ended_now(int socket, const DrainState& drain, Drain how, int error,
                                  Moment now, bool is_by_method) {
    CloseEnd end;
    end.facts = end_facts(socket);
    end.drain = how;
    end.outcome = is_by_method
                      ? Outcome::method
                      : outcome_of(how, error, end.facts.state, drain.resets_in_fin_wait_2());
    end.half_close = drain.half_close();
    end.drain_time = now.monotonic - drain.half_close();
    end.fin_wait_2_time = drain.fin_wait_2_time(now.monotonic);
    end.drained_bytes = drain.drained_bytes();
    return {end, error == 0 && goes_on_after_close(end, drain.resets_in_fin_wait_2())};
}

void Drainer::end(Token token, HeldSocket& held, Drain how, int error, Moment now,
                  bool is_by_method) {
    const Ended ended = ended_now(held.socket.get(), held.drain, how, error, now, is_by_method);
    if (how == Drain::shed) count(counters_.shed);
    deadlines_.remove(slot_of(token));
    auto [socket, packed, holding] = sockets_.remove(token);
    records_.ledger().release(holding);
    publish_held();
    conclude(std::move(socket), packed.unpack(), ended, now);
}

void Drainer::conclude(UniqueFd socket, const Handoff& handoff, const Ended& ended, Moment now) {
    if (ended.close.drain == Drain::byte_limit) reset_at_close(socket.get());
    if (ended.goes_on) {
        const SocketId id = socket_id(socket.get());
        socket.reset();
        return follower_.follow(handoff, ended.close, id, now);
    }
    ended_.push_back(std::move(socket));
    records_.keep(handoff, ended.close, now);
    records_.release(handoff);
}

Time Drainer::due() const {
    return std::min(deadlines_.earliest(), paced_.empty() ? kNever : paced_.front().at);
}

}  // namespace finwait
