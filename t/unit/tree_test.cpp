// SPDX-License-Identifier: Apache-2.0
//
// The folders are the architecture: what a file of mod_finwait may include. Run from the top of the
// tree, as t/check does.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "finwait/version.hpp"

namespace finwait::test {
namespace {

namespace fs = std::filesystem;

// Each program as a house: floors from the top down, each the beginning of a path. A file stands on
// the first floor it fits, and includes its own and those below.
using House = std::vector<std::string>;
const House kHouses[] = {
    {"module/hooks", "module/status/", "module/connection/", "module/parent/", "module/config/",
     "module/", "presentation/", "contract/", "finwait/"},
    {"closer/main", "closer/(closer|start_up)", "closer/sandbox/", "closer/drain/",
     "closer/remedy/", "closer/log/", "closer/ledger/", "closer/channel/", "closer/", "contract/",
     "finwait/"},
    {"report/main", "report/commands/", "report/(options|command_line|engine_option)",
     "report/output/", "report/fleet/", "report/analysis/", "report/families/", "report/input/",
     "presentation/", "contract/", "finwait/"},
};

// Of headers that are not ours: which of them only these files may include.
struct Reserved {
    const char* headers;
    const char* files;
};
const Reserved kReserved[] = {
    {"ap_.*|apr_.*|http(d|_.*)\\.h|mod_.*|mpm_.*|scoreboard\\.h|util_.*", "module/"},
    {"linux/(inet_diag|netlink|sock_diag)\\.h", "module/status/"},  // the closer asks no table
    {"sys/epoll\\.h", "closer/"},
    {".*[./].*", "(module|closer|report|presentation|contract)/"},  // not the standard library
};

constexpr std::size_t kLinesMax = 299;

std::vector<std::string> lines_of(const fs::path& file) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::vector<fs::path> files_of(const std::vector<std::string>& folders, const char* name) {
    std::vector<fs::path> files;
    for (const std::string& folder : folders)
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.is_regular_file() && RE2::FullMatch(entry.path().filename().string(), name))
                files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

bool begins(const std::string& path, const std::string& floor) {
    return RE2::PartialMatch(path, "^(?:" + floor + ")");
}

House::const_iterator floor_of(const std::string& path, const House& house) {
    return std::ranges::find_if(house, [&](const auto& floor) { return begins(path, floor); });
}

// "" where a house has the one on or above the floor of the other, else the floors it could have.
std::string may_only_include(const std::string& file, const std::string& included) {
    std::string allowed;
    for (const House& house : kHouses) {
        const auto own = floor_of(file, house);
        if (own == house.end()) continue;
        const auto other = floor_of(included, house);
        if (other != house.end() && own <= other) return {};
        for (auto floor = own; floor != house.end(); ++floor) allowed += " " + *floor;
    }
    return allowed.empty() ? " nothing: no house has a floor for it" : allowed;
}

struct Include {
    std::string file, header;
    bool is_ours = false;
};

std::vector<Include> includes() {
    static const RE2 line(R"-(#\s*include (<(.+)>|"(.+)").*)-");
    std::vector<Include> all;
    for (const std::string root : {"include", "mod_finwait"})
        for (const fs::path& file : files_of({root}, R"(.*\.(c|h|cpp|hpp))"))
            for (const std::string& text : lines_of(file))
                if (std::string systems, ours; RE2::FullMatch(text, line, nullptr, &systems, &ours))
                    all.push_back(
                        {fs::relative(file, root).string(), systems + ours, !ours.empty()});
    return all;
}

TEST(Tree, IncludesRunDownwardsOnly) {
    std::size_t seen = 0;
    for (const auto& [file, header, is_ours] : includes()) {
        if (!is_ours) continue;
        ++seen;
        const std::string allowed = may_only_include(file, header);
        if (allowed.empty()) continue;
        ADD_FAILURE() << file << " includes " << header << ": of ours it may include only"
                      << allowed;
    }
    EXPECT_GT(seen, 500U) << "is this the top of the tree?";
}

TEST(Tree, SystemHeadersStayInTheirRooms) {
    for (const auto& [file, header, is_ours] : includes()) {
        if (is_ours) continue;
        for (const auto& [headers, files] : kReserved)
            if (RE2::FullMatch(header, headers) && !begins(file, files))
                ADD_FAILURE() << file << " includes <" << header << ">, which only files of "
                              << files << " may";
    }
}

TEST(Tree, HasNoLongSourceFile) {
    for (const fs::path& file :
         files_of({"include", "mod_finwait", "t"}, R"([^.]+|.*\.(c|h|cpp|hpp|py|js|mjs|java|go))"))
        EXPECT_LE(lines_of(file).size(), kLinesMax)
            << file.string() << " has a second idea by now: cut it there";
}

// A room or a file in code marks; a file of a room may stand there without it.
TEST(Tree, HasEveryPlaceThatInternalsNames) {
    std::string places = "/";
    for (const std::string root : {"conf", "docs", "include", "mod_finwait", "t"})
        for (const auto& entry : fs::recursive_directory_iterator(root))
            places += entry.path().string() + (entry.is_directory() ? "/\n/" : "\n/");
    static const RE2 place(R"(`([\w/.-]+(/|\.(c|cpp|csv|conf|hpp|md)))`)");
    for (const std::string& line : lines_of("docs/internals.md")) {
        re2::StringPiece rest(line);
        for (std::string named; RE2::FindAndConsume(&rest, place, &named);)
            EXPECT_NE(places.find("/" + named + "\n"), std::string::npos)
                << "docs/internals.md names " << named << ", which is nowhere";
    }
}

// The newest of a history comes first.
TEST(Tree, HasOneVersionInThePackages) {
    constexpr const char* kVersions[][2] = {
        {"CHANGES.md", R"(## ([\d.]+) .*)"},
        {"conf/packages/debian/changelog", R"(mod-finwait \(([\d.]+)-.*)"},
        {"conf/packages/rpm/mod_finwait.spec", R"(Version: +(.*))"},
        {"conf/packages/rpm/mod_finwait.spec", R"(\*.* - ([\d.]+)-\d+)"},
        {"conf/packages/selinux/mod_finwait.te", R"(module mod_finwait (.*);)"},
    };
    for (const auto& [file, line_of_version] : kVersions) {
        std::string version = "none";
        for (const std::string& line : lines_of(file))
            if (RE2::FullMatch(line, line_of_version, &version)) break;
        EXPECT_EQ(version, kVersion) << "in " << file;
    }
}

}  // namespace
}  // namespace finwait::test
