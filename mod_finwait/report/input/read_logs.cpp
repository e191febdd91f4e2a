// SPDX-License-Identifier: Apache-2.0
#include "report/input/read_logs.hpp"

#include "report/input/log_file.hpp"
#include "report/input/log_lines.hpp"
#include "report/input/progress.hpp"

namespace finwait::report {

namespace {

std::string shown_name(const std::string& file) {
    return file == "-" ? "(standard input)" : file;
}

void read_log(const std::string& file, LogLines& lines, Progress& progress, Reading& reading) {
    LogFile log(file);
    bool any = false;
    lines.begin(shown_name(file));
    while (const std::size_t bytes = log.read(lines.room())) {
        any = true;
        lines.filled(bytes);
        progress.at(log.bytes_read());
    }
    lines.end();
    if (log.error().empty()) return;
    if (any)
        reading.notes.push_back("'" + shown_name(file) + "' was read in part: " + log.error());
    else
        reading.unreadable.push_back("cannot read '" + shown_name(file) + "': " + log.error());
}

}  // namespace

void read_logs(const std::vector<std::string>& files, bool show_progress, Sink& sink,
               Reading& reading) {
    Progress progress(files, show_progress);
    LogLines lines(sink, reading);
    for (const std::string& file : files) {
        read_log(file, lines, progress, reading);
        progress.file_done();
    }
}

}  // namespace finwait::report
