// SPDX-License-Identifier: Apache-2.0
#include "closer/log/log_writer.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace finwait {

namespace {

constexpr std::size_t kLineSizeMax = std::max(kRecordSizeMax, kTallyLineMax);

bool may_block(mode_t mode) {
    return S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode);
}

void set_nonblocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

// One that was killed, or a full disk, may have cut a line in two.
bool ends_within_a_line(int fd, const struct stat& status) {
    char last = '\n';
    return S_ISREG(status.st_mode) && status.st_size > 0 &&
           ::pread(fd, &last, 1, status.st_size - 1) == 1 && last != '\n';
}

// find() is memchr(), eight times as fast as std::count().
std::size_t lines_in(std::string_view text) {
    std::size_t lines = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1))
        ++lines;
    return lines;
}

std::chrono::milliseconds to_milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

void LogWriter::open(UniqueFd descriptor, std::string_view name) {
    assert(descriptor);
    struct stat status {};
    if (::fstat(descriptor.get(), &status) == 0) {
        is_pipe_ = S_ISFIFO(status.st_mode);
        if (may_block(status.st_mode)) set_nonblocking(descriptor.get());
    }
    const bool is_same = status.st_dev == device_ && status.st_ino == inode_;
    device_ = status.st_dev;
    inode_ = status.st_ino;
    descriptor_ = std::move(descriptor);
    name_ = name;
    if (!is_same) start_ = line_start_;
    if (is_empty() && ends_within_a_line(descriptor_.get(), status)) end_line();
    retry_at_ = Time::zero();
    is_blocked_ = false;
    has_failed_ = false;
    if (!is_empty()) flush_at_ = Time::zero();
}

void LogWriter::end_line() {
    buffer_ += '\n';
    ++lines_;
    note(0);
}

// Full until half of the buffer is free again: otherwise a slow reader would get one line about
// dropped lines for every line or two.
bool LogWriter::has_room() {
    if (is_full_ && buffered() <= kLogBufferMax / 2) is_full_ = false;
    if (buffered() + kLineSizeMax > kLogBufferMax) is_full_ = true;
    return !is_full_;
}

// One turn may end every drain there is: what a willing reader could take is never dropped. An
// error is told by the next flush().
void LogWriter::write_if_much(Moment now) {
    const bool is_much = buffer_.size() - start_ >= kLogBatch;
    if (is_much && descriptor_ && !is_blocked_ && now.monotonic >= retry_at_)
        static_cast<void>(write_all(now.monotonic));
}

void LogWriter::appended_line(Moment now) {
    ++lines_;
    flush_at_ = std::min(flush_at_, now.monotonic + kLogFlushDelay);
}

bool LogWriter::append(const Close& close, bool is_answerable, Moment now) {
    write_if_much(now);
    if (!has_room()) {
        ++dropped_;
        return false;
    }
    tell_dropped(now);
    append_record(buffer_, close);
    appended_line(now);
    if (!is_answerable) note(0);
    return true;
}

bool LogWriter::append(const TallyLine& line, std::uint64_t answerable, Moment now) {
    write_if_much(now);
    if (!has_room()) return false;
    tell_dropped(now);
    append_tally(buffer_, line);
    appended_line(now);
    note(answerable);
    return true;
}

ClosesInLines LogWriter::buffered_closes() const {
    ClosesInLines closes{lines_ - notes_.size(), 0};
    for (const Note& note : notes_) closes.tallied += note.tallied;
    return closes;
}

void LogWriter::note(std::uint64_t tallied) {
    notes_.push_back({erased_ + buffer_.size(), tallied});
}

void LogWriter::tell_dropped(Moment now) {
    if (dropped_ == 0) return;
    append_dropped(buffer_, to_milliseconds(now.realtime), std::exchange(dropped_, 0));
    ++lines_;
    note(0);
    flush_at_ = std::min(flush_at_, now.monotonic);
}

Time LogWriter::due() const {
    if (!descriptor_ || is_blocked_ || (is_empty() && dropped_ == 0)) return kNever;
    return std::max(flush_at_, retry_at_);
}

int LogWriter::flush(Moment now, bool all) {
    if (!descriptor_ || is_blocked_ || now.monotonic < retry_at_) return 0;
    if (!all && now.monotonic < flush_at_ && buffer_.size() - start_ < kLogBatch) return 0;
    int error = write_all(now.monotonic);
    if (error == 0 && dropped_ > 0 && has_room()) {
        tell_dropped(now);
        error = write_all(now.monotonic);
    }
    if (error == 0) return 0;
    return std::exchange(has_failed_, true) ? 0 : error;
}

// A pipe takes up to PIPE_BUF bytes whole or not at all. Whole lines of that size never mix with
// those of another closer that drains beside this one, and none is cut in two when the program
// behind the pipe is replaced. A file opened with O_APPEND needs no such care.
std::size_t LogWriter::next_write_size() const {
    const std::size_t left = buffer_.size() - start_;
    if (!is_pipe_ || left <= PIPE_BUF) return left;
    const std::size_t end = buffer_.rfind('\n', start_ + PIPE_BUF - 1);
    if (end != std::string::npos && end >= start_) return end + 1 - start_;
    return buffer_.find('\n', start_) + 1 - start_;
}

int LogWriter::write_all(Time now) {
    while (!is_empty()) {
        const ssize_t written =
            ::write(descriptor_.get(), buffer_.data() + start_, next_write_size());
        if (written > 0) {
            advance(static_cast<std::size_t>(written));
            has_failed_ = false;
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            is_blocked_ = true;
            flush_at_ = now;
            return 0;
        }
        const int error = written < 0 ? errno : EIO;
        retry_at_ = now + kLogRetryDelay;
        // The reader is gone for good: the parent will send the descriptor of a new one.
        if (error == EPIPE) {
            descriptor_.reset();
            start_ = line_start_;
        }
        return error;
    }
    flush_at_ = kNever;
    return 0;
}

void LogWriter::advance(std::size_t bytes) {
    const std::string_view written = std::string_view(buffer_).substr(start_, bytes);
    assert(written.size() == bytes);
    start_ += bytes;
    const std::size_t lines = lines_in(written);
    lines_ -= lines;
    written_.records += lines;
    for (; !notes_.empty() && notes_.front().end <= erased_ + start_; notes_.pop_front()) {
        --written_.records;
        written_.tallied += notes_.front().tallied;
    }
    drop_written();
}

// The line that is partly written stays: the next descriptor may need it from its beginning.
void LogWriter::drop_written() {
    if (is_empty()) {
        erase_to(buffer_.size());
        if (buffer_.capacity() > 4 * kLogBatch) buffer_.shrink_to_fit();
        start_ = line_start_ = 0;
        return;
    }
    const std::size_t end = buffer_.rfind('\n', start_ - 1);
    if (end != std::string::npos && end >= line_start_) line_start_ = end + 1;
    // Half of the buffer at a time, so that a slow reader costs no quadratic moving.
    if (line_start_ > buffer_.size() / 2) {
        start_ -= line_start_;
        erase_to(std::exchange(line_start_, 0));
    }
}

void LogWriter::erase_to(std::size_t end) {
    buffer_.erase(0, end);
    erased_ += end;
}

}  // namespace finwait
