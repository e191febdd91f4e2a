// SPDX-License-Identifier: Apache-2.0
//
// What a server's closer has written: Records and tallies.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "server/httpd.hpp"

namespace finwait::test {

bool Httpd::is_written(const Counters& counters) const {
    if (!options_.with_log || read(counters.closer().dropped) > 0) return true;
    const std::string log = read_file(dir_ + "/finwait.log");
    return static_cast<std::uint64_t>(std::ranges::count(log, '\n')) >=
           read(counters.closer().records);
}

testing::AssertionResult Httpd::wait_settled(std::uint64_t closes) const {
    Counters last = counters_->snapshot();
    const bool settled = wait_until(kPatience, [&] {
        last = counters_->snapshot();
        return last.closes() >= closes && last.settled() && is_written(last);
    });
    if (settled) return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << "not " << closes << " closes, each accounted for and written, last seen: " << last;
}

std::vector<Record> Httpd::records(const std::string& log) const {
    std::vector<Record> found;
    int half_lines = 0;
    std::istringstream lines(read_file(log.starts_with('/') ? log : dir_ + "/" + log));
    for (std::string line; std::getline(lines, line);) {
        if (lines.eof()) break;  // the closer is writing it
        if (auto record = parse_record(line))
            found.push_back(std::move(*record));
        else if (!line.ends_with('}') && half_lines < half_lines_max_)
            ++half_lines;
        else if (line.find("finwait.dropped") == std::string::npos && !parse_tally(line))
            ADD_FAILURE() << "not a Record: " << line;
    }
    return found;
}

std::vector<TallyLine> Httpd::tallies(const std::string& log) const {
    std::vector<TallyLine> found;
    std::istringstream lines(read_file(dir_ + "/" + log));
    for (std::string line; std::getline(lines, line) && !lines.eof();)
        if (auto tally = parse_tally(line)) found.push_back(std::move(*tally));
    return found;
}

Record Httpd::record_of(const Client& client) {
    // The kernel may give a port once more, at once to a client with another address.
    asked_records_.push_back(wait_record([&](const Record& r) {
        return r.peer == client.local() && r.half_close >= client.begun();
    }));
    return asked_records_.back();
}

Record Httpd::wait_record(const std::function<bool(const Record&)>& fits) {
    std::optional<Record> found;
    (void)wait_until(kPatience, [&] {
        for (auto& record : records())
            if (fits(record)) found = std::move(record);
        return found.has_value();
    });
    if (!found)
        throw std::runtime_error("no such Record came; " + (counters_ ? counters_->text() : "") +
                                 "\n" + error_log());
    return *found;
}

void expect_drained_for(const Record& record, milliseconds limit) {
    constexpr milliseconds grain = 5ms, late = 8s;
    EXPECT_GE(milliseconds(record.drain_ms()), limit - grain) << record;
    EXPECT_LT(milliseconds(record.drain_ms()), limit + late) << record;
}

}  // namespace finwait::test

std::ostream& finwait::operator<<(std::ostream& out, const Record& record) {
    std::string line;
    append_record(line, record);
    return out << line;
}
