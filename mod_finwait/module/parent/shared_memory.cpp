// SPDX-License-Identifier: Apache-2.0
#include "module/parent/shared_memory.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace finwait {

namespace {

constexpr int kLowestLifted = 16;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// RLIMIT_FSIZE holds for memory, too. httpd ignores its signal, but not before it serves.
bool has_grown_to(int memory, std::size_t size) {
    struct sigaction ignored {
    }, before{};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGXFSZ, &ignored, &before);
    const bool has_grown = ::ftruncate(memory, static_cast<off_t>(size)) == 0;
    const int error = errno;
    ::sigaction(SIGXFSZ, &before, nullptr);
    errno = error;
    return has_grown;
}

}  // namespace

int lifted(int descriptor) {
    if (descriptor < 0) return descriptor;
    const int high = ::fcntl(descriptor, F_DUPFD_CLOEXEC, kLowestLifted);
    ::close(descriptor);
    return high;
}

void close_and_forget(int& descriptor) {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
}

int make_memory(const char* name, std::size_t size) {
    int fd = lifted(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    const bool is_made = fd >= 0 && ::fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
                         has_grown_to(fd, size) && ::fcntl(fd, F_ADD_SEALS, kSeals) == 0;
    if (!is_made) {
        const int error = errno;
        close_and_forget(fd);
        errno = error;
    }
    return fd;
}

int open_read_only(int memory) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    return ::open(path, O_RDONLY | O_CLOEXEC);
}

const void* map_read_only(int memory, std::size_t size) {
    int readable = open_read_only(memory);
    if (readable < 0) return MAP_FAILED;
    const void* page = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, readable, 0);
    close_and_forget(readable);
    return page;
}

}  // namespace finwait
