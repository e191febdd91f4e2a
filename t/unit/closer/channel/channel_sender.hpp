// SPDX-License-Identifier: Apache-2.0
//
// The other ends of a closer's channels: what httpd's children and parent send.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "closer/unique_fd.hpp"
#include "finwait/control.hpp"
#include "finwait/handoff.hpp"

namespace finwait::test {

inline std::vector<UniqueFd> one_lane(UniqueFd receiver) {
    std::vector<UniqueFd> lanes;
    lanes.push_back(std::move(receiver));
    return lanes;
}

inline std::pair<UniqueFd, UniqueFd> seqpacket_pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// 0 or an errno.
inline int send_message(const UniqueFd& end, std::span<const std::byte> bytes,
                        std::initializer_list<int> descriptors = {}, int flags = 0) {
    iovec payload{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    std::vector<std::byte> rights;
    if (descriptors.size() > 0) {
        const std::size_t size = descriptors.size() * sizeof(int);
        rights.resize(CMSG_SPACE(size));
        header.msg_control = rights.data();
        header.msg_controllen = rights.size();
        cmsghdr* part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(size);
        std::memcpy(CMSG_DATA(part), descriptors.begin(), size);
    }
    return ::sendmsg(end.get(), &header, flags | MSG_NOSIGNAL) < 0 ? errno : 0;
}

inline std::vector<std::byte> encoded(const Handoff& handoff) {
    std::vector<std::byte> bytes(kHandoffSizeMax);
    bytes.resize(encode(handoff, bytes));
    EXPECT_FALSE(bytes.empty());
    return bytes;
}

inline std::vector<std::byte> encoded(const Control& control) {
    std::vector<std::byte> bytes(kControlSizeMax);
    bytes.resize(encode(control, bytes));
    EXPECT_FALSE(bytes.empty());
    return bytes;
}

inline Handoff sample_handoff() {
    Handoff handoff;
    handoff.close.cause = Cause::keepalive_timeout;
    handoff.close.http = HttpVersion::http_1_1;
    handoff.close.mpm = Mpm::event;
    handoff.close.requests = 3;
    handoff.close.peer = {Endpoint::Family::ipv4, 40000, {192, 0, 2, 1}};
    handoff.close.local = {Endpoint::Family::ipv4, 80, {192, 0, 2, 2}};
    handoff.close.vhost = "www.example.org";
    handoff.close.user_agent = "python-requests/2.28.1";
    handoff.close.logs.ids[0] = 0;
    handoff.close.logs.count = 1;
    return handoff;
}

inline Handoff sample_ended(Outcome outcome) {
    Handoff report = sample_handoff();
    report.kind = MessageKind::ended;
    report.close.cause = Cause::client_gone;
    report.close.outcome = outcome;
    return report;
}

}  // namespace finwait::test
