// SPDX-License-Identifier: Apache-2.0
#include "module/connection/backend_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/loopback_ends.hpp"

namespace finwait {
namespace {

using test::ipv4;
using test::ipv6;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(BackendUrl, OfAProxiedRequestIsWhereItsUrlPoints) {
    EXPECT_THAT(ends_of_proxied("proxy:fcgi://127.0.0.1:9000/srv/a.php"), ElementsAre(ipv4(9000)));
    EXPECT_THAT(ends_of_proxied("proxy:fcgi://[::1]:9000/a.php"), ElementsAre(ipv6(9000)));
    EXPECT_THAT(ends_of_proxied("proxy:scgi://127.0.0.1:4001"), ElementsAre(ipv4(4001)));
    EXPECT_THAT(ends_of_proxied("proxy:ajp://localhost:8010/app"),
                ElementsAre(ipv4(8010), ipv6(8010)));
}

TEST(BackendUrl, WithoutAPortIsTheSchemesOwn) {
    EXPECT_THAT(ends_of_proxied("proxy:fcgi://127.0.0.1/a.php"), ElementsAre(ipv4(8000)));
    EXPECT_THAT(ends_of_proxied("proxy:scgi://127.0.0.1"), ElementsAre(ipv4(4000)));
    EXPECT_THAT(ends_of_proxied("proxy:ajp://[::1]/app"), ElementsAre(ipv6(8009)));
}

TEST(BackendUrl, OfWhatIsNoAddressIsNotKnown) {
    for (const char* name :
         {"", "/srv/index.html", "proxy:http://127.0.0.1:80/", "proxy:fcgi://",
          "proxy:fcgi://php:9000/", "proxy:fcgi://[", "proxy:fcgi://[]", "proxy:fcgi://:9000/",
          "proxy:fcgi://127.0.0.1:0/", "proxy:ajp://localhost:0/", "proxy:fcgi://127.0.0.1:/",
          "proxy:fcgi://127.0.0.1:99999/"})
        EXPECT_THAT(ends_of_proxied(name), IsEmpty()) << name;
}

}  // namespace
}  // namespace finwait
