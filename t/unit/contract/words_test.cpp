// SPDX-License-Identifier: Apache-2.0
#include "finwait/words.hpp"

#include <gtest/gtest.h>

#include <set>

namespace finwait {
namespace {

template <typename E>
void expect_every_name_leads_back() {
    std::set<std::string_view> names;
    for (const auto& word : kWordsOf<E>) {
        EXPECT_EQ(word_named<E>(word.name), word.value);
        EXPECT_EQ(name_of(word.value), word.name);
        names.insert(word.name);
    }
    EXPECT_EQ(names.size(), kWordsOf<E>.size());
}

TEST(Words, AreUniqueAndLeadBackToTheirValue) {
    expect_every_name_leads_back<Cause>();
    expect_every_name_leads_back<Drain>();
    expect_every_name_leads_back<Outcome>();
    expect_every_name_leads_back<TcpState>();
    expect_every_name_leads_back<Phase>();
    expect_every_name_leads_back<Mpm>();
    expect_every_name_leads_back<HttpVersion>();
    expect_every_name_leads_back<TlsVersion>();
    expect_every_name_leads_back<Decline>();
}

TEST(Words, ANumberBeyondTheTableIsNoWord) {
    EXPECT_EQ(word_at<Cause>(kCauses.size() - 1), Cause::other);
    EXPECT_FALSE(word_at<Cause>(kCauses.size()));
}

TEST(Words, AnUnknownNameIsNoWord) {
    EXPECT_FALSE(word_named<Drain>("FIN"));
    EXPECT_FALSE(word_named<Drain>(""));
}

}  // namespace
}  // namespace finwait
