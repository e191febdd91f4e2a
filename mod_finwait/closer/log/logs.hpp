// SPDX-License-Identifier: Apache-2.0
//
// All logs by the identity that Handoffs name. The parent opens every log before the closer serves,
// so an id that is not open then is one it has closed, or never gave: no log takes that Record. A
// closed log stays for the held sockets that name it.
//
// Bounded: what waits in all of them together is at most kLogBuffersMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "closer/channel/notices.hpp"
#include "closer/log/log_writer.hpp"
#include "finwait/books.hpp"
#include "finwait/control.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// A log closed by the parent may still have lines for a slow reader.
inline constexpr Time kLogCloseDelay = std::chrono::seconds(5);
inline constexpr std::size_t kLogBuffersMax = std::size_t{64} << 20;

class Logs {
  public:
    // Events of `epoll` with a token from `first_token` on are for on_event(): a pipe takes data
    // again, or the thread has written a file.
    static constexpr std::uint64_t kTokens = std::uint64_t{UINT16_MAX} + 2;
    Logs(int epoll, std::uint64_t first_token, Notices& notices, UnwrittenCloses& unwritten)
        : epoll_(epoll),
          first_token_(first_token),
          notices_(notices),
          unwritten_(unwritten),
          files_(unwritten) {}

    // Without it, files are written by whoever calls.
    void start_thread(Time now);

    void open(std::uint16_t id, UniqueFd descriptor, std::string_view name,
              LogMode mode = LogMode::all);
    void close(std::uint16_t id, Moment now);

    // A held socket names these logs, and no longer does.
    void hold(const LogIds& ids) { add_users(ids, 1); }
    void release(const LogIds& ids) { add_users(ids, -1); }

    // False if the log did not take the Record. `is_answerable`: it is the close's first log, which
    // accounts for it.
    bool append(std::uint16_t id, const Close& close, bool is_answerable, Moment now);

    // The same for a tally line; false if there is no room now or no such log.
    [[nodiscard]] bool append(std::uint16_t id, const TallyLine& line, std::uint64_t answerable,
                              Moment now);

    [[nodiscard]] bool is_stuck_only(std::uint16_t id) const;
    // By the parent, or not known.
    [[nodiscard]] bool is_closed(std::uint16_t id) const;

    void on_event(std::uint64_t token);
    void flush(Moment now, bool all = false);
    [[nodiscard]] Time due() const;

    // Every log could take what a turn makes: no line would be dropped.
    [[nodiscard]] bool have_room() const;
    // The counts of a tally line that the log will not get.
    void give_up(std::uint16_t id, std::uint64_t answerable, Moment now);

    // True if nothing is left that a descriptor could still take.
    [[nodiscard]] bool is_flushed() const;
    [[nodiscard]] std::size_t buffered_lines() const;
    // "5 lines of log NAME, …"; "" if there are none.
    [[nodiscard]] std::string unwritten_lines() const;
    // For longer than kLogWaits.
    [[nodiscard]] WaitingLogs waiting(Time now) const;
    // The end: they never will be.
    void give_up_unwritten();
    [[nodiscard]] std::size_t size() const { return logs_.size(); }

  private:
    struct Log {
        Log(FileThread& files, UnwrittenCloses& unwritten) : writer(files, unwritten) {}

        LogWriter writer;
        LogMode mode = LogMode::all;
        long users = 0;          // held sockets that name it, and one if tallies are pending for it
        bool is_closed = false;  // by the parent
        Time close_at = kNever;  // when unwritten lines are given up
    };

    void add_users(const LogIds& ids, long number);
    // True if nothing is left to wait for.
    [[nodiscard]] bool may_go(Log& log, Time now) const;
    void let_go(Log& log, Time now);
    void watch(const Log& log, std::uint64_t token) const;
    void unwatch(const Log& log) const;
    [[nodiscard]] bool is_full() const { return buffered_ + kLineSizeMax > kLogBuffersMax; }
    void tell_dropped(const LogWriter& log, Time now);
    void tell_failed(const LogWriter& log, int error, Time now);

    int epoll_;
    std::uint64_t first_token_;
    Notices& notices_;
    UnwrittenCloses& unwritten_;
    FileThread files_;
    std::map<std::uint16_t, Log> logs_;
    std::size_t buffered_ = 0;  // bytes, in all of them
};

}  // namespace finwait
