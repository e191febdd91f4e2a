// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "presentation/text.hpp"
#include "report/analysis/evidence.hpp"
#include "report/commands/commands.hpp"
#include "report/commands/surroundings.hpp"
#include "report/input/read_logs.hpp"
#include "report/output/bug_report.hpp"
#include "report/output/figures.hpp"

namespace finwait::report {

namespace {

// Why nobody should be written to; "" if there is reason to. Who is accused must be sure to have
// done it.
std::string nothing_to_report(const Evidence& evidence, const Options& options) {
    const Share& stuck = evidence.stuck();
    const std::string of_client = "of '" + options.bug_report->client + "'";
    if (stuck.whole == 0)
        return "no close is " + of_client +
               ": the client is meant as the first column of finwait-report names it, or as it "
               "calls itself";
    const std::string said = grouped(stuck.part) + " of " +
                             counted(stuck.whole, "close", "closes") + " " + of_client +
                             " got stuck";
    if (stuck.whole < options.sample_min)
        return said + ": too few to tell, by --min " + grouped(options.sample_min);
    if (!is_notable(stuck))
        return said + ": it is not sure (95 %) that more than " + percent_text(kNotable) +
               " do, so there is nothing to report";
    return "";
}

}  // namespace

Exit bug_report_command(const Options& options) {
    const Families families = families_for(options);
    Evidence evidence(families, options.filter, options.bug_report->client);
    Reading reading;
    const std::vector<std::string> files = logs_of(options, reading);
    read_logs(files, options.show_progress, evidence, reading);
    const Exit read = complain_of_unreadable(reading);
    const std::string why_not = nothing_to_report(evidence, options);
    if (!why_not.empty()) {
        complain(why_not);
        return std::max(read, Exit::failed_if);
    }
    std::fputs(render_bug_report(evidence, options.bug_report->command).c_str(), stdout);
    return read;
}

}  // namespace finwait::report
