// SPDX-License-Identifier: Apache-2.0
//
// The status page for Prometheus: text format 0.0.4. No label ever holds what a client sent; the
// one free text is a virtual host's name.
#pragma once

#include <string>

#include "closer/status/view.hpp"

namespace finwait {

[[nodiscard]] std::string render_metrics(const StatusView& view);

}  // namespace finwait
