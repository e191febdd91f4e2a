// SPDX-License-Identifier: Apache-2.0
//
// No exception may cross into httpd. Every function that httpd calls runs its body through
// guarded(): whatever is thrown becomes a line in the error log and the value that lets httpd go on
// by itself.
#pragma once

#include <exception>
#include <utility>

#include "module/httpd.hpp"

namespace finwait {

template <typename Result, typename Body>
Result guarded(const char* where, Result otherwise, Body&& body) noexcept {
    try {
        return std::forward<Body>(body)();
    } catch (const std::exception& error) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf, "finwait: %s: %s", where,
                     error.what());
    } catch (...) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf, "finwait: %s: unknown exception",
                     where);
    }
    return otherwise;
}

}  // namespace finwait
