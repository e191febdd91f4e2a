// SPDX-License-Identifier: Apache-2.0
//
// One log: a bounded number of whole lines before a descriptor that may be slow, full or missing.
// Never blocks: files are written by the FileThread, all others take what they can. Beyond the
// bound lines are dropped, and the log itself is told how many.
//
// Lines are gathered behind those that are just being written (the front).
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "closer/log/file_thread.hpp"
#include "closer/log/lines.hpp"
#include "closer/log/unwritten_closes.hpp"
#include "closer/moment.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {

inline constexpr std::size_t kLogBufferMax = std::size_t{1} << 20;
// More than the lines of a turn that ends all it can: a disk that is willing is not outrun only
// because the thread waits for a processor.
inline constexpr std::size_t kFileBufferMax = 4 * kLogBufferMax;
inline constexpr std::size_t kLineSizeMax = std::max(kRecordSizeMax, kTallyLineMax);
// Short, because what is in the buffer is lost if the closer is killed; long, because each write()
// wakes the thread of the files and is waited for, which at full load costs as much as 15 closes.
inline constexpr Time kLogFlushDelay = std::chrono::milliseconds(20);
inline constexpr Time kLogRetryDelay = std::chrono::seconds(1);

class LogWriter {
  public:
    LogWriter(FileThread& files, UnwrittenCloses& unwritten, std::string name = {})
        : files_(files), unwritten_(unwritten), name_(std::move(name)) {}

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

    // What is unwritten never will be.
    void give_up();

    // When flush() has something to do; kNever while it waits for the reader, for the thread or for
    // a descriptor.
    [[nodiscard]] Time due() const;
    // Lines are there and none was taken since then; kNever: none is there.
    [[nodiscard]] Time waits_since() const { return waits_since_; }

    [[nodiscard]] bool is_empty() const { return lines_.is_empty() && front_is_empty(); }
    [[nodiscard]] bool has_descriptor() const { return file_ || pipe_; }
    // -1 if there is none, or nobody who could tell of it: of a file, which the thread has.
    [[nodiscard]] int descriptor() const { return pipe_.get(); }
    [[nodiscard]] std::size_t buffered() const;
    [[nodiscard]] std::size_t buffered_max() const {
        return file_ ? kFileBufferMax : kLogBufferMax;
    }
    [[nodiscard]] std::size_t buffered_lines() const;
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    [[nodiscard]] bool front_is_empty() const { return !is_away_ && front_->lines.is_empty(); }
    [[nodiscard]] bool can_write(Time now) const {
        return !is_away_ && !is_blocked_ && has_descriptor() && now >= retry_at_;
    }
    void prepare(Moment now);
    void appended(Moment now);
    [[nodiscard]] bool has_room();
    void tell_dropped(Moment now);
    void write(Time now, bool is_awaited);
    void write_to_pipe(Time now);
    [[nodiscard]] std::size_t next_pipe_size() const;
    void hand_to_thread(Time now, bool is_awaited);
    void take_back(Time now);
    void came_back(Time now);
    void progressed(Time now);
    void failed(int error, Time now);

    FileThread& files_;
    UnwrittenCloses& unwritten_;
    std::string name_;
    std::shared_ptr<LogFile> file_;
    UniqueFd pipe_;  // or socket, or device
    std::shared_ptr<Batch> front_ = std::make_shared<Batch>();
    Lines lines_;           // behind it
    bool is_away_ = false;  // the thread has the front, which was as large then:
    std::size_t away_bytes_ = 0;
    std::size_t away_lines_ = 0;
    bool is_awaited_ = false;   // the thread tells when it is done
    bool begins_anew_ = false;  // the front's first line, for a new reader
    Time flush_at_ = kNever;    // kNever: nothing was appended since the last write
    Time retry_at_{};           // after an error; no earlier
    Time waits_since_ = kNever;
    std::uint64_t dropped_ = 0;  // and not yet told
    int error_ = 0;              // not yet told
    dev_t device_ = 0;           // of the file; the same again is no new reader
    std::uint64_t inode_ = 0;
    bool is_blocked_ = false;
    bool is_full_ = false;
    bool has_failed_ = false;
};

}  // namespace finwait
