// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <thread>

#include "presentation/text.hpp"
#include "report/analysis/collector.hpp"
#include "report/commands/commands.hpp"
#include "report/commands/surroundings.hpp"
#include "report/commands/watched_screen.hpp"
#include "report/input/live_status.hpp"
#include "report/output/table.hpp"
#include "report/output/terminal_text.hpp"

namespace finwait::report {

namespace {

using Event = WatchedScreen::Event;
constexpr auto kNever = WatchedScreen::Time::max();

// One look at all servers: the report, made anew, as their totals are.
Report look(const Options& options, const Families& families) {
    Collector collector(families, options.filter, options.by, options.anonymize);
    Reading reading;
    read_live_status(options.live_urls, collector, reading);
    Report report = make_report(collector, {options.sample_min, options.anonymize});
    report.made = std::chrono::floor<Instant>(std::chrono::system_clock::now().time_since_epoch());
    report.reading = std::move(reading);
    return report;
}

class Watch {
  public:
    explicit Watch(const Options& options) : options_(options), families_(families_for(options)) {}

    Exit run() {
        auto next = kNever;
        begin_look();
        for (;;) {
            switch (screen_.wait(next)) {
                case Event::woken:
                    seen_ = looking_.get();
                    show();
                    next = std::max(begun_ + *options_.watch, std::chrono::steady_clock::now());
                    break;
                case Event::resized:
                    if (screen_.is_terminal()) show();
                    break;
                case Event::again:
                case Event::due:
                    if (!looking_.valid()) begin_look();
                    next = kNever;
                    break;
                case Event::quit:
                    return leave();
            }
        }
    }

  private:
    void begin_look() {
        begun_ = std::chrono::steady_clock::now();
        std::packaged_task<Report()> task([this] {
            Report report = look(options_, families_);
            screen_.wake();
            return report;
        });
        looking_ = task.get_future();
        std::thread(std::move(task)).detach();  // nobody waits for it: see leave()
    }

    void show() const {
        if (!seen_) return;
        Screen screen = screen_of_stdout();
        std::string text = heading(screen) + "\n";
        for (const std::string& problem : seen_->reading.unreadable)
            text += wrapped(terminal_text(problem), screen.columns) + "\n";
        const auto used = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
        if (screen_.is_terminal()) screen.lines = screen_.lines();
        screen.lines -= std::min(screen.lines, used);
        if (seen_->reading.files != 0) text += render_table(*seen_, screen, options_.top);
        screen_.show(text + (screen_.is_terminal() ? "" : "\n"));
    }

    [[nodiscard]] std::string heading(const Screen& screen) const {
        std::string text = time_text(seen_->made);
        if (!screen_.is_terminal()) return text;
        const double seconds = std::chrono::duration<double>(*options_.watch).count();
        text += ", every " + seconds_text(seconds) + "; q leaves, space looks now";
        return fitted(text, screen.columns);
    }

    // A server that does not answer must not keep who wants to leave.
    Exit leave() {
        const bool failed = seen_ && options_.fail_if && options_.fail_if->holds(*seen_);
        const bool unread = seen_ && !seen_->reading.unreadable.empty();
        const Exit exit = unread ? Exit::unreadable : failed ? Exit::failed_if : Exit::done;
        screen_.leave();
        if (!looking_.valid()) return exit;
        std::fflush(stdout);
        ::_exit(static_cast<int>(exit));
    }

    const Options& options_;
    const Families families_;
    WatchedScreen screen_;
    std::future<Report> looking_;
    WatchedScreen::Time begun_;
    std::optional<Report> seen_;
};

}  // namespace

Exit watch_command(const Options& options) {
    return Watch(options).run();
}

}  // namespace finwait::report
