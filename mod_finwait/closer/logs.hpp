// SPDX-License-Identifier: Apache-2.0
//
// All logs by the identity that Handoffs name. A Record may come before its log is opened (a
// restarted closer finds old messages in the channel): its lines wait, within kUnopenedBytesMax
// for all such logs together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

#include "closer/log_writer.hpp"
#include "closer/notices.hpp"
#include "finwait/handoff.hpp"

namespace finwait {

inline constexpr std::size_t kUnopenedBytesMax = std::size_t{4} << 20;
// A log closed by the parent may still have lines for a slow reader.
inline constexpr Time kLogCloseDelay = std::chrono::seconds(5);

class Logs {
  public:
    // `epoll` tells through on_writable() when a pipe takes data again; its events carry
    // `first_token` + the log's id.
    Logs(int epoll, std::uint64_t first_token, Notices& notices)
        : epoll_(epoll), first_token_(first_token), notices_(notices) {}

    void open(std::uint16_t id, UniqueFd descriptor, std::string_view name);
    void close(std::uint16_t id, Moment now);

    // False if no log took the line. Precondition: ids.count > 0.
    [[nodiscard]] bool append(const LogIds& ids, const Record& record, Moment now);

    void on_writable(std::uint16_t id);
    void flush(Moment now, bool all = false);
    [[nodiscard]] Time due() const;

    // True if nothing is left that a descriptor could still take.
    [[nodiscard]] bool is_flushed() const;
    [[nodiscard]] std::size_t buffered_lines() const;
    [[nodiscard]] std::size_t size() const { return logs_.size(); }

  private:
    struct Log {
        LogWriter writer;
        Time close_at = kNever;
    };

    [[nodiscard]] LogWriter* find_or_await(std::uint16_t id, Time now);
    [[nodiscard]] std::size_t unopened_bytes() const;
    void tell_dropped(const LogWriter& log, Time now);
    void tell_failed(const LogWriter& log, int error, Time now);

    int epoll_;
    std::uint64_t first_token_;
    Notices& notices_;
    std::map<std::uint16_t, Log> logs_;
};

}  // namespace finwait
