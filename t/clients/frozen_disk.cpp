// SPDX-License-Identifier: Apache-2.0

#include "clients/frozen_disk.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "clients/process.hpp"

namespace finwait::test {
namespace {

constexpr std::size_t kSize = std::size_t{16} << 20;

void must(const std::vector<std::string>& argv) {
    const Finished finished = run(argv);
    if (finished.exit_code != 0) throw std::runtime_error(argv[0] + " failed: " + finished.output);
}

bool command(const std::string& dir, unsigned long request) {
    const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool obeyed = fd >= 0 && ::ioctl(fd, request, 0) == 0;
    if (fd >= 0) ::close(fd);
    return obeyed;
}

}  // namespace

FrozenDisk::FrozenDisk(const std::string& beside) : dir_(beside + "/disk") {
    const std::string image = beside + "/disk.ext4";
    std::filesystem::create_directories(dir_);
    write_file(image, "");
    std::filesystem::resize_file(image, kSize);
    must({"mkfs.ext4", "-q", "-F", image});
    // Unmounted, it is gone: the loop device needs no name of the image any more.
    must({"mount", "-o", "loop", image, dir_});
    std::filesystem::remove(image);
}

FrozenDisk::~FrozenDisk() {
    thaw();
    ::umount2(dir_.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove(dir_, ignored);
}

void FrozenDisk::freeze() {
    if (!command(dir_, FIFREEZE))
        throw std::runtime_error(std::string("FIFREEZE failed: ") + std::strerror(errno));
    is_frozen_ = true;
}

void FrozenDisk::thaw() {
    if (std::exchange(is_frozen_, false)) static_cast<void>(command(dir_, FITHAW));
}

}  // namespace finwait::test
