// SPDX-License-Identifier: Apache-2.0
//
// All logs by the identity that Handoffs name. The parent opens every log before the closer serves,
// so an id that is not open then is one it has closed, or never gave: no log takes that Record. A
// closed log stays for the held sockets that name it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "closer/channel/notices.hpp"
#include "closer/log/log_writer.hpp"
#include "finwait/control.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

// A log closed by the parent may still have lines for a slow reader.
inline constexpr Time kLogCloseDelay = std::chrono::seconds(5);

class Logs {
  public:
    // `epoll` tells through on_writable() when a pipe takes data again; its events carry
    // `first_token` + the log's id.
    Logs(int epoll, std::uint64_t first_token, Notices& notices)
        : epoll_(epoll), first_token_(first_token), notices_(notices) {}

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

    void on_writable(std::uint16_t id);
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
    // Closes whose line no log has written yet.
    [[nodiscard]] ClosesInLines unwritten() const;

    // Closes whose line has been written, or was in the buffer of a log that is gone; told once.
    struct Settled {
        ClosesInLines written;
        ClosesInLines abandoned;
    };
    [[nodiscard]] Settled take_settled();
    [[nodiscard]] bool has_written() const { return settled_.written.closes() > 0; }
    [[nodiscard]] std::size_t size() const { return logs_.size(); }

  private:
    struct Log {
        LogWriter writer;
        LogMode mode = LogMode::all;
        long users = 0;          // held sockets that name it, and one if tallies are pending for it
        bool is_closed = false;  // by the parent
        Time close_at = kNever;  // when unwritten lines are given up
    };

    void add_users(const LogIds& ids, long number);
    // True if nothing is left to wait for.
    [[nodiscard]] bool may_go(Log& log, Time now) const;
    void let_go(const Log& log, Time now);
    void tell_dropped(const LogWriter& log, Time now);
    void tell_failed(const LogWriter& log, int error, Time now);

    int epoll_;
    std::uint64_t first_token_;
    Notices& notices_;
    Settled settled_;
    std::map<std::uint16_t, Log> logs_;
};

}  // namespace finwait
