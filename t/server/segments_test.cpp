// SPDX-License-Identifier: Apache-2.0
//
// The last of the reply, the goodbye and our FIN leave in one segment, and wait for nothing that
// comes after the reply.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "clients/can.hpp"
#include "clients/capture.hpp"
#include "server/each.hpp"

namespace finwait::test {
namespace {

struct Segments : PerMpmAndTransport {
    Httpd with{mpm, "KeepAliveTimeout 200ms"};
    Httpd without{mpm, "KeepAliveTimeout 200ms\nFinWaitEngine Off"};
    Reply reply;

    void SetUp() override { SKIP_IF(why_no_capture()); }

    // Payload of the segment that our FIN came in.
    std::size_t payload_of_fin(Httpd& httpd) {
        Capture capture(httpd.port(transport));
        Client client = httpd.client(transport);
        reply = client.get("/small", "Connection: close\r\n");
        EXPECT_TRUE(reply.complete);
        EXPECT_EQ(client.wait_end(), End::fin);
        const auto fin = capture.next([&](const Segment& segment) {
            return segment.has_fin && segment.destination == client.local_port();
        });
        EXPECT_TRUE(fin) << "no FIN was captured";
        return fin.value_or(Segment()).payload;
    }
};

TEST_P(Segments, EndWithTheLastBytesAndTheFinInOne) {
    const std::size_t joined = payload_of_fin(with);
    EXPECT_GT(joined, 0U);
    if (transport == Transport::plain) {
        EXPECT_GE(joined, reply.headers.size() + reply.body.size()) << "not all of the reply";
    }
    EXPECT_EQ(payload_of_fin(without), 0U);
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

// Nobody waits at it where httpd has already ended the program.
void open_gate(const std::string& gate) {
    int fd = -1;
    (void)wait_until(10s, [&] {
        fd = ::open(gate.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        return fd >= 0;
    });
    if (fd < 0) return;
    EXPECT_EQ(::write(fd, "go\n", 3), 3);
    ::close(fd);
}

TEST(LastReply, DoesNotWaitForWhatFollowsIt) {
    Httpd httpd(Mpm::prefork,
                "LoadModule cgi_module ${modules}/mod_cgi.so\n"
                "ScriptAlias /stubborn ${dir}/stubborn\n");
    const std::string program = httpd.dir() + "/stubborn";
    std::ofstream(program) << kStubborn;
    ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
    ASSERT_EQ(::mkfifo((httpd.dir() + "/gate").c_str(), 0644), 0);
    const auto time_to_the_end = [&] {
        Client client = httpd.client();
        const auto asked = Clock::now();
        client.ask("/stubborn", "Connection: close\r\n");
        EXPECT_EQ(client.reply().body, "hello");
        EXPECT_EQ(client.wait_end(), End::fin);
        const auto time = std::chrono::ceil<milliseconds>(Clock::now() - asked);
        open_gate(httpd.dir() + "/gate");
        client.close();
        EXPECT_EQ(httpd.record_of(client).cause, Cause::client_asked);
        return time.count();
    };
    // The kernel holds a segment back for 200 ms. A busy machine may make some replies late, a wait
    // for what follows would make all of them so.
    EXPECT_EVENTUALLY(time_to_the_end(), testing::Lt(150));
}

}  // namespace
}  // namespace finwait::test
