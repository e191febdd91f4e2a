// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/clients.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace finwait {
namespace {

ClientFacts facts_of(std::string_view vhost, std::string_view user_agent,
                     std::string_view address) {
    ClientFacts facts;
    facts.vhost = vhost;
    facts.user_agent = user_agent;
    facts.client_address = address;
    return facts;
}

TEST(Clients, OutliveTheDatagram) {
    Clients clients;
    std::string datagram = "a.example curl/8.0 2001:db8::1";
    const std::string_view view = datagram;
    const auto place =
        clients.keep(facts_of(view.substr(0, 9), view.substr(10, 8), view.substr(19)));
    datagram.assign(datagram.size(), '?');
    EXPECT_EQ(place->facts, facts_of("a.example", "curl/8.0", "2001:db8::1"));
    clients.drop(place);
}

TEST(Clients, StandOnceUntilTheirLastCloseIsDropped) {
    Clients clients;
    const auto first = clients.keep(facts_of("a.example", "curl/8.0", ""));
    const auto second = clients.keep(facts_of("a.example", "curl/8.0", ""));
    const auto other = clients.keep(facts_of("a.example", "curl/8.1", ""));
    EXPECT_EQ(2U, clients.size());
    EXPECT_EQ(first, second);
    clients.drop(first);
    EXPECT_EQ("curl/8.0", second->facts.user_agent);
    clients.drop(second);
    clients.drop(other);
    EXPECT_EQ(0U, clients.size());
}

TEST(Clients, DifferInEachOfTheirFacts) {
    const ClientFacts same = facts_of("a", "b", "c");
    std::vector<ClientFacts> all(9, same);
    all[1].local.port = 80;
    all[2].http = HttpVersion::http_2;
    all[3].tls = TlsVersion::tls_1_3;
    all[4].mpm = Mpm::event;
    all[5].logs = {{1}, 1};
    all[6].auto_rule = AutoRule();
    all[7].vhost = "ab", all[7].user_agent = "", all[7].client_address = "c";
    all[8].vhost = "", all[8].user_agent = "ab", all[8].client_address = "c";
    Clients clients;
    for (const ClientFacts& facts : all) EXPECT_EQ(clients.keep(facts)->facts, facts);
    EXPECT_EQ(clients.size(), all.size());
}

TEST(Clients, MayHaveAnyByteAndNoTextAtAll) {
    Clients clients;
    const std::string zeros(kUserAgentMax, '\0');
    EXPECT_EQ(zeros, clients.keep(facts_of("", zeros, ""))->facts.user_agent);
    EXPECT_EQ("", clients.keep({})->facts.user_agent);
    EXPECT_EQ(2U, clients.size());
}

}  // namespace
}  // namespace finwait
