// SPDX-License-Identifier: Apache-2.0
#include "closer/helper_thread.hpp"

#include <csignal>
#include <system_error>
#include <utility>

namespace finwait {

int start_helper(std::thread& thread, std::function<void()> run) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = 0;
    try {
        thread = std::thread(std::move(run));
    } catch (const std::system_error& failure) {
        error = failure.code().value();
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return error;
}

}  // namespace finwait
