// SPDX-License-Identifier: Apache-2.0
//
// What to put into httpd.conf about the culprits, with the evidence. Safe to load whatever a client
// called itself: of its text only letters, digits and a few others are written.
#pragma once

#include <string>
#include <string_view>

#include "report/analysis/report.hpp"

namespace finwait::report {

[[nodiscard]] std::string render_httpd_conf(const Report& report, const Collector& collected);

// A regular expression that matches this text, as it stands between the quotes of a BrowserMatch.
// Characters that mean something to httpd or to PCRE become `.`, U+FFFD the byte that it stands
// for, what is too long is cut.
[[nodiscard]] std::string browser_text(std::string_view text);
// One that matches this User-Agent and no longer one.
[[nodiscard]] std::string whole_browser(std::string_view text);

// For a comment: one line that cannot go on to the next.
[[nodiscard]] std::string conf_comment(std::string_view text);

}  // namespace finwait::report
