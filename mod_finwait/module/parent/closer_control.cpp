// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_control.hpp"

#include <signal.h>

#include <cerrno>

#include "module/parent/auto_rules.hpp"
#include "module/parent/channel_pair.hpp"
#include "module/parent/control_line.hpp"
#include "module/parent/other_child.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

int log_level(NoticeLevel level) {
    return static_cast<int>(level);  // both are syslog's numbers
}

void log_notice(const CloserProcess& closer, const Control& message) {
    ap_log_error(APLOG_MARK, log_level(message.level), 0, ap_server_conf,
                 "finwait: closer %d: %.*s", static_cast<int>(closer.pid),
                 static_cast<int>(message.text.size()), message.text.data());
}

void log_ready(const Runtime& runtime, const CloserProcess& closer, const Control& ready) {
    const ChannelCapacity capacity = capacity_of(closer.channel_send);
    ap_log_error(
        APLOG_MARK, APLOG_NOTICE, 0, ap_server_conf,
        "finwait: closer %d ready: holds up to %u sockets (FinWaitMaxHeld %u, descriptor limit "
        "%" APR_UINT64_T_FMT
        "); the channel holds about %lu messages%s and %lu descriptors (limits: systemd's "
        "LimitNOFILE; APACHE_ULIMIT_MAX_FILES of Debian's apachectl); it runs as %s",
        static_cast<int>(closer.pid), ready.max_held, runtime.max_held, ready.descriptor_limit,
        capacity.messages, capacity.forced ? "" : " (sysctl net.core.wmem_max allows no more)",
        capacity.descriptors, confinement_text(ready.confinement).c_str());
}

void take(const Runtime& runtime, CloserProcess& closer, const Control& message) {
    if (message.kind == ControlKind::notice) return log_notice(closer, message);
    if (message.kind != ControlKind::ready) return;
    closer.ready = true;
    closer.failed_starts = 0;
    runtime.module_counters->unserved[static_cast<std::size_t>(closer.slot)].store(0);
    log_ready(runtime, closer, message);
}

bool send_log(const CloserProcess& closer, const Log& log) {
    Control message;
    message.kind = ControlKind::log_open;
    message.log_id = log.id;
    message.log_mode = log.mode;
    message.text = std::string_view(log.target).substr(0, kNoticeMax);
    return send_control(closer.control, message, log.write_fd);
}

bool send_rule(const CloserProcess& closer, const AutoRule& rule) {
    Control message;
    message.kind = ControlKind::auto_rule;
    message.auto_rule = rule;
    return send_control(closer.control, message);
}

// Ends with the first failure: each may take kControlWait, and the parent has other work.
bool send_all(const Runtime& runtime, const CloserProcess& closer) {
    for (const Log& log : runtime.logs)
        if (log.target && !send_log(closer, log)) return false;
    for (const AutoRule& rule : auto_rules(ap_server_conf))
        if (!send_rule(closer, rule)) return false;
    Control setup;
    setup.kind = ControlKind::setup;
    setup.max_held = runtime.max_held;
    setup.ledger_size = runtime.ledger_size;
    return send_control(closer.control, setup);
}

void log_silence(const CloserProcess& closer) {
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf, "finwait: closer %d does not answer",
                 static_cast<int>(closer.pid));
}

void tell_to_end(const CloserProcess& closer, const Control& message) {
    if (!send_control(closer.control, message) && is_alive(closer.pid)) ::kill(closer.pid, SIGTERM);
}

}  // namespace

void tell_configuration(const Runtime& runtime, const CloserProcess& closer) {
    if (send_all(runtime, closer)) return;
    const bool has_ended = errno == EPIPE || errno == ECONNRESET;
    ap_log_error(
        APLOG_MARK, APLOG_ERR, errno, ap_server_conf,
        "finwait: closer %d could not be told its logs and limits: %s",
        static_cast<int>(closer.pid),
        has_ended ? "it has ended" : "it goes on with those it has until the next restart");
}

void await_ready(const Runtime& runtime, CloserProcess& closer) {
    const auto deadline = Clock::now() + kControlWait;
    bool ready = false;
    while (!ready) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return log_silence(closer);
        const auto read = receive_control(closer.control, left, [&](const Control& message) {
            ready = message.kind == ControlKind::ready;
            take(runtime, closer, message);
        });
        if (read == ControlRead::gone) return log_silence(closer);
    }
}

void tell_to_retire(const CloserProcess& closer) {
    Control message;
    message.kind = ControlKind::retire;
    tell_to_end(closer, message);
}

void tell_to_finish(const Runtime& runtime, milliseconds grace) {
    Control finish;
    finish.kind = ControlKind::finish;
    finish.grace_ms = static_cast<std::uint32_t>(grace.count());
    for (const CloserProcess& closer : runtime.closers)
        if (closer.pid != 0) tell_to_end(closer, finish);
}

void tell_log_close(Runtime& runtime, std::uint16_t id) {
    Control message;
    message.kind = ControlKind::log_close;
    message.log_id = id;
    for (CloserProcess& closer : runtime.closers)
        if (closer.pid != 0 && !send_control(closer.control, message))
            ap_log_error(APLOG_MARK, APLOG_WARNING, errno, ap_server_conf,
                         "finwait: closer %d could not be told to close a log",
                         static_cast<int>(closer.pid));
}

void relay_notices(const Runtime& runtime, CloserProcess& closer) {
    if (closer.control < 0) return;
    while (receive_control(closer.control, milliseconds(0), [&](const Control& message) {
               take(runtime, closer, message);
           }) == ControlRead::message) {
    }
}

void relay_notices(Runtime& runtime) {
    for (CloserProcess& closer : runtime.closers) relay_notices(runtime, closer);
}

}  // namespace finwait
