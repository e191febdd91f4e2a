// SPDX-License-Identifier: Apache-2.0
//
// Debian's own rule for Apache's logs, run by logrotate under load.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "clients/can.hpp"
#include "clients/crowd.hpp"
#include "contract/parse_record.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// /etc/logrotate.d/apache2 of Debian 12 and 13; the folder and the way to reload httpd are the
// test's. (Its prerotate runs what is in a folder that is empty.)
std::string debians_rule(const std::string& dir) {
    return dir + R"(/*.log {
	daily
	missingok
	rotate 14
	compress
	delaycompress
	notifempty
	create 640 root adm
	sharedscripts
	prerotate
		if [ -d /etc/logrotate.d/httpd-prerotate ]; then
			run-parts /etc/logrotate.d/httpd-prerotate
		fi
	endscript
	postrotate
		if pgrep -f ^/usr/sbin/apache2 > /dev/null; then
			kill -USR1 $(cat )" +
           dir + R"(/httpd.pid)
		fi
	endscript
}
)";
}

// Of all files, compressed or not.
std::vector<std::string> lines_of_all(const std::string& dir) {
    std::istringstream text(run({"sh", "-c", "zcat -f " + dir + "/finwait.log*"}).output);
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

struct Rotated : PerMpm {
    Httpd httpd{mpm};

    void rotate() {
        const std::string rule = httpd.dir() + "/rule";
        write_file(rule, debians_rule(httpd.dir()));
        const Finished rotated = run({"logrotate", "-f", "-s", httpd.dir() + "/rotated", rule});
        ASSERT_EQ(rotated.exit_code, 0) << rotated.output;
    }
};

TEST_P(Rotated, TwiceUnderLoadHasEachCloseOnce) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may give a log to adm";
    if (run({"sh", "-c", "command -v logrotate"}).exit_code != 0)
        GTEST_SKIP() << "there is no logrotate";
    Load load(httpd.port(), 3);
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(load.wait_for(200));
        ASSERT_EVENTUALLY(httpd.records(), Not(IsEmpty())) << "the rule says notifempty";
        rotate();
        ASSERT_EVENTUALLY(httpd.records(), Not(IsEmpty())) << "of the new file";
    }
    ASSERT_TRUE(load.wait_for(200));
    load.stop();
    EXPECT_EQ(load.failures(), 0U) << load.first_failure();
    EXPECT_EVENTUALLY(lines_of_all(httpd.dir()), SizeIs(load.requests()));
    std::set<std::uint64_t> sockets;
    for (const std::string& line : lines_of_all(httpd.dir())) {
        const auto record = parse_record(line);
        ASSERT_TRUE(record) << line;
        if (record->socket_cookie == 0) continue;
        EXPECT_TRUE(sockets.insert(record->socket_cookie).second) << "twice: " << line;
    }
    EXPECT_TRUE(std::filesystem::exists(httpd.dir() + "/finwait.log.2.gz"));
}

INSTANTIATE_TEST_SUITE_P(Each, Rotated, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
