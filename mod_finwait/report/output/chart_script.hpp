// SPDX-License-Identifier: Apache-2.0
//
// uPlot and what feeds it, put in by the build (see the Makefile); all empty without uPlot.
#pragma once

#include <string_view>

namespace finwait::report {

extern const std::string_view kChartScript;
extern const std::string_view kChartScriptHash;  // SHA-256 in base64, for the page's policy
extern const std::string_view kChartStyle;

}  // namespace finwait::report
