// SPDX-License-Identifier: Apache-2.0
//
// Where a backend that a URL names is to be found, without asking DNS. A value: any thread; no
// httpd.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "finwait/endpoint.hpp"

namespace finwait {

// Both of localhost; none of another name: DNS is not asked.
[[nodiscard]] std::vector<Endpoint> ends_of(std::string_view host, std::uint16_t port);

// Of what mod_proxy has made of a request's file name, "proxy:fcgi://127.0.0.1:9000/…"; none unless
// it is for a backend that httpd has no conn_rec for (FastCGI, SCGI, AJP).
[[nodiscard]] std::vector<Endpoint> ends_of_proxied(std::string_view filename);

}  // namespace finwait
