// SPDX-License-Identifier: Apache-2.0
//
// Compressed logs, whole and damaged, of every kind.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "unit/report/report_logs.hpp"
#include "unit/report/report_program.hpp"

namespace finwait::test {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

struct ReportCompressed : ReportProgram {
    const std::vector<Record> closes = some_closes(3'000);

    static std::uint64_t closes_in(const std::string& answer) {
        return json::parse(answer)["all"]["stuck"]["closes"];
    }
};

TEST_F(ReportCompressed, ReadsWhatIsCompressedByItsContent) {
    const std::string log = file("plain", all_log(closes));
    const std::string whole = ask("--json " + log).out;
    for (const char* tool : {"gzip", "zstd", "xz", "bzip2"}) {
        // Without a name that would tell; twice, as when rotated files are put together.
        const std::string packed = path(std::string("packed-") + tool);
        ASSERT_EQ(run({"sh", "-c", std::string(tool) + " -c " + log + " >" + packed}).exit_code, 0);
        const Answer answer = ask("--json " + packed);
        EXPECT_EQ(answer.exit_code, 0) << tool << answer.err;
        EXPECT_EQ(json::parse(answer.out)["all"], json::parse(whole)["all"]) << tool;
        ASSERT_EQ(run({"sh", "-c", "cat " + packed + " " + packed + " >" + packed + "2"}).exit_code,
                  0);
        EXPECT_EQ(closes_in(ask("--json " + packed + "2").out), 2 * closes.size()) << tool;
        EXPECT_EQ(closes_in(ask("--json - <" + packed).out), closes.size()) << tool;
    }
}

TEST_F(ReportCompressed, GivesWhatATruncatedFileHasAndANote) {
    const std::string plain = file("plain", all_log(some_closes(20'000)));
    for (const std::string tool : {"gzip", "zstd", "xz", "bzip2"}) {
        const std::string packed = path(tool), cut = path("cut-" + tool);
        ASSERT_EQ(run({"sh", "-c", tool + " -c " + plain + " >" + packed}).exit_code, 0);
        const auto size = std::filesystem::file_size(packed);
        file("cut-" + tool, read_file(packed).substr(0, size / 2));
        // Every whole line that can be decoded.
        const std::string text = run({"sh", "-c", tool + " -dc <" + cut + " 2>/dev/null"}).output;
        const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
        for (const std::string& words : {cut, "- <" + cut}) {
            const Answer answer = ask("--json " + words);
            EXPECT_EQ(answer.exit_code, lines == 0 ? 3 : 0) << words << answer.err;
            if (lines == 0) continue;  // bzip2 decodes nothing of a block that is cut
            const json reading = json::parse(answer.out)["reading"];
            EXPECT_EQ(reading["records"], lines) << words;
            EXPECT_LE(reading["broken"]["lines"], 1U) << words;
            EXPECT_THAT(reading["notes"][0], HasSubstr("' was read in part: ")) << words;
        }
        if (tool != "bzip2") {
            EXPECT_GT(lines, 1'000U) << tool;
        }
    }
}

// libarchive cannot even begin with these.
TEST_F(ReportCompressed, GivesWhatATinyTruncatedFileHas) {
    const std::string plain = file("plain", all_log(some_closes(1'000)));
    ASSERT_EQ(run({"sh", "-c", "gzip -c " + plain + " >" + path("whole")}).exit_code, 0);
    const std::string cut = file("cut", read_file(path("whole")).substr(0, 3'000));
    const Answer answer = ask("--json " + cut);
    EXPECT_EQ(answer.exit_code, 0) << answer.err;
    EXPECT_GT(closes_in(answer.out), 10U);
    const std::string quoted = file("a 'b $(c)", read_file(cut));
    const Finished same = run({report_executable(), "--json", quoted});
    EXPECT_EQ(closes_in(same.output), closes_in(answer.out));
}

TEST_F(ReportCompressed, SaysThatTheCompressorsProgramIsMissingForMore) {
    const std::string plain = file("plain", all_log(some_closes(20'000)));
    ASSERT_EQ(run({"sh", "-c", "gzip -c " + plain + " | head -c 200000 >" + path("cut")}).exit_code,
              0);
    const json whole = json::parse(ask("--json " + path("cut")).out)["reading"];
    const Finished finished = run(
        {"sh", "-c", "PATH=/nonexistent exec " + report_executable() + " --json " + path("cut")});
    const json part = json::parse(finished.output)["reading"];
    EXPECT_LT(part["records"], whole["records"]);
    EXPECT_THAT(part["notes"][0], EndsWith("more could be read with gzip installed"));
    EXPECT_THAT(whole["notes"][0], Not(HasSubstr("installed")));
}

}  // namespace
}  // namespace finwait::test
