// SPDX-License-Identifier: Apache-2.0
#include "module/connection/backend_url.hpp"

#include <algorithm>
#include <charconv>

namespace finwait {

namespace {

struct Scheme {
    std::string_view before;  // the host
    std::uint16_t port;       // without one in the URL
};
// mod_proxy_fcgi.c (fcgi_scheme), mod_proxy_scgi.c (scgi_scheme), ajp.h (AJP13_DEF_PORT).
constexpr Scheme kWithoutConnection[] = {
    {"proxy:fcgi://", 8000}, {"proxy:scgi://", 4000}, {"proxy:ajp://", 8009}};

// "[::1]:9000" and the like.
std::string_view take_host(std::string_view& authority) {
    const bool has_brackets = authority.starts_with('[');
    const std::size_t length = authority.find(has_brackets ? ']' : ':');
    std::string_view host = authority.substr(0, length);
    authority.remove_prefix(std::min(authority.size(), length));
    if (has_brackets) host.remove_prefix(1);
    authority.remove_prefix(std::min(authority.find(':'), authority.size()));
    return host;
}

std::uint16_t port_in(std::string_view text, std::uint16_t otherwise) {
    if (text.empty()) return otherwise;
    std::uint16_t port = 0;
    std::from_chars(text.data() + 1, text.data() + text.size(), port);
    return port;
}

}  // namespace

std::vector<Endpoint> ends_of(std::string_view host, std::uint16_t port) {
    std::vector<Endpoint> ends;
    const auto add = [&](std::string_view text) {
        Endpoint end = endpoint_from_text(text);
        end.port = port;
        if (end.family != Endpoint::Family::none && port != 0) ends.push_back(end);
    };
    if (host == "localhost") {
        add("127.0.0.1");
        add("::1");
    } else {
        add(host);
    }
    return ends;
}

std::vector<Endpoint> ends_of_proxied(std::string_view filename) {
    for (const Scheme& scheme : kWithoutConnection) {
        if (!filename.starts_with(scheme.before)) continue;
        std::string_view rest = filename.substr(scheme.before.size());
        rest = rest.substr(0, rest.find('/'));
        const std::string_view host = take_host(rest);
        return ends_of(host, port_in(rest, scheme.port));
    }
    return {};
}

}  // namespace finwait
