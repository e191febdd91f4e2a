// SPDX-License-Identifier: Apache-2.0
//
// Reads logs and goes on as lines come, as `tail -F` does: a log that was rotated is read to its
// end, then the new file of its name from its beginning.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "report/input/log_lines.hpp"
#include "report/input/reading.hpp"

namespace finwait::report {

// One uncompressed log that may grow.
class GrowingLog {
  public:
    GrowingLog(std::string path, Sink& sink, Reading& reading);
    ~GrowingLog();
    GrowingLog(const GrowingLog&) = delete;
    GrowingLog& operator=(const GrowingLog&) = delete;

    // Takes what has come since the last time; false if nothing has.
    bool read_more();

  private:
    bool open();
    bool drain();
    void reopen_if_replaced();

    std::string path_;
    Reading& reading_;
    LogLines lines_;
    int fd_ = -1;
    std::uint64_t offset_ = 0;
};

// Compressed ones among the files are read once. `came` is called once after all that is there has
// been read, then at most once a second after something new has. Returns at SIGINT or SIGTERM.
void follow_logs(const std::vector<std::string>& files, Sink& sink, Reading& reading,
                 const std::function<void()>& came);

}  // namespace finwait::report
