// SPDX-License-Identifier: Apache-2.0
//
// The last of the reply, the goodbye and our FIN leave in one segment, and wait for nothing that
// comes after the reply.
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>

#include "server/each.hpp"

namespace finwait::test {
namespace {

// What the client's kernel has received of this connection.
std::uint32_t segments_received(const Client& client) {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_segs_in;
}

std::uint32_t segments_of_last_reply(Httpd& httpd, Transport transport, const std::string& path) {
    Client client = httpd.client(transport);
    EXPECT_TRUE(client.get(path, "Connection: close\r\n").complete);
    EXPECT_EQ(client.wait_end(5s), End::fin);
    return segments_received(client);
}

struct Segments : PerMpmAndTransport {
    Httpd with{mpm, "KeepAliveTimeout 200ms"};
    Httpd without{mpm, "KeepAliveTimeout 200ms\nFinWaitEngine Off"};
};

TEST_P(Segments, AreFewerByTheOneThatWasOnlyOurFin) {
    const std::uint32_t joined = segments_of_last_reply(with, transport, "/small");
    const std::uint32_t apart = segments_of_last_reply(without, transport, "/small");
    EXPECT_LT(joined, apart);
    if (transport == Transport::plain) {
        EXPECT_EQ(joined, apart - 1);
    }
}

INSTANTIATE_TEST_SUITE_P(Each, Segments,
                         testing::Combine(testing::ValuesIn(kEachMpm),
                                          testing::ValuesIn(kEachTransport)),
                         NameOf());

// httpd waits three seconds for such a program when it clears the request.
constexpr const char* kStubborn = R"(#!/bin/sh
trap '' TERM
printf 'Content-Type: text/plain\r\n\r\nhello'
exec >&- 2>&-
read ignored <"$(dirname "$0")/gate"
)";

TEST(LastReply, DoesNotWaitForWhatFollowsIt) {
    Httpd httpd(Mpm::prefork, "LoadModule cgi_module ${modules}/mod_cgi.so\n"
                              "ScriptAlias /stubborn ${dir}/stubborn\n");
    const std::string program = httpd.dir() + "/stubborn";
    std::ofstream(program) << kStubborn;
    ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
    ASSERT_EQ(::mkfifo((httpd.dir() + "/gate").c_str(), 0644), 0);
    Client client = httpd.client();
    const auto asked = Clock::now();
    client.ask("/stubborn", "Connection: close\r\n");
    EXPECT_EQ(client.reply().body, "hello");
    EXPECT_EQ(client.wait_end(5s), End::fin);
    EXPECT_LT(Clock::now() - asked, 150ms);  // the kernel holds a segment back for 200 ms
    std::ofstream(httpd.dir() + "/gate") << "go\n";
    client.close();
    EXPECT_EQ(httpd.record_of(client).cause, Cause::client_asked);
}

}  // namespace
}  // namespace finwait::test
