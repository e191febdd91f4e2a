// SPDX-License-Identifier: Apache-2.0
#include "report/input/find_logs.hpp"

#include <glob.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace finwait::report {

namespace {

struct Matches {
    std::vector<std::string> paths;
    int error = 0;  // why its directory could not be read
};

Matches matches_of(const std::string& pattern) {
    Matches matches;
    glob_t found{};
    if (const int outcome = glob(pattern.c_str(), GLOB_ERR, nullptr, &found); outcome == 0)
        matches.paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    else if (outcome == GLOB_ABORTED)
        matches.error = errno;
    globfree(&found);
    return matches;
}

// Glob characters in a directory's own name stand for themselves.
std::string quoted(const std::string& path) {
    std::string text;
    for (const char c : path) {
        if (std::strchr("*?[\\", c) != nullptr) text += '\\';
        text += c;
    }
    return text;
}

class Finder {
  public:
    void find(const std::string& word) {
        struct stat status {};
        if (word == "-")
            found_.files.push_back(word);
        else if (stat(word.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
            add_directory(word);
        else if (add(word))
            return;
        else if (const int error = errno; word.find_first_of("*?[") != std::string::npos)
            add_all(word, "no file matches '" + word + "'");
        else
            found_.errors.push_back("cannot read '" + word + "': " + std::strerror(error));
    }

    // An error is a directory that may have a log and must not be read; that there is none is not.
    void find_in(const std::string& directory) { add_all(directory + "/finwait.log*", ""); }

    [[nodiscard]] FoundLogs found() && { return std::move(found_); }

  private:
    void add_directory(const std::string& directory) {
        add_all(quoted(directory) + "/*finwait*", "no file in the directory '" + directory +
                                                      "' has finwait in its name; name the files");
    }

    void add_all(const std::string& pattern, std::string error) {
        const Matches matches = matches_of(pattern);
        bool any = false;
        for (const std::string& path : matches.paths) any = add(path) || any;
        if (matches.error == EACCES)
            error = "cannot read '" + pattern + "': " + std::strerror(EACCES);
        if (!any && !error.empty()) found_.errors.push_back(std::move(error));
    }

    bool add(const std::string& path) {
        struct stat status {};
        if (stat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) return false;
        if (seen_.emplace(status.st_dev, status.st_ino).second) found_.files.push_back(path);
        return true;
    }

    FoundLogs found_;
    std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

FoundLogs find_logs(const std::vector<std::string>& words) {
    Finder finder;
    for (const std::string& word : words) finder.find(word);
    return std::move(finder).found();
}

FoundLogs logs_in(std::span<const char* const> directories) {
    Finder finder;
    for (const char* directory : directories) finder.find_in(directory);
    return std::move(finder).found();
}

}  // namespace finwait::report
