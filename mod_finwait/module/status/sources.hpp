// SPDX-License-Identifier: Apache-2.0
//
// Where this child has what the status page is made from. Any thread that serves a request.
#pragma once

#include "module/parent/runtime.hpp"
#include "module/status/collect.hpp"

namespace finwait {

// `closing` is what is known without a walk of the kernel's table.
[[nodiscard]] StatusSources sources_of(const Runtime& runtime);

// The same with a walk, or the last one's figures.
[[nodiscard]] StatusSources sources_with_kernel(const Runtime& runtime);

// After the answer, so that the next one needs no walk.
void walk_for_the_next(const Runtime& runtime);

}  // namespace finwait
