// SPDX-License-Identifier: Apache-2.0
//
// The two tables that parametrised suites run over.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "server/httpd.hpp"

namespace finwait::test {

inline constexpr Mpm kEachMpm[] = {Mpm::event, Mpm::worker, Mpm::prefork};
inline constexpr Transport kEachTransport[] = {Transport::plain, Transport::tls, Transport::h2};

struct PerMpm : testing::TestWithParam<Mpm> {
    Mpm mpm = GetParam();
};

struct PerMpmAndTransport : testing::TestWithParam<std::tuple<Mpm, Transport>> {
    Mpm mpm = std::get<0>(GetParam());
    Transport transport = std::get<1>(GetParam());
    // mod_http2 is inactive on prefork: there the client offers h2 and is answered in HTTP/1.1.
    bool is_h2 = transport == Transport::h2 && mpm != Mpm::prefork;
};

struct NameOf {
    std::string operator()(const testing::TestParamInfo<Mpm>& info) const {
        return mpm_name(info.param);
    }
    std::string operator()(const testing::TestParamInfo<std::tuple<Mpm, Transport>>& info) const {
        return mpm_name(std::get<0>(info.param)) + "_" + transport_name(std::get<1>(info.param));
    }
};

}  // namespace finwait::test
