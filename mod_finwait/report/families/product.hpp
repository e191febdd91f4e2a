// SPDX-License-Identifier: Apache-2.0
//
// Product tokens of a User-Agent (RFC 9110, section 10.1.5): `name/version`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace finwait::report {

struct Product {
    std::string_view name;
    std::string_view version;  // may be empty

    // As it stands in the User-Agent.
    [[nodiscard]] std::string text() const;
};

// In their order; those within comments too, because many clients name themselves only there.
[[nodiscard]] std::vector<Product> products_of(std::string_view user_agent);

// The first one, and the whole User-Agent if it has none.
[[nodiscard]] Product first_product(std::string_view user_agent);

// The one that the family is called after, else the first.
[[nodiscard]] Product product_of_family(std::string_view user_agent, std::string_view family);

}  // namespace finwait::report
