// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/client_texts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace finwait {
namespace {

Close close_of(std::string_view vhost, std::string_view user_agent, std::string_view address) {
    Close close;
    close.vhost = vhost;
    close.user_agent = user_agent;
    close.client_address = address;
    return close;
}

TEST(ClientTexts, OutliveTheDatagram) {
    ClientTexts texts;
    std::string datagram = "a.example curl/8.0 2001:db8::1";
    const std::string_view view = datagram;
    Close close = close_of(view.substr(0, 9), view.substr(10, 8), view.substr(19));
    const auto block = texts.keep(close);
    datagram.assign(datagram.size(), '?');
    EXPECT_EQ("a.example", close.vhost);
    EXPECT_EQ("curl/8.0", close.user_agent);
    EXPECT_EQ("2001:db8::1", close.client_address);
    texts.drop(block);
}

TEST(ClientTexts, OfOneClientAreInOneBlockUntilTheLastIsDropped) {
    ClientTexts texts;
    Close first = close_of("a.example", "curl/8.0", "");
    Close second = first;
    Close other = close_of("a.example", "curl/8.1", "");
    const auto first_block = texts.keep(first);
    const auto second_block = texts.keep(second);
    const auto other_block = texts.keep(other);
    EXPECT_EQ(2U, texts.size());
    EXPECT_EQ(first.user_agent.data(), second.user_agent.data());
    texts.drop(first_block);
    EXPECT_EQ("curl/8.0", second.user_agent);
    texts.drop(second_block);
    texts.drop(other_block);
    EXPECT_EQ(0U, texts.size());
}

TEST(ClientTexts, ThatAreOneTextCutAtOtherPlacesStayWhatTheyAre) {
    ClientTexts texts;
    Close one = close_of("a", "bc", "d");
    Close other = close_of("ab", "c", "d");
    const auto block = texts.keep(one);
    const auto other_block = texts.keep(other);
    EXPECT_EQ("bc", one.user_agent);
    EXPECT_EQ("ab", other.vhost);
    texts.drop(block);
    texts.drop(other_block);
}

TEST(ClientTexts, MayHoldAnyByteAndMayAllBeEmpty) {
    ClientTexts texts;
    const std::string zeros(kUserAgentMax, '\0');
    Close close = close_of("", zeros, "");
    Close empty;
    const auto block = texts.keep(close);
    const auto empty_block = texts.keep(empty);
    EXPECT_EQ(zeros, close.user_agent);
    EXPECT_EQ("", empty.user_agent);
    texts.drop(block);
    texts.drop(empty_block);
}

}  // namespace
}  // namespace finwait
