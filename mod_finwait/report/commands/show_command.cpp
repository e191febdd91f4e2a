// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "presentation/text.hpp"
#include "report/commands/commands.hpp"
#include "report/commands/surroundings.hpp"
#include "report/fleet/read_fleet.hpp"
#include "report/input/read_logs.hpp"
#include "report/output/story.hpp"

namespace finwait::report {

namespace {

// Prints each close of that cookie: it is unique until the machine is booted again.
class Storyteller : public Sink {
  public:
    Storyteller(const Options& options, const Families& families)
        : options_(options), families_(families) {}

    void take(const Close& close) override {
        if (close.socket_cookie != *options_.show_cookie) return;
        if (told_++ != 0) std::fputs("\n", stdout);
        const Family family = families_.family_of(close.user_agent);
        std::fputs(tell_story(close, family, options_.anonymize).c_str(), stdout);
    }
    void take(const TallyLine& line) override { tallied_ += line.tally.closes; }

    [[nodiscard]] bool has_told() const { return told_ != 0; }
    [[nodiscard]] std::uint64_t tallied() const { return tallied_; }

  private:
    const Options& options_;
    const Families& families_;
    std::uint64_t told_ = 0;
    std::uint64_t tallied_ = 0;
};

}  // namespace

Exit show_command(const Options& options) {
    const Families families = families_for(options);
    Storyteller storyteller(options, families);
    Reading reading;
    if (options.engine.url.empty())
        read_logs(logs_of(options, reading), options.show_progress, storyteller, reading);
    else
        read_fleet_records(options.engine, *options.show_cookie, storyteller, reading);
    const Exit read = complain_of_unreadable(reading);
    if (storyteller.has_told()) return read;
    std::string sentence = "no Record has the cookie " + hex_text(*options.show_cookie);
    if (storyteller.tallied() != 0)
        sentence +=
            "; " + grouped(storyteller.tallied()) +
            " more closes are in tallies only (FinWaitLog ... stuck), which have no cookies";
    complain(sentence);
    return std::max(read, Exit::failed_if);
}

}  // namespace finwait::report
