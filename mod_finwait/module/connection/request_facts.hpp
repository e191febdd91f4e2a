// SPDX-License-Identifier: Apache-2.0
//
// What httpd knows of a request, in our words. The thread that serves it.
#pragma once

#include <optional>

#include "module/connection/client_note.hpp"
#include "module/httpd.hpp"

namespace finwait {

// mod_http2 serves that request again, as the first stream.
[[nodiscard]] bool is_upgrade_to_http_2(const request_rec* r);

[[nodiscard]] bool has_body(const request_rec* r);
[[nodiscard]] bool is_timed_out(const request_rec* r);
// Refused while it was read, so that what is known of it may be only a part.
[[nodiscard]] bool is_malformed(const request_rec* r);

// Only who sent it.
[[nodiscard]] RequestSeen sender_of(const request_rec* r);
// The views live as long as the requests. `last` is that of an internal redirect's chain, or the
// same.
[[nodiscard]] RequestSeen request_seen(const request_rec* first, const request_rec* last);

// What the reply means for the connection; nothing where it may go on.
[[nodiscard]] std::optional<Cause> closing_cause(request_rec* first, request_rec* last);

}  // namespace finwait
