// SPDX-License-Identifier: Apache-2.0
//
// One question to a server over HTTP. No redirect is followed: where a server sends one, another
// URL was meant.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace finwait::report {

struct HttpQuestion {
    std::string url{};
    std::string user{}, password{};  // Basic, where there is a user
    std::string body{};              // POST, where there is one
    // Fields of a form that goes to the server instead of the body.
    std::vector<std::pair<std::string, std::string>> form{};
    long seconds = 20;
};

struct HttpAnswer {
    long status = 0;
    std::string error;    // why there is none, or no whole one; "" where the status is 200
    std::string refusal;  // the beginning of what came with another status than 200
};

// Gives the body of a 200 to `take` as it comes; `take` ends it by false.
[[nodiscard]] HttpAnswer ask_http(const HttpQuestion& question,
                                  const std::function<bool(std::string_view)>& take);

}  // namespace finwait::report
