// SPDX-License-Identifier: Apache-2.0
//
// Starts, watches, replaces and stops the closers. Parent only. For start, death and start-up
// failure mod_cgid is the model; for restarts it is not: the closer and its channel outlive them.
#pragma once

#include <chrono>

#include "module/parent/runtime.hpp"

namespace finwait {

// Makes sure that a closer of this version, executable and user runs with this configuration and
// these logs: starts one, replaces the running one, or only tells it what is new. Never fails the
// server: without a closer every close is left to httpd, and the error log says so.
void run_closer(Runtime& runtime, apr_pool_t* pconf);

// Ends a closer that hangs and starts another; starts one that could not be started for want of
// memory, processes or descriptors.
void look_after_closers(Runtime& runtime, apr_pool_t* pconf);

// Ends all closers: within `grace` for their drains, and one second for their last Records. A
// second signal to stop ends the waiting. One that hangs is killed.
void stop_closers(Runtime& runtime, std::chrono::milliseconds grace);

}  // namespace finwait
