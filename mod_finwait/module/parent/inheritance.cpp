// SPDX-License-Identifier: Apache-2.0
#include "module/parent/inheritance.hpp"

#include <mpm_common.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>

#include "module/parent/pages.hpp"
#include "module/parent/passing.hpp"
#include "module/parent/shared_memory.hpp"

namespace finwait {

namespace {

constexpr int kWaitForParentS = 10;

// The only mutable variable outside an owner: a fork handler takes no argument.
Runtime* forked_runtime = nullptr;

bool is_parent(const Runtime& runtime) {
    return runtime.parent == ::getpid();
}

void before_fork() {
    Runtime* runtime = forked_runtime;
    if (!runtime || !is_parent(*runtime)) return;
    close_and_forget(runtime->giving_end);  // the last fork was no child's
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
    runtime->giving_end = ends[0];
    runtime->taking_end = ends[1];
}

void after_fork_in_parent() {
    if (forked_runtime) close_and_forget(forked_runtime->taking_end);
}

// What stands there is the process's own then, and zero: what it still counts goes nowhere.
void hide(const Page& page) {
    if (!page.address) return;
    ::mmap(const_cast<void*>(page.address), page.size, protection_of(page),
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

// Instead of what hide() has put there.
bool show(const Page& page, int memory) {
    return ::mmap(const_cast<void*>(page.address), page.size, protection_of(page),
                  MAP_SHARED | MAP_FIXED, memory, 0) != MAP_FAILED;
}

// In every forked process, so also between the fork and the exec of a child's CGI program.
// (Close-on-exec covers what is exec'ed.)
void after_fork_in_child() {
    Runtime* runtime = forked_runtime;
    if (!runtime) return;
    for (int* end : {&runtime->giving_end, &runtime->deposit_in, &runtime->deposit_out})
        close_and_forget(*end);
    for (const Page& page : pages_of(*runtime)) hide(page);
    visit_descriptors(*runtime, [](int& descriptor) { close_and_forget(descriptor); });
}

// Lanes first, then the pages that there are. One descriptor that cannot be had is too few.
class Gift {
  public:
    static constexpr std::size_t kMax = kChannelLanes + kPages;

    explicit Gift(Runtime& runtime) {
        if (const CloserProcess* closer = current_closer(runtime); closer && has_channel(*closer))
            for (const int lane : closer->channel_send) add(lane);
        lanes_ = count_;
        for (const Page& page : pages_of(runtime))
            if (page.address) add(page.is_writable ? *page.memory : add_opened(*page.memory));
    }
    ~Gift() {
        for (int& own : std::span(opened_).first(opened_count_)) close_and_forget(own);
    }
    Gift(const Gift&) = delete;
    Gift& operator=(const Gift&) = delete;

    // False with errno set.
    [[nodiscard]] bool send(int to) const {
        const std::array message{static_cast<std::byte>(lanes_)};
        return pass(to, message, std::span(all_).first(count_));
    }

  private:
    static bool has_channel(const CloserProcess& closer) { return closer.channel_send[0] >= 0; }

    void add(int descriptor) { all_[count_++] = descriptor; }
    int add_opened(int memory) { return opened_[opened_count_++] = open_read_only(memory); }

    std::array<int, kMax> all_{};
    std::array<int, kPages> opened_{};
    std::size_t lanes_ = 0;
    std::size_t count_ = 0;
    std::size_t opened_count_ = 0;
};

// All are the child's now; those of pages are closed, and only the mapping stays.
bool unpack(Runtime& runtime, std::span<int> taken, std::size_t lanes) {
    CloserProcess* closer = current_closer(runtime);
    bool is_whole = lanes <= taken.size() && (lanes == 0 || (closer && lanes == kChannelLanes));
    std::size_t next = 0;
    if (is_whole && closer)
        for (; next < lanes; ++next) closer->channel_send[next] = taken[next];
    for (const Page& page : pages_of(runtime)) {
        if (!page.address) continue;
        is_whole = is_whole && next < taken.size() && show(page, taken[next]);
        if (next < taken.size()) close_and_forget(taken[next++]);
    }
    return is_whole;
}

}  // namespace

void protect_from_children_again() {
    if (Runtime* kept = kept_runtime()) protect_from_children(*kept);
}

// Registered anew each time the module is loaded; the C library forgets the handlers of an unloaded
// object (glibc, __unregister_atfork).
void protect_from_children(Runtime& runtime) {
    if (forked_runtime) return;
    forked_runtime = &runtime;
    ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

// As one process (-X) httpd says so of itself.
void on_child_status(server_rec* server, pid_t pid, ap_generation_t, int, mpm_child_status status) {
    Runtime* runtime = forked_runtime;
    if (status != MPM_CHILD_STARTED || !runtime || pid == ::getpid()) return;
    // Without pages there is nothing to give, as has been told.
    if (runtime->module_counters &&
        (runtime->giving_end < 0 || !Gift(*runtime).send(runtime->giving_end)))
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, server,
                     "finwait: child %d could not be given the channel: its closes are left to "
                     "httpd's own lingering close",
                     static_cast<int>(pid));
    close_and_forget(runtime->giving_end);
}

bool take_inheritance(Runtime& runtime) {
    if (runtime.taking_end < 0) return is_parent(runtime);
    const timeval wait{kWaitForParentS, 0};
    ::setsockopt(runtime.taking_end, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    std::array<std::byte, 1> lanes{};
    Passed gift = take_passed(runtime.taking_end, lanes);
    close_and_forget(runtime.taking_end);
    if (gift.count == 0) return false;
    return unpack(runtime, gift.all(), std::to_integer<std::size_t>(lanes[0]));
}

}  // namespace finwait
