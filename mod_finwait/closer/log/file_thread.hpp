// SPDX-License-Identifier: Apache-2.0
//
// The thread that writes log files: a file system that hangs keeps it waiting, and not the closer.
// Nothing is shared with it but the batches it was given, until it is done with them, and the
// counters. One batch of a log at a time, so its lines keep their order. A file is closed by the
// thread, because that may wait as long as a write.
//
// The queue is as long as there are logs; how much a log may have in hand is for LogWriter to
// bound.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string_view>

#include "closer/log/lines.hpp"
#include "closer/log/unwritten_closes.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {

// Of the thread alone, once it was given.
class LogFile {
  public:
    explicit LogFile(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}

    // As write(). The first one begins a line of its own, whatever was there before, unless it goes
    // on within a line.
    [[nodiscard]] ssize_t write(std::string_view text, bool is_within_a_line);

  private:
    UniqueFd descriptor_;
    bool is_new_ = true;
};

struct Batch {
    Lines lines;
    std::shared_ptr<LogFile> file;
    int error = 0;  // why not all is written

    // Under the thread's lock.
    bool is_done = true;
    bool is_awaited = false;
    bool is_given_up = false;
};

class FileThread {
  public:
    explicit FileThread(UnwrittenCloses& unwritten);
    // Waits for the thread unless it is writing: that may take for ever.
    ~FileThread();
    FileThread(const FileThread&) = delete;
    FileThread& operator=(const FileThread&) = delete;

    // Until then, and if it fails (an errno), write() does the thread's work.
    [[nodiscard]] int start();
    // Readable when an awaited batch is done; -1 without a thread.
    [[nodiscard]] int descriptor() const;
    void clear_descriptor() const;

    // True if it is done already. Counts each close as soon as its line is written.
    bool write(const std::shared_ptr<Batch>& batch, bool is_awaited);
    // If not, descriptor() tells when it is.
    [[nodiscard]] bool is_done(Batch& batch) const;
    // None of its lines that are still unwritten counts as written any more, whatever becomes of
    // them.
    void give_up(Batch& batch) const;
    // Waits for the thread where many wait to be closed: 100 ms, once.
    void close(std::shared_ptr<LogFile> file);

  private:
    struct State;

    std::shared_ptr<State> state_;  // outlives us if the thread hangs
    bool is_started_ = false;
};

}  // namespace finwait
