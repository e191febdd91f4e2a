// SPDX-License-Identifier: Apache-2.0
#include "module/connection/client_note.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace finwait {
namespace {

RequestSeen request_of(std::string_view user_agent) {
    RequestSeen request;
    request.user_agent = user_agent;
    return request;
}

std::uint32_t requests_in(ClientNote& note) {
    ClientSeen seen;
    note.copy_to(seen);
    return seen.requests;
}

std::string agent_in(ClientNote& note) {
    ClientSeen seen;
    note.copy_to(seen);
    return seen.last ? std::string(seen.last->user_agent) : "nobody";
}

bool is_one_letter(const std::string& text) {
    return text.find_first_not_of(text[0]) == std::string::npos;
}

TEST(ClientNote, KnowsNobodyBeforeTheFirstRequest) {
    ClientNote note;
    EXPECT_EQ(requests_in(note), 0u);
    EXPECT_EQ(agent_in(note), "nobody");
}

TEST(ClientNote, KeepsTheLastRequestAndCountsAll) {
    ClientNote note;
    note.remember(request_of("first/1.0"));
    note.remember(request_of("second/2.0"));
    EXPECT_EQ(requests_in(note), 2u);
    EXPECT_EQ(agent_in(note), "second/2.0");
}

TEST(ClientNote, OutlivesTheTextItWasTold) {
    ClientNote note;
    auto text = std::make_unique<std::string>("borrowed/1.0");
    note.remember(request_of(*text));
    text.reset();
    EXPECT_EQ(agent_in(note), "borrowed/1.0");
}

TEST(ClientNote, DoesNotCountARequestThatWasNeverRead) {
    ClientNote note;
    RequestSeen request = request_of("slow/1.0");
    request.complete = false;
    note.remember(request);
    EXPECT_EQ(requests_in(note), 0u);
    EXPECT_EQ(agent_in(note), "slow/1.0");
}

TEST(ClientNote, ANamelessRequestThatWasNeverReadHidesNobody) {
    ClientNote note;
    note.remember(request_of("first/1.0"));
    RequestSeen cut_off;
    cut_off.complete = false;
    note.remember(cut_off);
    EXPECT_EQ(agent_in(note), "first/1.0");
    note.remember(RequestSeen{});
    EXPECT_EQ(agent_in(note), "");
}

// mod_remoteip looks at whole requests only.
TEST(ClientNote, ARequestThatWasNeverReadHidesNoAddress) {
    ClientNote note;
    RequestSeen request = request_of("first/1.0");
    request.client_address = "192.0.2.7";
    note.remember(request);
    request.complete = false;
    request.client_address = "";
    note.remember(request);
    ClientSeen seen;
    note.copy_to(seen);
    EXPECT_EQ(seen.last->client_address, "192.0.2.7");
    EXPECT_FALSE(seen.is_shared);
}

TEST(ClientNote, ARequestThatCouldNotBeReadLeavesTheVersionThatIsSpoken) {
    ClientNote note;
    RequestSeen first = request_of("first/1.0");
    first.http = HttpVersion::http_1_1;
    note.remember(first);
    RequestSeen refused;
    refused.complete = false;
    note.remember(refused);
    ClientSeen seen;
    note.copy_to(seen);
    EXPECT_EQ(seen.last->http, HttpVersion::http_1_1);
}

// On HTTP/2.
TEST(ClientNote, KnowsWhoBeganTheFirstRequestAndCountsItOnce) {
    ClientNote note;
    RequestSeen request = request_of("early/1.0");
    request.number = note.begin(&request);
    EXPECT_EQ(agent_in(note), "early/1.0");
    EXPECT_EQ(requests_in(note), 1u);
    note.remember(request);
    EXPECT_EQ(requests_in(note), 1u);
    EXPECT_EQ(note.begin(nullptr), 2u);
    EXPECT_EQ(requests_in(note), 2u);
}

TEST(ClientNote, LastIsWhoWasReadLastWhicheverThreadLogsFirst) {
    ClientNote note;
    RequestSeen first = request_of("one/1.0");
    RequestSeen second = first;
    first.remedy = Remedy::nokeepalive;
    first.has_via = true;
    first.number = note.begin(&first);
    second.number = note.begin(nullptr);
    second.logged = std::chrono::seconds(1);
    first.logged = std::chrono::seconds(2);
    note.remember(second);
    note.remember(first);
    ClientSeen seen;
    note.copy_to(seen);
    EXPECT_EQ(seen.requests, 2u);
    EXPECT_EQ(seen.last->remedy, Remedy::none);
    EXPECT_TRUE(seen.last->logged == first.logged) << "KeepAliveTimeout runs from there";
    EXPECT_TRUE(seen.has_via);
}

TEST(ClientNote, CountsWhatWasRefusedBeforeItWasBegun) {
    ClientNote note;
    note.remember(request_of("misdirected/1.0"));
    EXPECT_EQ(requests_in(note), 1u);
}

TEST(ClientNote, KeepsTheLastDoneWhileAnotherIsBegun) {
    ClientNote note;
    note.remember(request_of("done/1.0"));
    const RequestSeen request = request_of("begun/1.0");
    EXPECT_EQ(note.begin(&request), 2u);
    EXPECT_EQ(agent_in(note), "done/1.0");
}

TEST(ClientNote, IsSharedOnceAnotherUserAgentOrAddressCame) {
    const auto is_shared = [](const std::vector<RequestSeen>& requests) {
        ClientNote note;
        for (const RequestSeen& request : requests) note.remember(request);
        ClientSeen seen;
        note.copy_to(seen);
        return seen.is_shared;
    };
    const RequestSeen one = request_of("one");
    RequestSeen elsewhere = one;
    elsewhere.client_address = "192.0.2.7";
    RequestSeen unread = request_of("");
    unread.complete = false;
    EXPECT_FALSE(is_shared({one}));
    EXPECT_FALSE(is_shared({one, one, one}));
    EXPECT_TRUE(is_shared({one, request_of("two"), one}));
    EXPECT_TRUE(is_shared({one, request_of("")}));
    EXPECT_TRUE(is_shared({one, elsewhere}));
    EXPECT_FALSE(is_shared({one, unread})) << "of that request nothing is known";
    RequestSeen unread_of_two = request_of("two");
    unread_of_two.complete = false;
    EXPECT_TRUE(is_shared({one, unread_of_two}));
    EXPECT_TRUE(is_shared({unread_of_two, one}));
    RequestSeen unread_of_one = one;
    unread_of_one.complete = false;
    EXPECT_FALSE(is_shared({elsewhere, unread_of_one})) << "nor of its address";
    const std::string longest(kUserAgentMax + 10, 'a');
    EXPECT_FALSE(is_shared({request_of(longest), request_of(longest)}));
}

TEST(ClientNote, RemembersThatOneRequestHadVia) {
    ClientNote note;
    RequestSeen request = request_of("one");
    request.has_via = true;
    note.remember(request);
    request.has_via = false;
    note.remember(request);
    ClientSeen seen;
    note.copy_to(seen);
    EXPECT_TRUE(seen.has_via);
}

TEST(ClientNote, KnowsWithWhichRequestAConnectionIsAProxys) {
    ClientNote note;
    EXPECT_FALSE(note.is_proxys_with(request_of("one")));
    note.remember(request_of("one"));
    EXPECT_FALSE(note.is_proxys_with(request_of("one")));
    RequestSeen with_via = request_of("one");
    with_via.has_via = true;
    EXPECT_TRUE(note.is_proxys_with(with_via));
    EXPECT_TRUE(note.is_proxys_with(request_of("two")));
    note.remember(request_of("two"));
    EXPECT_TRUE(note.is_proxys_with(request_of("two")));
}

TEST(ClientNote, HasStreamsFromTheirBeginningToTheirEnd) {
    ClientNote note;
    EXPECT_FALSE(note.has_streams());
    EXPECT_EQ(note.begin(nullptr), 1u);
    EXPECT_EQ(note.begin(nullptr), 2u);
    note.end_stream();
    EXPECT_TRUE(note.has_streams());
    note.end_stream();
    EXPECT_FALSE(note.has_streams());
}

TEST(ClientNote, IsCopiedWithoutWaitingWhereNobodyWrites) {
    ClientNote note;
    note.remember(request_of("first/1.0"));
    ClientSeen seen;
    note.try_copy_to(seen);
    ASSERT_TRUE(seen.last);
    EXPECT_EQ(seen.last->user_agent, "first/1.0");
}

TEST(ClientNote, KeepsNoMoreOfAUserAgentThanItsMaximum) {
    ClientNote note;
    note.remember(request_of(std::string(65'536, 'x')));
    EXPECT_EQ(agent_in(note).size(), kUserAgentMax);
}

// As on HTTP/2: several secondary connections log their requests while the primary one is closed.
// ThreadSanitizer judges the accesses; no request may be lost and no two User-Agents mixed.
TEST(ClientNote, MayBeToldByManyThreadsWhileItIsAsked) {
    constexpr int threads = 4, requests = 2'000;
    ClientNote note;
    std::latch start(threads + 1);
    std::vector<std::jthread> streams;
    for (int t = 0; t < threads; ++t)
        streams.emplace_back([&, t] {
            const std::string agent(static_cast<std::size_t>(100 + t), static_cast<char>('a' + t));
            start.arrive_and_wait();
            for (int i = 0; i < requests; ++i) note.remember(request_of(agent));
        });
    start.arrive_and_wait();
    while (requests_in(note) < threads * requests / 2) {
        const std::string agent = agent_in(note);
        ASSERT_TRUE(agent == "nobody" || is_one_letter(agent)) << agent;
    }
    streams.clear();
    EXPECT_EQ(requests_in(note), static_cast<unsigned>(threads * requests));
}

}  // namespace
}  // namespace finwait
