// SPDX-License-Identifier: Apache-2.0
//
// The rules of FinWaitAuto that the parent has told. A child that was taken over can name one of
// them and make up none. At most kAutoRulesMax: the parent tells no more.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "finwait/control.hpp"

namespace finwait {

class AutoRules {
  public:
    // Of the configuration that is being told.
    void add(const AutoRule& rule) {
        if (coming_.size() < kAutoRulesMax) coming_.push_back(rule);
    }
    // It has been told: those added since the last time are all there are.
    void settle() { present_ = std::exchange(coming_, {}); }

    [[nodiscard]] bool has(const AutoRule& rule) const {
        return std::ranges::find(present_, rule) != present_.end();
    }

  private:
    std::vector<AutoRule> present_;
    std::vector<AutoRule> coming_;
};

}  // namespace finwait
