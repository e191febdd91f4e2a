// SPDX-License-Identifier: Apache-2.0
//
// What a client's makers should know, in Markdown for their tracker: what was seen, what the
// standard asks, how to see it themselves, what would mend it.
#pragma once

#include <string>

#include "report/analysis/evidence.hpp"

namespace finwait::report {

// `command`: what makes the client do one request to http://127.0.0.1:8080/ and stay; "": nobody
// said. Precondition: some of its closes got stuck.
[[nodiscard]] std::string render_bug_report(const Evidence& evidence, const std::string& command);

}  // namespace finwait::report
