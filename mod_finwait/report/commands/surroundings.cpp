// SPDX-License-Identifier: Apache-2.0
#include "report/commands/surroundings.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "report/input/find_logs.hpp"
#include "report/output/terminal_text.hpp"

namespace finwait::report {

namespace {

constexpr const char* kHowToLog =
    "no finwait.log in /var/log/apache2, /var/log/httpd or /usr/local/apache2/logs. Name one, or "
    "let "
    "Apache write one:\n"
    "    LoadModule finwait_module modules/mod_finwait.so\n"
    "    FinWaitLog logs/finwait.log";

}  // namespace

void complain(const std::string& sentence) {
    std::fprintf(stderr, "finwait-report: %s\n", terminal_text(sentence).c_str());
}

Families families_for(const Options& options) {
    if (!options.ua_regexes.empty()) return Families::from_file(options.ua_regexes);
    if (std::filesystem::exists(kUapCoreRegexes)) return Families::from_file(kUapCoreRegexes);
    complain("uap-core is not installed: clients go by their first product; see --ua-regexes");
    return {};
}

void replace_file(const std::string& path, const std::string& text) {
    const std::string beside = path + ".new";
    std::ofstream file(beside, std::ios::binary);
    file << text;
    file.close();
    if (!file || std::rename(beside.c_str(), path.c_str()) != 0) {
        const std::string why = std::strerror(errno);
        std::remove(beside.c_str());
        throw std::runtime_error("cannot write '" + path + "': " + why);
    }
}

Screen screen_of_stdout() {
    Screen screen;
    if (isatty(STDOUT_FILENO) == 0) return screen;
    const char* no_colour = std::getenv("NO_COLOR");
    screen.has_colour = no_colour == nullptr || *no_colour == '\0';
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
        screen.columns = std::max<std::size_t>(size.ws_col, kColumnsMin);
    return screen;
}

std::vector<std::string> logs_of(const Options& options, Reading& reading) {
    const bool is_named = !options.inputs.empty();
    FoundLogs found = is_named ? find_logs(options.inputs) : logs_in(kUsualDirectories);
    if (!is_named && found.files.empty() && found.errors.empty()) throw UsageError(kHowToLog);
    reading.unreadable = std::move(found.errors);
    return std::move(found.files);
}

Exit complain_of_unreadable(const Reading& reading) {
    for (const std::string& sentence : reading.unreadable) complain(sentence);
    return reading.unreadable.empty() ? Exit::done : Exit::unreadable;
}

}  // namespace finwait::report
