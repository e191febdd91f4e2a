// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace finwait {

inline constexpr char kVersion[] = "0.2.0";

}  // namespace finwait
