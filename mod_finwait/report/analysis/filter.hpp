// SPDX-License-Identifier: Apache-2.0
//
// Which closes are wanted. What is empty wants all.
#pragma once

#include <re2/re2.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "finwait/tally.hpp"
#include "report/analysis/address.hpp"
#include "report/families/families.hpp"

namespace finwait::report {

struct Filter {
    std::optional<std::chrono::milliseconds> since;  // from then on
    std::optional<std::chrono::milliseconds> until;  // before then
    std::shared_ptr<const RE2> user_agent;           // found anywhere in it
    std::optional<std::string> family;
    std::optional<std::string> vhost;
    std::optional<Network> network;
    std::optional<Outcome> outcome;
    std::optional<Cause> cause;

    [[nodiscard]] bool wants_client(std::string_view user_agent, const Family& family) const;
    // All but the client.
    [[nodiscard]] bool wants(const Close& close) const;

    // How many of the closes in a tally are wanted, and whether its other figures are those of the
    // wanted ones too: it does not say which outcome or cause took which time.
    struct Part {
        std::uint64_t closes = 0;
        bool is_known = true;
    };
    [[nodiscard]] Part part_of(const TallyLine& line) const;

  private:
    [[nodiscard]] bool wants_time(std::chrono::milliseconds time) const;
};

// Whether names are the same, but for upper and lower case.
[[nodiscard]] bool is_same_name(std::string_view a, std::string_view b);

}  // namespace finwait::report
