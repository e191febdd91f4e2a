// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/httpd.hpp"

namespace finwait::test {

struct Ports {
    std::uint16_t plain = 0;
    std::uint16_t tls = 0;
};

// Free ports below the ephemeral range, so that no client's own port can take one meanwhile.
Ports free_ports();

// A ServerRoot of its own under Suite::dir(), owned by `user` if there is one.
std::string make_server_root(const std::string& user);

std::string config_text(Mpm mpm, const std::string& directives, const HttpdOptions& options,
                        const std::string& dir, Ports ports);

// The same httpd, after a2dismod.
std::string without_module(const std::string& config);

// As a package manager does: a new file, moved over.
void install(const std::string& file, const std::string& as);
void install_script(const std::string& lines, const std::string& as);

}  // namespace finwait::test
