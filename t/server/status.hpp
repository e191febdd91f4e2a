// SPDX-License-Identifier: Apache-2.0
//
// What a test asks of the status page.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/each.hpp"

namespace finwait::test {

inline constexpr char kStatusLocation[] =
    "<Location /finwait-status>\n    SetHandler finwait-status\n</Location>\n";

inline Reply asked(Httpd& httpd, const std::string& query = "", const std::string& headers = "") {
    Client client = httpd.client();
    Reply reply = client.get("/finwait-status" + query, headers + "Connection: close\r\n");
    client.close();
    return reply;
}

// The closer's answer. A machine with more to do may have it come after its second: then again.
inline Reply answered(Httpd& httpd, const std::string& query = "") {
    Reply reply;
    const bool came = wait_until(kPatience, [&] {
        reply = asked(httpd, query);
        return reply.status == 200;
    });
    EXPECT_TRUE(came) << "no answer of the closer to " << query << ", last seen: " << reply.status
                      << " " << reply.body;
    return reply;
}

class Json {
  public:
    explicit Json(std::string text) : text_(std::move(text)), root_(parser_.parse(text_)) {}
    std::int64_t number(std::string_view pointer) {
        return std::int64_t(root_.at_pointer(pointer));
    }
    bool is_true(std::string_view pointer) { return bool(root_.at_pointer(pointer)); }
    int size(std::string_view pointer) {
        return static_cast<int>(simdjson::dom::array(root_.at_pointer(pointer)).size());
    }
    double real(std::string_view pointer) { return double(root_.at_pointer(pointer)); }
    // Where the account of this User-Agent is; "" if there is none.
    std::string account(std::string_view user_agent) {
        std::size_t at = 0;
        for (const simdjson::dom::element account : root_["accounts"]) {
            if (std::string_view(account["user_agent"]) == user_agent)
                return "/accounts/" + std::to_string(at);
            ++at;
        }
        return {};
    }
    std::string text(std::string_view pointer) {
        return std::string(std::string_view(root_.at_pointer(pointer)));
    }

  private:
    std::string text_;
    simdjson::dom::parser parser_;
    simdjson::dom::element root_;
};

// What misbehaves stays with the closer for as long as a test looks.
inline const std::string kLocation =
    std::string(kStatusLocation) +
    "FinWaitDrainIdleTimeout 60s\nFinWaitDrainTimeout 60s\nFinWaitTimeout 1s\n";

inline std::vector<Client> crowd_of(const Httpd& httpd, const std::string& user_agent,
                                    std::size_t n) {
    std::vector<Client> crowd;
    for (std::size_t i = 0; i < n; ++i) {
        Client client(Transport::plain, httpd.port(), {.user_agent = user_agent});
        EXPECT_TRUE(client.get("/small", "Connection: close\r\n").complete);
        crowd.push_back(std::move(client));
    }
    return crowd;
}

inline std::int64_t held_in_fin_wait_2(Httpd& httpd) {
    return Json(answered(httpd, "?json").body).number("/sockets/draining/fin_wait_2");
}

struct StatusPage : PerMpm {};

}  // namespace finwait::test
