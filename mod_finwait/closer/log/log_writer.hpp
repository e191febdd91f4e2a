// SPDX-License-Identifier: Apache-2.0
//
// One log: a bounded buffer of whole lines before a descriptor that may be slow, full or missing.
// Never blocks. Beyond kLogBufferMax lines are dropped, and the log itself is told how many.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "closer/moment.hpp"
#include "closer/unique_fd.hpp"
#include "finwait/record.hpp"
#include "finwait/tally.hpp"

namespace finwait {

inline constexpr std::size_t kLogBufferMax = std::size_t{1} << 20;
inline constexpr std::size_t kLogBatch = std::size_t{64} << 10;  // written without waiting
// Short, because what is in the buffer is lost if the closer is killed; at full load it still
// gathers dozens of Records for one write().
inline constexpr Time kLogFlushDelay = std::chrono::milliseconds(5);
inline constexpr Time kLogRetryDelay = std::chrono::seconds(1);

// Closes that whole lines of their first log account for.
struct ClosesInLines {
    std::uint64_t records = 0;  // by a Record
    std::uint64_t tallied = 0;  // by a tally line

    [[nodiscard]] std::uint64_t closes() const { return records + tallied; }
    ClosesInLines& operator+=(const ClosesInLines& other) {
        records += other.records;
        tallied += other.tallied;
        return *this;
    }
};

class LogWriter {
  public:
    explicit LogWriter(std::string name = {}) : name_(std::move(name)) {}

    // Takes the place of the descriptor before it. A line that was only partly written begins anew.
    void open(UniqueFd descriptor, std::string_view name);

    // False if the line was dropped. `is_answerable`: this line accounts for the close.
    [[nodiscard]] bool append(const Close& close, bool is_answerable, Moment now);

    // False if there is no room now; the line is not dropped then, its counts can wait.
    // `answerable` closes are accounted for by this line.
    [[nodiscard]] bool append(const TallyLine& line, std::uint64_t answerable, Moment now);

    // Lines that will never be appended: the log is told with those it had no room for.
    void count_dropped(std::uint64_t lines) { dropped_ += lines; }

    // Writes what is due, or everything if `all`. Returns an errno if writing has begun to fail.
    [[nodiscard]] int flush(Moment now, bool all = false);

    // The descriptor takes data again.
    void unblock() { is_blocked_ = false; }

    // When flush() has something to do; kNever while it waits for the reader or for a descriptor.
    [[nodiscard]] Time due() const;

    [[nodiscard]] bool is_empty() const { return start_ == buffer_.size(); }
    [[nodiscard]] bool has_descriptor() const { return static_cast<bool>(descriptor_); }
    [[nodiscard]] int descriptor() const { return descriptor_.get(); }
    [[nodiscard]] std::size_t buffered() const { return buffer_.size() - line_start_; }
    [[nodiscard]] std::size_t buffered_lines() const { return lines_; }
    [[nodiscard]] ClosesInLines buffered_closes() const;
    // Since it was asked last.
    [[nodiscard]] ClosesInLines take_written() { return std::exchange(written_, {}); }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    // About a line that is not a Record which accounts for its close.
    struct Note {
        std::uint64_t end;  // counted from the first byte that ever was in the buffer
        std::uint64_t tallied = 0;
    };

    void write_if_much(Moment now);
    void end_line();
    void appended_line(Moment now);
    [[nodiscard]] bool has_room();
    [[nodiscard]] std::size_t next_write_size() const;
    [[nodiscard]] int write_all(Time now);
    void advance(std::size_t bytes);
    void drop_written();
    void erase_to(std::size_t end);
    void tell_dropped(Moment now);
    void note(std::uint64_t tallied);

    std::string name_;
    UniqueFd descriptor_;
    std::string buffer_;
    std::size_t start_ = 0;       // first byte not written
    std::size_t line_start_ = 0;  // first byte of the line that start_ is in
    std::uint64_t erased_ = 0;    // bytes that were in the buffer before its first one
    std::deque<Note> notes_;      // in the order of their ends
    Time flush_at_ = kNever;      // kNever: nothing was appended since the last write
    Time retry_at_{};             // after an error; no earlier
    std::size_t lines_ = 0;       // in the buffer, the partly written one included
    ClosesInLines written_;       // and not yet taken
    std::uint64_t dropped_ = 0;   // and not yet told
    dev_t device_ = 0;            // of the file; the same again is no new reader
    ino_t inode_ = 0;
    bool is_pipe_ = false;
    bool is_blocked_ = false;
    bool is_full_ = false;
    bool has_failed_ = false;
};

}  // namespace finwait
