// SPDX-License-Identifier: Apache-2.0
//
// What httpd's parent has open for the closer lies here between two configurations, in flight
// (module/parent/deposit.hpp). Where nobody takes it up in time there is no mod_finwait in the
// configuration any more; where the parent has closed its end another module has taken over. Then
// the closer lets go of it: the channel ends as soon as no child is left to send on it.
#pragma once

#include <cstdint>
#include <utility>

#include "closer/moment.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {

// The longest that a restart may take. One that takes longer starts with a closer of its own.
inline constexpr Time kConfigurationWithin = std::chrono::minutes(1);

class Deposit {
  public:
    explicit Deposit(UniqueFd end) : end_(std::move(end)) {}

    [[nodiscard]] bool is_open() const { return static_cast<bool>(end_); }
    [[nodiscard]] int descriptor() const { return end_.get(); }

    void set_within(Time within) { within_ = within; }
    [[nodiscard]] Time due() const { return due_; }

    // Something was laid down, or the parent's end was closed.
    void on_event(std::uint32_t events, Time now);
    // A configuration has come: what lies there now was laid down after it.
    void on_configuration(Time now);
    // True if it is time to end, and all is let go of.
    [[nodiscard]] bool expire(Time now);
    // Leaves all to a successor.
    void leave();

  private:
    [[nodiscard]] bool holds_something() const;

    UniqueFd end_;
    Time within_ = kConfigurationWithin;
    Time due_ = kNever;
    bool is_abandoned_ = false;
};

}  // namespace finwait
