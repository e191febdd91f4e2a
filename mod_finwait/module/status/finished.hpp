// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "finwait/balance.hpp"
#include "module/status/view.hpp"

namespace finwait {

[[nodiscard]] FinishedCloses finished_of(const Balance& balance);

}  // namespace finwait
