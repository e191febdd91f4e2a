// SPDX-License-Identifier: Apache-2.0
#include "closer/sandbox/steps.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace finwait {

std::string failure(const char* call) {
    const int error = errno;
    return std::string(call) + " failed: " + std::strerror(error);
}

bool is_deadly(void (*call)()) {
    if (::prctl(PR_GET_SECCOMP) == 0) return false;
    const pid_t child = ::fork();
    if (child == 0) {
        call();
        ::_exit(0);
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status);
}

}  // namespace finwait
