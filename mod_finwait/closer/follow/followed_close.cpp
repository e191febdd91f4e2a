// SPDX-License-Identifier: Apache-2.0
#include "closer/follow/followed_close.hpp"

#include <algorithm>

namespace finwait {

using std::chrono::milliseconds;

namespace {

Endpoint either(const Endpoint& said, const Endpoint& own) {
    return said.family != Endpoint::Family::none ? said : own;
}

}  // namespace

FollowedSocket followed_from(const Handoff& handoff, const CloseEnd& end, const SocketId& id) {
    FollowedSocket socket;
    socket.cookie = id.cookie;
    socket.half_close = end.half_close;
    socket.drained_bytes = end.drained_bytes;
    socket.peer = id.peer;
    socket.local = id.local;
    socket.client_address = endpoint_from_text(handoff.client_address);
    socket.interface = id.interface;
    socket.drain_ms = static_cast<std::uint32_t>(
        std::chrono::duration_cast<milliseconds>(end.drain_time).count());
    socket.requests = handoff.requests;
    socket.rtt_us = end.facts.rtt_us;
    socket.unacked = end.facts.unacked;
    socket.retransmits = end.facts.retransmits;
    socket.cause = handoff.cause;
    socket.http = handoff.http;
    socket.tls = handoff.tls;
    socket.mpm = handoff.mpm;
    socket.remedy = handoff.remedy;
    socket.drain = end.drain;
    socket.drain_state = socket.state = end.facts.state;
    const Time closed = end.half_close + end.drain_time;
    socket.last_seen = closed;
    if (socket.state == TcpState::fin_wait_2)
        socket.fin_wait_2_since = closed - end.fin_wait_2_time;
    return socket;
}

ClientFacts facts_of(const Handoff& handoff, const FollowedSocket& socket) {
    ClientFacts facts{handoff.vhost, handoff.user_agent, handoff.logs, handoff.auto_rule};
    if (socket.client_address.family == Endpoint::Family::none)
        facts.client_address = handoff.client_address;
    if (handoff.peer != socket.peer) facts.peer = handoff.peer;
    if (handoff.local != socket.local) facts.local = handoff.local;
    return facts;
}

Handoff handoff_of(const FollowedSocket& socket, std::string& client_address) {
    const ClientFacts facts = ClientTable::facts(socket.client);
    client_address = address_text(socket.client_address);
    Handoff handoff;
    handoff.cause = socket.cause;
    handoff.http = socket.http;
    handoff.tls = socket.tls;
    handoff.mpm = socket.mpm;
    handoff.logs = facts.logs;
    handoff.auto_rule = facts.auto_rule;
    handoff.remedy = socket.remedy;
    handoff.requests = socket.requests;
    handoff.peer = either(facts.peer, socket.peer);
    handoff.local = either(facts.local, socket.local);
    handoff.vhost = facts.vhost;
    handoff.user_agent = facts.user_agent;
    handoff.client_address = client_address.empty() ? facts.client_address : client_address;
    return handoff;
}

ShownSocket show(const FollowedSocket& socket) {
    const ClientFacts facts = ClientTable::facts(socket.client);
    return {socket.cookie,     either(facts.peer, socket.peer), socket.state,
            socket.half_close, socket.fin_wait_2_since,         facts.user_agent,
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

FollowedEnd end_of_gone(const FollowedSocket& socket, bool is_replaced, Time now) {
    // A TIME_WAIT may have come and gone unseen: by a new connection in its place, or by its own
    // end.
    if (is_replaced || now - socket.last_seen >= kTimeWait) return {Outcome::unknown, now};
    const bool has_run_out = socket.timer_end != kNever && socket.timer_end <= now + kTimerSlack;
    if (socket.state == TcpState::fin_wait_2 && has_run_out)
        return {Outcome::kernel_timeout, std::min(socket.timer_end, now)};
    return {has_run_out ? Outcome::unacked : Outcome::reset, now};
}

}  // namespace finwait
