// SPDX-License-Identifier: Apache-2.0
#include "closer/log/logs.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace finwait {

void Logs::open(std::uint16_t id, UniqueFd descriptor, std::string_view name, LogMode mode) {
    // Fails with EPERM for a regular file, which never blocks.
    epoll_event event{};
    event.events = EPOLLOUT | EPOLLET;
    event.data.u64 = first_token_ + id;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor.get(), &event);
    Log& log = logs_[id];
    // Not left to close(): the parent's copy would keep the old registration alive.
    if (log.writer.has_descriptor())
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, log.writer.descriptor(), nullptr);
    log.writer.open(std::move(descriptor), name);
    log.mode = mode;
    log.is_closed = false;
    log.close_at = kNever;
}

void Logs::close(std::uint16_t id, Moment now) {
    const auto log = logs_.find(id);
    if (log == logs_.end()) return;
    log->second.is_closed = true;
    flush(now, true);
}

void Logs::add_users(const LogIds& ids, long number) {
    for (std::size_t i = 0; i < ids.count; ++i)
        if (const auto log = logs_.find(ids.ids[i]); log != logs_.end())
            log->second.users += number;
}

bool Logs::append(std::uint16_t id, const Close& close, bool is_answerable, Moment now) {
    const auto log = logs_.find(id);
    if (log == logs_.end()) {
        notices_.tell(NoticeKind::log_unknown, NoticeLevel::error,
                      "a close names a log that is no longer open: its line is dropped",
                      now.monotonic);
        return false;
    }
    const bool was_taken = log->second.writer.append(close, is_answerable, now);
    settled_.written += log->second.writer.take_written();
    if (was_taken) return true;
    tell_dropped(log->second.writer, now.monotonic);
    return false;
}

bool Logs::append(std::uint16_t id, const TallyLine& line, std::uint64_t answerable, Moment now) {
    const auto log = logs_.find(id);
    return log != logs_.end() && log->second.writer.append(line, answerable, now);
}

bool Logs::is_stuck_only(std::uint16_t id) const {
    const auto log = logs_.find(id);
    return log != logs_.end() && log->second.mode == LogMode::stuck;
}

bool Logs::is_closed(std::uint16_t id) const {
    const auto log = logs_.find(id);
    return log == logs_.end() || log->second.is_closed;
}

void Logs::on_writable(std::uint16_t id) {
    const auto log = logs_.find(id);
    if (log != logs_.end()) log->second.writer.unblock();
}

void Logs::flush(Moment now, bool all) {
    for (auto at = logs_.begin(); at != logs_.end();) {
        Log& log = at->second;
        const int error = log.writer.flush(now, all);
        if (error != 0) tell_failed(log.writer, error, now.monotonic);
        settled_.written += log.writer.take_written();
        if (!may_go(log, now.monotonic)) {
            ++at;
            continue;
        }
        let_go(log, now.monotonic);
        at = logs_.erase(at);
    }
}

bool Logs::may_go(Log& log, Time now) const {
    if (!log.is_closed || log.users > 0) return false;
    if (log.close_at == kNever) log.close_at = now + kLogCloseDelay;
    return log.writer.is_empty() || !log.writer.has_descriptor() || now >= log.close_at;
}

void Logs::let_go(const Log& log, Time now) {
    settled_.abandoned += log.writer.buffered_closes();
    if (log.writer.buffered_lines() > 0)
        notices_.tell(NoticeKind::log_dropped, NoticeLevel::warning,
                      "log " + log.writer.name() + " was closed with " +
                          std::to_string(log.writer.buffered_lines()) + " lines unwritten",
                      now);
    if (log.writer.has_descriptor())
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, log.writer.descriptor(), nullptr);
}

Time Logs::due() const {
    Time due = kNever;
    for (const auto& [id, log] : logs_) due = std::min({due, log.writer.due(), log.close_at});
    return due;
}

bool Logs::have_room() const {
    return std::all_of(logs_.begin(), logs_.end(), [](const auto& entry) {
        const LogWriter& writer = entry.second.writer;
        return !writer.has_descriptor() || writer.buffered() <= kLogBufferMax / 2;
    });
}

void Logs::give_up(std::uint16_t id, std::uint64_t answerable, Moment now) {
    const auto log = logs_.find(id);
    if (log == logs_.end() || answerable == 0) return;
    log->second.writer.count_dropped(answerable);
    tell_dropped(log->second.writer, now.monotonic);
}

bool Logs::is_flushed() const {
    return std::all_of(logs_.begin(), logs_.end(), [](const auto& entry) {
        const LogWriter& writer = entry.second.writer;
        return !writer.has_descriptor() || (writer.is_empty() && writer.dropped() == 0);
    });
}

std::size_t Logs::buffered_lines() const {
    std::size_t lines = 0;
    for (const auto& [id, log] : logs_) lines += log.writer.buffered_lines();
    return lines;
}

std::string Logs::unwritten_lines() const {
    std::string text;
    for (const auto& [id, log] : logs_) {
        if (log.writer.buffered_lines() == 0) continue;
        text += (text.empty() ? "" : ", ") + std::to_string(log.writer.buffered_lines()) +
                " lines of log " + log.writer.name();
    }
    return text;
}

ClosesInLines Logs::unwritten() const {
    ClosesInLines closes;
    for (const auto& [id, log] : logs_) closes += log.writer.buffered_closes();
    return closes;
}

Logs::Settled Logs::take_settled() {
    return std::exchange(settled_, {});
}

void Logs::tell_dropped(const LogWriter& log, Time now) {
    notices_.tell(NoticeKind::log_dropped, NoticeLevel::warning,
                  "log " + log.name() + " is not read fast enough: lines are dropped, " +
                      std::to_string(log.dropped()) + " so far",
                  now);
}

void Logs::tell_failed(const LogWriter& log, int error, Time now) {
    std::string text = "cannot write to log " + log.name() + ": ";
    text += error == EPIPE ? "its program has ended" : std::strerror(error);
    notices_.tell(NoticeKind::log_failed, NoticeLevel::error, std::move(text), now);
}

}  // namespace finwait
