// SPDX-License-Identifier: Apache-2.0
#include "closer/log/logs.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace finwait {

void Logs::start_thread(Time now) {
    if (const int error = files_.start(); error != 0)
        return notices_.tell(NoticeKind::log_failed, NoticeLevel::warning,
                             std::string("no thread for the log files (") + std::strerror(error) +
                                 "): a file system that hangs will keep the closer waiting",
                             now);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = first_token_ + kTokens - 1;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, files_.descriptor(), &event);
}

void Logs::open(std::uint16_t id, UniqueFd descriptor, std::string_view name, LogMode mode) {
    Log& log = logs_.try_emplace(id, files_, unwritten_).first->second;
    // Not left to close(): the parent's copy would keep the old registration alive.
    unwatch(log);
    log.writer.open(std::move(descriptor), name);
    watch(log, first_token_ + id);
    log.mode = mode;
    log.is_closed = false;
    log.close_at = kNever;
}

void Logs::watch(const Log& log, std::uint64_t token) const {
    if (log.writer.descriptor() < 0) return;
    epoll_event event{};
    event.events = EPOLLOUT | EPOLLET;
    event.data.u64 = token;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, log.writer.descriptor(), &event);
}

void Logs::unwatch(const Log& log) const {
    if (log.writer.descriptor() >= 0)
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, log.writer.descriptor(), nullptr);
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
    LogWriter& writer = log->second.writer;
    const std::size_t before = writer.buffered();
    if (is_full()) writer.count_dropped(1);
    const bool was_taken = !is_full() && writer.append(close, is_answerable, now);
    buffered_ += writer.buffered() - before;
    if (!was_taken) tell_dropped(writer, now.monotonic);
    return was_taken;
}

bool Logs::append(std::uint16_t id, const TallyLine& line, std::uint64_t answerable, Moment now) {
    const auto log = logs_.find(id);
    if (log == logs_.end() || is_full()) return false;
    LogWriter& writer = log->second.writer;
    const std::size_t before = writer.buffered();
    const bool was_taken = writer.append(line, answerable, now);
    buffered_ += writer.buffered() - before;
    return was_taken;
}

bool Logs::is_stuck_only(std::uint16_t id) const {
    const auto log = logs_.find(id);
    return log != logs_.end() && log->second.mode == LogMode::stuck;
}

bool Logs::is_closed(std::uint16_t id) const {
    const auto log = logs_.find(id);
    return log == logs_.end() || log->second.is_closed;
}

void Logs::on_event(std::uint64_t token) {
    const std::uint64_t id = token - first_token_;
    // What the thread has done is looked at by the next flush().
    if (id > UINT16_MAX) return files_.clear_descriptor();
    const auto log = logs_.find(static_cast<std::uint16_t>(id));
    if (log != logs_.end()) log->second.writer.unblock();
}

void Logs::flush(Moment now, bool all) {
    buffered_ = 0;
    for (auto at = logs_.begin(); at != logs_.end();) {
        Log& log = at->second;
        const int error = log.writer.flush(now, all);
        if (error != 0) tell_failed(log.writer, error, now.monotonic);
        if (!may_go(log, now.monotonic)) {
            buffered_ += log.writer.buffered();
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

void Logs::let_go(Log& log, Time now) {
    if (log.writer.buffered_lines() > 0)
        notices_.tell(NoticeKind::log_dropped, NoticeLevel::warning,
                      "log " + log.writer.name() + " was closed with " +
                          std::to_string(log.writer.buffered_lines()) + " lines unwritten",
                      now);
    unwatch(log);
    log.writer.give_up();
}

Time Logs::due() const {
    Time due = kNever;
    for (const auto& [id, log] : logs_) due = std::min({due, log.writer.due(), log.close_at});
    return due;
}

bool Logs::have_room() const {
    return std::all_of(logs_.begin(), logs_.end(), [](const auto& entry) {
        const LogWriter& writer = entry.second.writer;
        return !writer.has_descriptor() || writer.buffered() <= writer.buffered_max() / 2;
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

WaitingLogs Logs::waiting(Time now) const {
    WaitingLogs waiting;
    const LogWriter* longest = nullptr;
    for (const auto& [id, log] : logs_) {
        if (log.writer.waits_since() > now - kLogWaits) continue;
        ++waiting.count;
        if (longest == nullptr || log.writer.waits_since() < longest->waits_since())
            longest = &log.writer;
    }
    if (longest == nullptr) return waiting;
    waiting.since_ns = static_cast<std::uint64_t>(longest->waits_since().count());
    waiting.lines = longest->buffered_lines();
    waiting.name.set(longest->name());
    return waiting;
}

void Logs::give_up_unwritten() {
    for (auto& [id, log] : logs_) log.writer.give_up();
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
