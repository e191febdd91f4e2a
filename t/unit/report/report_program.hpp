// SPDX-License-Identifier: Apache-2.0
//
// The real finwait-report on real files in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "clients/process.hpp"

namespace finwait::test {

inline std::string report_executable() {
    if (const char* path = std::getenv("FINWAIT_REPORT")) return path;
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "finwait-report";
}

class ReportProgram : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "finwait-report-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        dir = name;
    }
    void TearDown() override { std::filesystem::remove_all(dir); }

    [[nodiscard]] std::string path(const std::string& name) const { return dir + "/" + name; }

    std::string file(const std::string& name, const std::string& text) const {
        write_file(path(name), text);
        return path(name);
    }

    struct Answer {
        int exit_code = -1;
        std::string out, err;
    };

    // By a shell, so that the two outputs are told apart; `words` are its words.
    [[nodiscard]] Answer ask(const std::string& words) const {
        const std::string errors = path("stderr");
        const Finished finished = run(
            {"sh", "-c", "TZ=UTC exec 2>'" + errors + "'; " + report_executable() + " " + words},
            60s);
        return {finished.exit_code, finished.output, read_file(errors)};
    }

    std::string dir;
};

}  // namespace finwait::test
