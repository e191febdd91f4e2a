// SPDX-License-Identifier: Apache-2.0
//
// Replies of two servers, made comparable.
#pragma once

#include <regex>
#include <string>

#include "server/httpd.hpp"

namespace finwait::test {

// What differs from one run to the next, whatever is loaded.
inline std::string without_variables(std::string text, const Httpd& httpd) {
    text = std::regex_replace(text, std::regex("\\bdate: [^\r]*", std::regex::icase), "date: -");
    for (const Transport transport : {Transport::plain, Transport::tls})
        text = std::regex_replace(
            text, std::regex("\\b" + std::to_string(httpd.port(transport)) + "\\b"), "PORT");
    return text;
}

}  // namespace finwait::test
