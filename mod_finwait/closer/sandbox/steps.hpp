// SPDX-License-Identifier: Apache-2.0
//
// The steps of Sandbox. Each returns why it was refused, or "".
#pragma once

#include <cstdint>
#include <string>

namespace finwait {

// LeakSanitizer traces its own process, all sanitizers make calls that no turn makes, and gcov
// writes files at the end (t/coverage says that it does).
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(FINWAIT_INSTRUMENTED)
inline constexpr bool kIsInstrumented = true;
#else
inline constexpr bool kIsInstrumented = false;
#endif

// What errno says of a call that failed.
[[nodiscard]] std::string failure(const char* call);

[[nodiscard]] std::string change_root(const char* directory);
[[nodiscard]] std::string drop_groups();
// Before the user changes: only who has CAP_SETPCAP may. Afterwards drop_capabilities() is enough,
// because no_new_privs keeps what the bounding set allows from being regained.
void drop_bounding_set();
[[nodiscard]] std::string drop_capabilities();
[[nodiscard]] std::string forbid_new_privileges();
[[nodiscard]] std::string forbid_tracing();

// 0: the kernel has none.
[[nodiscard]] std::uint32_t landlock_abi();
[[nodiscard]] std::string restrict_by_landlock();

[[nodiscard]] std::string filter_by_seccomp();

// Who started httpd may have put a filter on it that kills for a call (systemd's SystemCallFilter
// does): then a child dies of it first. `call` may do nothing that is not async-signal-safe.
[[nodiscard]] bool is_deadly(void (*call)());
inline constexpr char kDeadly[] = "the filter that httpd was started with would kill it";

// The last call that the filter has refused since this was asked last, by its name; "" if none was.
[[nodiscard]] std::string refused_call();

}  // namespace finwait
