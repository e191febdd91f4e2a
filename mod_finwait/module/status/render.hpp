// SPDX-License-Identifier: Apache-2.0
//
// The status page in each of its formats.
#pragma once

#include <string>

#include "module/status/view.hpp"

namespace finwait {

// What the page may load: nothing but its own style. Sent as a header and repeated in the page, so
// that a saved copy is as inert.
inline constexpr char kStatusContentPolicy[] =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

// For people: one HTML file that needs nothing else, no script above all. Whatever a client sent
// stands in it as text.
[[nodiscard]] std::string render_page(const StatusView& view);

// Raised whenever a member goes or changes its meaning; a new member does not raise it.
inline constexpr int kStatusJsonVersion = 2;

// One object; docs/status.md names its members. Valid UTF-8 whatever clients sent: what is not
// becomes U+FFFD.
[[nodiscard]] std::string render_json(const StatusView& view);

// For Prometheus: text format 0.0.4. No label ever holds what a client sent; the one free text is a
// virtual host's name.
[[nodiscard]] std::string render_metrics(const StatusView& view);

}  // namespace finwait
