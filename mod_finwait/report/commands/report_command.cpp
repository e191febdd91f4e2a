// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "report/analysis/collector.hpp"
#include "report/commands/commands.hpp"
#include "report/commands/surroundings.hpp"
#include "report/fleet/read_fleet.hpp"
#include "report/input/follow_logs.hpp"
#include "report/input/live_status.hpp"
#include "report/input/read_logs.hpp"
#include "report/output/csv.hpp"
#include "report/output/html.hpp"
#include "report/output/httpd_conf.hpp"
#include "report/output/json.hpp"
#include "report/output/markdown.hpp"

namespace finwait::report {

namespace {

// One report, from the first line to the last page.
class Run {
  public:
    Run(const Options& options, Instant now)
        : options_(options),
          now_(now),
          families_(families_for(options)),
          collector_(families_, options.filter, options.by, options.anonymize) {}

    Exit read_and_tell() {
        if (!options_.engine.url.empty()) {
            sources_ = {options_.engine.url};
            const bool wants_times = !options_.html_file.empty();
            read_fleet(options_.engine,
                       {options_.filter, options_.by, options_.sample_min, wants_times}, collector_,
                       reading_);
        } else if (options_.live_urls.empty()) {
            sources_ = logs_of(options_, reading_);
            read_logs(sources_, options_.show_progress, collector_, reading_);
        } else {
            std::ranges::transform(options_.live_urls, std::back_inserter(sources_),
                                   without_password);
            read_live_status(options_.live_urls, collector_, reading_);
        }
        const Exit read = complain_of_unreadable(reading_);
        const bool nothing =
            reading_.lines + reading_.tallies == 0;  // with an engine all or nothing
        return read != Exit::done && nothing ? read : std::max(tell(report()), read);
    }

    Exit follow() {
        sources_ = logs_of(options_, reading_);
        const bool is_terminal = isatty(STDOUT_FILENO) != 0;
        follow_logs(sources_, collector_, reading_, [&] {
            if (is_terminal) std::fputs("\x1b[H\x1b[2J", stdout);
            now_ = std::chrono::floor<Instant>(std::chrono::system_clock::now().time_since_epoch());
            (void)tell(report());
            std::fflush(stdout);
        });
        const Exit read = complain_of_unreadable(reading_);
        return std::max(verdict(report()), read);
    }

  private:
    [[nodiscard]] Report report() const {
        Report report = make_report(collector_, {options_.sample_min, options_.anonymize});
        report.made = now_;
        report.sources = sources_;
        report.reading = reading_;
        return report;
    }

    [[nodiscard]] Exit verdict(const Report& report) const {
        return options_.fail_if && options_.fail_if->holds(report) ? Exit::failed_if : Exit::done;
    }

    Exit tell(const Report& report) const {
        const bool is_page_alone = !options_.html_file.empty() && options_.format == Format::table;
        if (!options_.html_file.empty()) write_page(report);
        if (!is_page_alone) std::fputs(rendered(report).c_str(), stdout);
        return verdict(report);
    }

    void write_page(const Report& report) const {
        const std::string page = render_html(report);
        if (options_.html_file == "-")
            std::fwrite(page.data(), 1, page.size(), stdout);
        else
            replace_file(options_.html_file, page);
    }

    [[nodiscard]] std::string rendered(const Report& report) const {
        switch (options_.format) {
            case Format::json:
                return render_json(report, options_.top);
            case Format::csv:
                return render_csv(report, options_.top);
            case Format::markdown:
                return render_markdown(report, options_.top);
            case Format::httpd_conf:
                return render_httpd_conf(report, collector_);
            case Format::table:
                break;
        }
        return render_table(report, screen_of_stdout(), options_.top);
    }

    const Options& options_;
    Instant now_;
    Families families_;
    Collector collector_;
    std::vector<std::string> sources_;
    Reading reading_;
};

}  // namespace

Exit report_command(const Options& options, Instant now) {
    Run run(options, now);
    return options.follow ? run.follow() : run.read_and_tell();
}

}  // namespace finwait::report
