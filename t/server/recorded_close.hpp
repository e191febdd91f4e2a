// SPDX-License-Identifier: Apache-2.0
//
// That a server and its closer work: one close of a well-behaved client, from reply to Record.
#pragma once

#include <gtest/gtest.h>

#include "server/httpd.hpp"

namespace finwait::test {

inline void expect_a_recorded_close(Httpd& httpd) {
    Client client = httpd.client();
    EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(), End::fin);
    client.close();
    EXPECT_EQ(httpd.record_of(client).drain, Drain::fin);
}

}  // namespace finwait::test
