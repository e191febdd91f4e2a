// SPDX-License-Identifier: Apache-2.0
//
// How drains and waits end: by their timers, given up, or by FinWaitMethod.
#include <sys/epoll.h>

#include <cassert>
#include <cerrno>
#include <string>
#include <utility>

#include "closer/drain/drainer.hpp"
#include "closer/drain/tcp_socket.hpp"

namespace finwait {

namespace {

void note_drain_end(CloseFacts& close, int socket, const DrainState& drain, Drain how, Moment now) {
    close.drain = how;
    close.drain_time = now.monotonic - drain.half_close();
    close.drained_bytes = drain.drained_bytes();
    note_tcp_facts(close, socket);
}

// Of a wait whose time has run out.
Outcome outcome_of_wait(const DrainState& drain) {
    if (!drain.is_in_fin_wait_2()) return Outcome::unacked;
    return drain.resets_in_fin_wait_2() ? Outcome::cut : Outcome::timeout;
}

// Where our FIN was not acknowledged when the drain ended: nobody else pays for the system call.
// What ends by RST must stay so.
bool may_wait_at_close(const Close& close) {
    const bool is_reset = close.outcome == Outcome::method || close.outcome == Outcome::unacked;
    return !is_reset && close.state != TcpState::fin_wait_2 && close.state != TcpState::time_wait &&
           close.state != TcpState::closed;
}

}  // namespace

void Drainer::expire(Moment now) {
    for (std::size_t i = 0; i < kExpiriesPerTurn; ++i) {
        if (deadlines_.earliest() > now.monotonic) return;
        const Token token = sockets_.token_of(deadlines_.earliest_slot());
        on_timer(token, *sockets_.find(token), now);
    }
}

// Deadlines are not moved at every received byte; the timer asks anew when it goes off.
void Drainer::on_timer(Token token, HeldSocket& held, Moment now) {
    using Timer = DrainState::Timer;
    // What came since the last event counts: a FIN that is there is a FIN.
    if (!serve(token, held, now)) return;
    switch (held.drain.timer_at(now.monotonic)) {
        case Timer::wait:
            break;
        case Timer::probe:
            set_probes(held.socket.get(), kProbeSilence);
            held.drain.began_probing(now.monotonic);
            break;
        case Timer::look:
            if (held.drain.is_idle(ack_facts(held.socket.get()), now.monotonic))
                return end_by_timer(token, held, Drain::idle_timeout, now);
            if (held.drain.is_in_fin_wait_2() && !enter_fin_wait_2(token, held, now)) return;
            break;
        case Timer::idle_timeout:
            return end_by_timer(token, held, Drain::idle_timeout, now);
        case Timer::deadline:
            return end_by_timer(token, held, Drain::deadline, now);
        case Timer::wait_over:
            return end_by_timer(token, held, held.close.drain, now);
    }
    deadlines_.set(slot_of(token), held.drain.next_timer());
}

void Drainer::end_by_timer(Token token, HeldSocket& held, Drain how, Moment now) {
    if (held.drain.is_waiting()) return end_wait(token, held, outcome_of_wait(held.drain), now);
    if (held.drain.method() == Method::drain) return begin_waiting(token, held, how, now);
    end_by_method(token, held, how, now);
}

void Drainer::end_by_method(Token token, HeldSocket& held, Drain how, Moment now) {
    if (held.drain.method() == Method::reset) {
        reset_at_close(held.socket.get());
        return end(token, held, {how, Outcome::method}, now);
    }
    const Incoming next = peek(held.socket.get());
    if (next.error == EAGAIN) return begin_waiting(token, held, how, now);
    if (next.error != 0)
        return end(token, held,
                   {drain_of_error(next.error), outcome_of_error(next.error, held.drain)}, now);
    if (next.bytes == 0) return end_drain(token, held, Drain::fin, now);
    // The kernel answers a close on unread bytes with RST (net/ipv4/tcp.c, __tcp_close()).
    end(token, held, {how, Outcome::method}, now);
}

void Drainer::begin_waiting(Token token, HeldSocket& held, Drain how, Moment now) {
    if (held.drain.resets_in_fin_wait_2() && held.drain.is_in_fin_wait_2())
        return end_drain(token, held, how, now);
    note_drain_end(held.close, held.socket.get(), held.drain, how, now);
    held.is_paced = false;
    held.drain.begin_waiting(now.monotonic);
    move_to(held.drain.is_in_fin_wait_2() ? Stage::waiting : Stage::waiting_unacknowledged, token,
            held, now);
    publish();
    if (held.drain.is_probing()) set_probe_silence(held.socket.get(), kProbeSilenceWaiting);
    deadlines_.set(slot_of(token), held.drain.next_timer());
    // Anew, so that what is unread or has just come is an event.
    set_interest(EPOLL_CTL_MOD, token, held, now);
}

void Drainer::shed_one(Moment now) {
    const auto token = sockets_.cheapest();
    assert(token);
    give_up(*token, Drain::shed, now);
}

void Drainer::count_shed(Time now) {
    count(counters_.shed);
    notices_.tell(NoticeKind::shed, NoticeLevel::warning,
                  std::to_string(held_max_) +
                      " sockets are held, no more are allowed (FinWaitMaxHeld, or the descriptor "
                      "limit): some are given up early",
                  now);
}

void Drainer::stop(std::size_t max, Moment now) {
    for (std::size_t i = 0; i < max && held() > 0; ++i)
        give_up(*sockets_.cheapest(), Drain::stopping, now);
}

void Drainer::give_up(Token token, Drain how, Moment now) {
    HeldSocket& held = *sockets_.find(token);
    // It may be over already, and nobody has looked yet.
    if (visit(token, held, now) == Visit::Result::ended) return;
    if (how == Drain::shed) count_shed(now.monotonic);
    if (held.drain.is_waiting()) return end_wait(token, held, Outcome::unknown, now);
    if (!held.drain.resets_in_fin_wait_2()) forget_after_close(held.socket.get());
    end_drain(token, held, how, now);
}

void Drainer::end_drain(Token token, HeldSocket& held, Drain how, Moment now) {
    end(token, held, {how, outcome_of_drain(how)}, now);
}

void Drainer::end_wait(Token token, HeldSocket& held, Outcome outcome, Moment now) {
    // Nothing is left to the kernel but a second of it, and what may still bring our last data to
    // the client.
    if (outcome == Outcome::unacked)
        reset_at_close(held.socket.get());
    else if (!held.drain.resets_in_fin_wait_2())
        forget_after_close(held.socket.get());
    end(token, held, {held.close.drain, outcome}, now);
}

void Drainer::note_end(CloseFacts& close, int socket, const DrainState& drain, const Ending& ending,
                       Moment now) {
    if (!drain.is_waiting()) note_drain_end(close, socket, drain, ending.how, now);
    close.outcome = ending.outcome;
    close.fin_wait_2_time = drain.fin_wait_2_time(now.monotonic);
    if (ending.outcome == Outcome::vanished)
        close.probe = Probe::silent;
    else if (drain.is_probing())
        close.probe = drain.probe(ack_facts(socket), now.monotonic);
    if (close.outcome == Outcome::timeout && close.probe == Probe::silent)
        close.outcome = Outcome::vanished;
}

bool Drainer::is_closing(const HeldSocket& held) {
    if (!held.has_fin() || held.drain.is_in_fin_wait_2()) return false;
    return held.drain.is_waiting() ? !is_closed(held.socket.get())
                                   : held.close.state == TcpState::closing;
}

// Its time is that of FIN_WAIT_1: only our side is missing.
void Drainer::keep_closing(Token token, HeldSocket& held, Moment now) {
    if (held.drain.is_waiting()) return;
    held.drain.begin_waiting(now.monotonic);
    if (!held.holding.is_held) watch(token, held, now);
    HeldSocket* kept = sockets_.find(token);
    if (kept != nullptr) begin_waiting(token, *kept, kept->close.drain, now);
}

void Drainer::end(Token token, HeldSocket& held, const Ending& ending, Moment now) {
    note_end(held.close, held.socket.get(), held.drain, ending, now);
    if (is_closing(held)) return keep_closing(token, held, now);
    deadlines_.remove(slot_of(token));
    HeldSockets::Removed removed = sockets_.remove(token);
    records_.ledger().release(removed.holding);
    publish();
    conclude(std::move(removed.socket), removed.close, now);
    sockets_.drop(removed.client);
}

void Drainer::conclude(UniqueFd socket, const Close& close, Moment now) {
    if (close.drain == Drain::byte_limit)
        reset_at_close(socket.get());
    else if (may_wait_at_close(close))
        return_at_close(socket.get());
    ended_.push_back(std::move(socket));
    records_.keep(close, now);
    records_.release(close);
}

}  // namespace finwait
