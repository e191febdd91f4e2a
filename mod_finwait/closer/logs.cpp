// SPDX-License-Identifier: Apache-2.0
#include "closer/logs.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace finwait {

void Logs::open(std::uint16_t id, UniqueFd descriptor, std::string_view name) {
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
    log.close_at = kNever;
}

void Logs::close(std::uint16_t id, Moment now) {
    const auto log = logs_.find(id);
    if (log == logs_.end()) return;
    log->second.close_at = now.monotonic + kLogCloseDelay;
    flush(now, true);
}

std::size_t Logs::unopened_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [id, log] : logs_)
        if (!log.writer.was_opened()) bytes += log.writer.buffered() + sizeof(Log);
    return bytes;
}

LogWriter* Logs::find_or_await(std::uint16_t id, Time now) {
    const auto found = logs_.find(id);
    if (found != logs_.end() && found->second.writer.was_opened()) return &found->second.writer;
    if (unopened_bytes() + kRecordSizeMax > kUnopenedBytesMax) {
        notices_.tell(NoticeKind::log_unknown, NoticeLevel::error,
                      "lines were dropped for a log that was never opened", now);
        return nullptr;
    }
    return &logs_[id].writer;
}

bool Logs::append(const LogIds& ids, const Record& record, Moment now) {
    assert(ids.count > 0);
    assert(ids.count <= ids.ids.size());
    bool was_taken = false;
    for (std::size_t i = 0; i < ids.count; ++i) {
        LogWriter* log = find_or_await(ids.ids[i], now.monotonic);
        if (log == nullptr) continue;
        if (log->append(record, now))
            was_taken = true;
        else
            tell_dropped(*log, now.monotonic);
    }
    return was_taken;
}

void Logs::on_writable(std::uint16_t id) {
    const auto log = logs_.find(id);
    if (log != logs_.end()) log->second.writer.unblock();
}

void Logs::flush(Moment now, bool all) {
    for (auto at = logs_.begin(); at != logs_.end();) {
        auto& [id, log] = *at;
        const int error = log.writer.flush(now, all);
        if (error != 0) tell_failed(log.writer, error, now.monotonic);
        const bool is_closing = log.close_at != kNever;
        const bool is_done = log.writer.is_empty() || !log.writer.has_descriptor();
        if (is_closing && (is_done || now.monotonic >= log.close_at)) {
            const std::size_t lines = log.writer.buffered_lines();
            if (lines > 0)
                notices_.tell(NoticeKind::log_dropped, NoticeLevel::warning,
                              "log " + log.writer.name() + " was closed with " +
                                  std::to_string(lines) + " lines unwritten",
                              now.monotonic);
            if (log.writer.has_descriptor())
                ::epoll_ctl(epoll_, EPOLL_CTL_DEL, log.writer.descriptor(), nullptr);
            at = logs_.erase(at);
        } else {
            ++at;
        }
    }
}

Time Logs::due() const {
    Time due = kNever;
    for (const auto& [id, log] : logs_) due = std::min({due, log.writer.due(), log.close_at});
    return due;
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
