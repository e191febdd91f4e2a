// SPDX-License-Identifier: Apache-2.0
#include "module/parent/closer_control.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "module/parent/auto_rules.hpp"
#include "module/parent/channel.hpp"
#include "module/parent/channel_pair.hpp"
#include "module/parent/control_line.hpp"
#include "module/parent/other_child.hpp"

namespace finwait {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Of one closer at once, so that one that never ends talking does not keep the parent.
constexpr int kNoticesPerLook = 256;

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
    set_served(runtime, closer, true);
    log_ready(runtime, closer, message);
}

bool send_log(const Runtime& runtime, const CloserProcess& closer, const Log& log) {
    Control message;
    message.kind = ControlKind::log_open;
    message.log_id = log.id;
    message.log_mode = log.mode;
    message.text = std::string_view(log.target).substr(0, kNoticeMax);
    return send_control(closer.control, message, runtime.messages_until, log.write_fd);
}

bool send_rule(const Runtime& runtime, const CloserProcess& closer, const AutoRule& rule) {
    Control message;
    message.kind = ControlKind::auto_rule;
    message.auto_rule = rule;
    return send_control(closer.control, message, runtime.messages_until);
}

void tell_to_end(const Runtime& runtime, const CloserProcess& closer, const Control& message) {
    if (!send_control(closer.control, message, runtime.messages_until) && is_alive(closer.pid))
        ::kill(closer.pid, SIGTERM);
}

}  // namespace

void allow_messages(Runtime& runtime, milliseconds time) {
    runtime.messages_until = Clock::now() + time;
}

bool tell_configuration(const Runtime& runtime, const CloserProcess& closer) {
    for (const Log& log : runtime.logs)
        if (log.write_fd >= 0 && !send_log(runtime, closer, log)) return false;
    for (const AutoRule& rule : auto_rules(ap_server_conf))
        if (!send_rule(runtime, closer, rule)) return false;
    Control setup;
    setup.kind = ControlKind::setup;
    setup.max_held = runtime.max_held;
    setup.ledger_size = runtime.ledger_size;
    return send_control(closer.control, setup, runtime.messages_until);
}

bool configure(const Runtime& runtime, CloserProcess& closer) {
    bool is_ready = false;
    bool may_answer = tell_configuration(runtime, closer);
    while (may_answer && !is_ready) {
        const auto left =
            std::chrono::duration_cast<milliseconds>(runtime.messages_until - Clock::now());
        const auto read = receive_control(closer.control, std::max(left, milliseconds(0)),
                                          [&](const Control& message) {
                                              is_ready = message.kind == ControlKind::ready;
                                              take(runtime, closer, message);
                                          });
        may_answer = read != ControlRead::gone && left.count() > 0;
    }
    return is_ready;
}

// Of one that has ended httpd's loop tells.
void log_silence(const CloserProcess& closer) {
    if (has_hung_up(closer.control)) return;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                 "finwait: closer %d has not taken its logs and limits within %d s",
                 static_cast<int>(closer.pid), static_cast<int>(kControlWait.count() / 1000));
}

void tell_to_retire(const Runtime& runtime, const CloserProcess& closer) {
    Control message;
    message.kind = ControlKind::retire;
    tell_to_end(runtime, closer, message);
}

void tell_to_finish(const Runtime& runtime, milliseconds grace) {
    Control finish;
    finish.kind = ControlKind::finish;
    finish.grace_ms = static_cast<std::uint32_t>(grace.count());
    for (const CloserProcess& closer : runtime.closers)
        if (closer.pid != 0) tell_to_end(runtime, closer, finish);
}

// What the first one tells is true of all.
void tell_logs_closed(const Runtime& runtime, std::span<const std::uint16_t> ids) {
    Control message;
    message.kind = ControlKind::log_close;
    const auto tell = [&](const CloserProcess& closer) {
        return std::ranges::all_of(ids, [&](std::uint16_t id) {
            message.log_id = id;
            return send_control(closer.control, message, runtime.messages_until);
        });
    };
    for (const CloserProcess& closer : runtime.closers)
        if (closer.pid != 0 && !tell(closer))
            ap_log_error(APLOG_MARK, APLOG_WARNING, errno, ap_server_conf,
                         "finwait: closer %d could not be told which logs to close: it has them "
                         "open to its end",
                         static_cast<int>(closer.pid));
}

void relay_notices(const Runtime& runtime, CloserProcess& closer) {
    if (closer.control < 0) return;
    ControlRead read = ControlRead::message;
    for (int i = 0; i < kNoticesPerLook && read == ControlRead::message; ++i)
        read = receive_control(closer.control, milliseconds(0),
                               [&](const Control& message) { take(runtime, closer, message); });
}

void relay_notices(Runtime& runtime) {
    for (CloserProcess& closer : runtime.closers) relay_notices(runtime, closer);
}

}  // namespace finwait
