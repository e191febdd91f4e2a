// SPDX-License-Identifier: Apache-2.0
//
// Backends of mod_proxy that end in the middle, and clients that do not wait for them.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>

#include "clients/crowd.hpp"
#include "server/field.hpp"

namespace finwait::test {
namespace {

// Reads a request and answers it with that, and no more.
std::function<void(int)> answers(std::string bytes, bool resets = false) {
    return [bytes = std::move(bytes), resets](int fd) {
        char request[4096];
        if (::recv(fd, request, sizeof request, 0) <= 0) return;
        (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        const linger abort{resets ? 1 : 0, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    };
}

const std::string kShort = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
const std::string kShortChunks =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
const std::string kUntilItsEnd = "HTTP/1.1 200 OK\r\n\r\nall there is";

std::string proxied(const std::string& path, const Backend& backend) {
    return "ProxyPass " + path + " http://127.0.0.1:" + std::to_string(backend.port()) + path +
           "\n";
}

auto asks(const char* path, const char* version = "1.1") {
    return [path, version](Client& client) {
        client.send("GET " + std::string(path) + " HTTP/" + version +
                    "\r\nHost: localhost\r\n\r\n");
    };
}

constexpr HttpVersion k11 = HttpVersion::http_1_1;

const Fault kFaults[] = {
    {"ReplyShorterThanItsLength", Transport::plain, asks("/short"), Cause::error, 1, k11},
    {"ChunksWithoutTheirEnd", Transport::plain, asks("/chunks"), Cause::error, 1, k11},
    {"ReplyUntilTheBackendsFin", Transport::plain, asks("/until"), Cause::keepalive_timeout, 1,
     k11},
    {"ReplyUntilTheBackendsFinToAnOldClient", Transport::plain, asks("/until", "1.0"),
     Cause::client_asked, 1, HttpVersion::http_1_0},
};

using FieldBackend = PerMpm;

TEST_P(FieldBackend, FaultsAreAsStockAndRecordedAsTheyAre) {
    Backend is_short(answers(kShort)), chunks(answers(kShortChunks)), until(answers(kUntilItsEnd));
    expect_as_stock_and_recorded(mpm,
                                 "LoadModule proxy_module ${modules}/mod_proxy.so\n"
                                 "LoadModule proxy_http_module ${modules}/mod_proxy_http.so\n" +
                                     proxied("/short", is_short) + proxied("/chunks", chunks) +
                                     proxied("/until", until),
                                 kFaults, {"AH01110", "proxy_http:error"});
}

INSTANTIATE_TEST_SUITE_P(Each, FieldBackend, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
