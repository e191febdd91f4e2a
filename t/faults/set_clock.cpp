// SPDX-License-Identifier: Apache-2.0
//
// CLOCK_REALTIME and nothing else, moved by so many seconds as stand in a file: its name is in
// FINWAIT_CLOCK, or it is `clock` beside the program. Preloaded by httpd, linked into a closer.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace {

using Offset = std::atomic<std::int64_t>;
using ClockGettime = int (*)(clockid_t, timespec*);

const Offset* find_offset() {
    const char* given = std::getenv("FINWAIT_CLOCK");
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::string path = given ? given : (program.parent_path() / "clock").string();
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nullptr;
    void* page = mmap(nullptr, sizeof(Offset), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? nullptr : static_cast<const Offset*>(page);
}

ClockGettime real() {
    static const auto found = reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"));
    return found;
}

const Offset* offset = nullptr;
__attribute__((constructor)) void begin() {
    real();
    offset = find_offset();
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED int clock_gettime(clockid_t clock, timespec* now) noexcept {
    const int result = real()(clock, now);
    if (result == 0 && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset->load();
    return result;
}

EXPORTED int gettimeofday(timeval* now, void*) noexcept {
    timespec precise{};
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = {precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

EXPORTED time_t time(time_t* now) noexcept {
    timespec precise{};
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
