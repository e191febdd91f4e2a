// SPDX-License-Identifier: Apache-2.0
#include "closer/log/log_writer.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

namespace finwait {

namespace {

// All others take what they can and say EAGAIN.
bool may_hang(unsigned mode) {
    return !S_ISFIFO(mode) && !S_ISSOCK(mode) && !S_ISCHR(mode);
}

void set_nonblocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

// What is known of it here: fstat() asks a network file system's server, and waits for it.
struct statx known_of(int fd) {
    struct statx status {};
    ::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &status);
    return status;
}

std::chrono::milliseconds to_milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

void LogWriter::open(UniqueFd descriptor, std::string_view name) {
    assert(descriptor);
    if (file_) files_.close(std::exchange(file_, nullptr));
    pipe_.reset();
    const struct statx status = known_of(descriptor.get());
    const dev_t device = makedev(status.stx_dev_major, status.stx_dev_minor);
    if (device != device_ || status.stx_ino != inode_) begins_anew_ = true;
    device_ = device;
    inode_ = status.stx_ino;
    if (may_hang(status.stx_mode)) {
        file_ = std::make_shared<LogFile>(std::move(descriptor));
    } else {
        set_nonblocking(descriptor.get());
        pipe_ = std::move(descriptor);
    }
    name_ = name;
    retry_at_ = Time::zero();
    is_blocked_ = false;
    has_failed_ = false;
    if (!is_empty()) flush_at_ = Time::zero();
}

std::size_t LogWriter::buffered() const {
    return lines_.bytes() + (is_away_ ? away_bytes_ : front_->lines.bytes());
}

std::size_t LogWriter::buffered_lines() const {
    return lines_.count() + (is_away_ ? away_lines_ : front_->lines.count());
}

// Full until half of the buffer is free again: otherwise a slow reader would get one line about
// dropped lines for every line or two.
bool LogWriter::has_room() {
    if (is_full_ && buffered() <= buffered_max() / 2) is_full_ = false;
    if (buffered() + kLineSizeMax > buffered_max()) is_full_ = true;
    return !is_full_;
}

// One turn may end every drain there is: what a willing reader could take is never dropped. An
// error is told by the next flush().
void LogWriter::prepare(Moment now) {
    if (lines_.bytes() < kLogBatch) return;
    take_back(now.monotonic);
    write(now.monotonic, false);
}

void LogWriter::appended(Moment now) {
    flush_at_ = std::min(flush_at_, now.monotonic + kLogFlushDelay);
    waits_since_ = std::min(waits_since_, now.monotonic);
}

bool LogWriter::append(const Close& close, bool is_answerable, Moment now) {
    prepare(now);
    if (!has_room()) {
        ++dropped_;
        return false;
    }
    tell_dropped(now);
    lines_.append(close, is_answerable);
    appended(now);
    return true;
}

bool LogWriter::append(const TallyLine& line, std::uint64_t answerable, Moment now) {
    prepare(now);
    if (!has_room()) return false;
    tell_dropped(now);
    lines_.append(line, answerable);
    appended(now);
    return true;
}

void LogWriter::tell_dropped(Moment now) {
    if (dropped_ == 0) return;
    lines_.append_dropped(to_milliseconds(now.realtime), std::exchange(dropped_, 0));
    appended(now);
    flush_at_ = std::min(flush_at_, now.monotonic);
}

Time LogWriter::due() const {
    const bool has_nothing = is_empty() && dropped_ == 0;
    if (has_nothing || is_awaited_ || is_blocked_ || !has_descriptor()) return kNever;
    return std::max(flush_at_, retry_at_);
}

int LogWriter::flush(Moment now, bool all) {
    const Time time = now.monotonic;
    if (is_away_) take_back(time);
    if (all || time >= flush_at_ || lines_.bytes() >= kLogBatch) write(time, all);
    if (dropped_ > 0 && has_descriptor() && time >= retry_at_ && has_room()) {
        tell_dropped(now);
        write(time, all);
    }
    return std::exchange(error_, 0);
}

void LogWriter::give_up() {
    files_.give_up(*front_);
    unwritten_.gave_up(std::exchange(lines_, {}).closes().closes());
    if (file_) files_.close(std::exchange(file_, nullptr));
    pipe_.reset();
}

void LogWriter::write(Time now, bool is_awaited) {
    while (can_write(now)) {
        if (front_->lines.is_empty()) {
            if (lines_.is_empty()) break;
            std::swap(front_->lines, lines_);
        }
        if (std::exchange(begins_anew_, false)) front_->lines.begin_line_anew();
        if (file_)
            hand_to_thread(now, is_awaited);
        else
            write_to_pipe(now);
    }
    if (is_empty()) flush_at_ = kNever;
}

// A pipe takes up to PIPE_BUF bytes whole or not at all. Whole lines of that size never mix with
// those of another closer that drains beside this one, and none is cut in two when the program
// behind the pipe is replaced. A file opened with O_APPEND needs no such care.
std::size_t LogWriter::next_pipe_size() const {
    const std::string_view text = front_->lines.unwritten();
    if (text.size() <= PIPE_BUF) return text.size();
    const std::size_t end = text.rfind('\n', PIPE_BUF - 1);
    return (end != text.npos ? end : text.find('\n')) + 1;
}

void LogWriter::write_to_pipe(Time now) {
    const ssize_t written =
        ::write(pipe_.get(), front_->lines.unwritten().data(), next_pipe_size());
    if (written > 0) {
        unwritten_.wrote(front_->lines.wrote(static_cast<std::size_t>(written)));
        return progressed(now);
    }
    if (written < 0 && errno == EINTR) return;
    if (written < 0 && errno == EAGAIN) {
        is_blocked_ = true;
        flush_at_ = now;
        return;
    }
    failed(written < 0 ? errno : EIO, now);
}

void LogWriter::hand_to_thread(Time now, bool is_awaited) {
    away_bytes_ = front_->lines.bytes();
    away_lines_ = front_->lines.count();
    front_->file = file_;
    flush_at_ = kNever;
    // Whoever stops the server, or waits for room, waits for the thread.
    is_awaited_ = is_awaited || away_bytes_ > kLogBufferMax / 2;
    is_away_ = !files_.write(front_, is_awaited_);
    if (!is_away_) came_back(now);
}

void LogWriter::take_back(Time now) {
    if (!is_away_) return;
    is_away_ = !files_.is_done(*front_);
    is_awaited_ = is_away_;
    if (!is_away_) came_back(now);
}

void LogWriter::came_back(Time now) {
    is_awaited_ = false;
    if (front_->lines.bytes() < away_bytes_) progressed(now);
    if (front_->error != 0) failed(front_->error, now);
}

void LogWriter::progressed(Time now) {
    has_failed_ = false;
    waits_since_ = is_empty() ? kNever : now;
}

void LogWriter::failed(int error, Time now) {
    retry_at_ = now + kLogRetryDelay;
    flush_at_ = now;
    // The reader is gone for good: the parent will send the descriptor of a new one.
    if (error == EPIPE) {
        pipe_.reset();
        begins_anew_ = true;
    }
    if (!std::exchange(has_failed_, true)) error_ = error;
}

}  // namespace finwait
