// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "closer/sandbox/steps.hpp"

namespace finwait {

std::string change_root(const char* directory) {
    if (is_deadly([] { [[maybe_unused]] const int tried = ::chroot("/"); })) return kDeadly;
    if (::chdir(directory) != 0) return failure("chdir(ChrootDir)");
    if (::chroot(directory) != 0) return failure("chroot(ChrootDir)");
    if (::chdir("/") != 0) return failure("chdir(/)");
    return {};
}

// Not initgroups(): all that it may open is open, and the names may be a directory service's.
std::string drop_groups() {
    return ::setgroups(0, nullptr) == 0 ? "" : failure("setgroups()");
}

void drop_bounding_set() {
    for (unsigned long one = 0; ::prctl(PR_CAPBSET_READ, one) >= 0; ++one)
        static_cast<void>(::prctl(PR_CAPBSET_DROP, one));
}

// Also where httpd is no root's and has some by systemd's AmbientCapabilities. What is not
// permitted and inheritable cannot be ambient, so that the kernel empties that set too.
std::string drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
    return ::syscall(SYS_capset, &header, none) == 0 ? "" : failure("capset()");
}

std::string forbid_new_privileges() {
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? "" : failure("prctl(NO_NEW_PRIVS)");
}

std::string forbid_tracing() {
    return ::prctl(PR_SET_DUMPABLE, 0) == 0 ? "" : failure("prctl(SET_DUMPABLE)");
}

}  // namespace finwait
