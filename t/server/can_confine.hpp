// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clients/can.hpp"

namespace finwait::test {

// A closer that gives everything up, seen by root.
inline const std::string& why_no_confinement() {
#ifdef FINWAIT_INSTRUMENTED
    static const std::string instrumented = "the closer was built with instruments";
    return instrumented;
#else
    return why_no_other_user();
#endif
}

}  // namespace finwait::test
