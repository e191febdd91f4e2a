// SPDX-License-Identifier: Apache-2.0
#include "report/engine_option.hpp"

#include <curl/curl.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "report/options.hpp"

namespace finwait::report {

namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// "" where it has none.
std::string part_of(const Url& url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url.get(), part, &text, CURLU_URLDECODE) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
    return text;
}

std::string whole(const Url& url) {
    char* text = nullptr;
    if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
    return text;
}

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line))
        throw UsageError("--password-file '" + path + "' has no first line that can be read");
    return line;
}

std::string password_from(const CommandLine& line) {
    if (!line.password_file.empty()) return first_line(line.password_file);
    const char* password = std::getenv(kPasswordVariable);
    return password == nullptr ? "" : password;
}

}  // namespace

Engine engine_from(const CommandLine& line) {
    if (line.clickhouse.empty()) {
        if (line.password_file.empty()) return {};
        throw UsageError("--password-file '" + line.password_file + "' goes with --clickhouse");
    }
    const Url url(curl_url(), curl_url_cleanup);
    const bool is_url =
        curl_url_set(url.get(), CURLUPART_URL, line.clickhouse.c_str(), 0) == CURLUE_OK;
    const std::string scheme = part_of(url, CURLUPART_SCHEME);
    if (!part_of(url, CURLUPART_PASSWORD).empty())
        throw UsageError(
            std::string(
                "--clickhouse: the URL holds a password, which all can see who list processes; "
                "give it by --password-file or ") +
            kPasswordVariable);
    if (!is_url || (scheme != "http" && scheme != "https") ||
        !part_of(url, CURLUPART_QUERY).empty())
        throw UsageError("--clickhouse: that is no URL of an engine; write http://user@host:8123");
    Engine engine;
    engine.user = part_of(url, CURLUPART_USER);
    curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
    engine.url = whole(url);
    engine.password = password_from(line);
    if (engine.user.empty() && !engine.password.empty()) engine.user = "default";
    return engine;
}

}  // namespace finwait::report
