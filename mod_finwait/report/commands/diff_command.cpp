// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "report/analysis/collector.hpp"
#include "report/commands/commands.hpp"
#include "report/commands/surroundings.hpp"
#include "report/fleet/read_fleet.hpp"
#include "report/input/find_logs.hpp"
#include "report/input/read_logs.hpp"
#include "report/output/diff.hpp"

namespace finwait::report {

namespace {

// Gives every line to both.
class Both : public Sink {
  public:
    Both(Sink& first, Sink& second) : first_(first), second_(second) {}
    void take(const Close& close) override { first_.take(close), second_.take(close); }
    void take(const TallyLine& line) override { first_.take(line), second_.take(line); }

  private:
    Sink& first_;
    Sink& second_;
};

Filter within(Filter filter, const Period& period) {
    if (period.since)
        filter.since = filter.since ? std::max(*filter.since, *period.since) : period.since;
    if (period.until)
        filter.until = filter.until ? std::min(*filter.until, *period.until) : period.until;
    return filter;
}

class DiffRun {
  public:
    explicit DiffRun(const Options& options)
        : options_(options), families_(families_for(options)) {}

    Exit tell(Instant now) {
        const auto& [a, b] = *options_.diff;
        const auto before = parse_period(a, now), after = parse_period(b, now);
        if (before.has_value() != after.has_value())
            throw UsageError("--diff '" + a + "' '" + b +
                             "': one is a period and the other is not; name two of a kind");
        const bool is_fleet = !options_.engine.url.empty();
        if (is_fleet && !before)
            throw UsageError(
                "--diff '" + a + "' '" + b +
                "': of a fleet only periods can be compared, such as yesterday and today");
        Diff diff = is_fleet ? of_fleet(*before, *after)
                    : before ? of_periods(*before, *after)
                             : of_logs(a, b);
        diff.before_name = a;
        diff.after_name = b;
        const Exit read = complain_of_unreadable(reading_);
        if (reading_.lines == 0 && read != Exit::done) return read;
        std::fputs(rendered(diff).c_str(), stdout);
        const bool failed = options_.fail_if && options_.fail_if->holds(diff.after);
        return std::max(read, failed ? Exit::failed_if : Exit::done);
    }

  private:
    [[nodiscard]] std::string rendered(const Diff& diff) const {
        switch (options_.format) {
            case Format::json:
                return render_diff_json(diff);
            case Format::csv:
                return render_diff_csv(diff, options_.top);
            case Format::markdown:
                return render_diff_markdown(diff, options_.top);
            case Format::table:
            case Format::httpd_conf:  // refused with --diff
                break;
        }
        return render_diff_table(diff, screen_of_stdout(), options_.top);
    }

    Diff of_fleet(const Period& before, const Period& after) {
        Collector first = collector(before), second = collector(after);
        const Filter filter_before = within(options_.filter, before),
                     filter_after = within(options_.filter, after);
        read_fleet(options_.engine, {filter_before, options_.by, options_.sample_min, false}, first,
                   reading_);
        if (reading_.unreadable.empty())
            read_fleet(options_.engine, {filter_after, options_.by, options_.sample_min, false},
                       second, reading_);
        if (!reading_.unreadable.empty()) reading_.lines = 0;
        return compare(report_of(first), report_of(second));
    }

    Diff of_periods(const Period& before, const Period& after) {
        Collector first = collector(before), second = collector(after);
        Both both(first, second);
        read_logs(logs_of(options_, reading_), options_.show_progress, both, reading_);
        return compare(report_of(first), report_of(second));
    }

    Diff of_logs(const std::string& before, const std::string& after) {
        if (!options_.inputs.empty())
            throw UsageError("--diff '" + before + "' '" + after +
                             "' compares two logs; more logs ('" + options_.inputs.front() +
                             "') only go with two periods");
        Collector first = collector({}), second = collector({});
        read_into(before, first);
        read_into(after, second);
        return compare(report_of(first), report_of(second));
    }

    void read_into(const std::string& word, Collector& collector) {
        FoundLogs found = find_logs({word});
        for (std::string& error : found.errors) reading_.unreadable.push_back(std::move(error));
        read_logs(found.files, options_.show_progress, collector, reading_);
    }

    [[nodiscard]] Collector collector(const Period& period) const {
        return {families_, within(options_.filter, period), options_.by, options_.anonymize};
    }

    [[nodiscard]] Report report_of(const Collector& collected) const {
        return make_report(collected, {options_.sample_min, options_.anonymize});
    }

    const Options& options_;
    Families families_;
    Reading reading_;
};

}  // namespace

Exit diff_command(const Options& options, Instant now) {
    return DiffRun(options).tell(now);
}

}  // namespace finwait::report
