// SPDX-License-Identifier: Apache-2.0
//
// A real HAProxy or nginx in front of a test's httpd, which keeps its connections to it in a pool.
// t/setup unpacks both under build/peers; where they are not, a test that wants one is skipped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clients/client.hpp"

namespace finwait::test {

enum class ProxyKind : std::uint8_t { haproxy, nginx };

struct ProxyOptions {
    ProxyKind kind = ProxyKind::haproxy;
    bool says_via = false;
    bool sends_proxy_protocol = false;  // HAProxy only: nginx does not for HTTP
};

class FrontProxy {
  public:
    // `address` is the TCP peer that httpd sees.
    FrontProxy(const ProxyOptions& options, const std::string& address, std::uint16_t httpd_port);

    // A user's, from an address of its own: the proxy tells it in X-Forwarded-For.
    [[nodiscard]] Client user(const std::string& user_agent, const std::string& source) const;

    void freeze() const;  // its kernel goes on to acknowledge, it does not
    void thaw() const;

  private:
    std::uint16_t port_ = 0;
    Process process_;
};

}  // namespace finwait::test
