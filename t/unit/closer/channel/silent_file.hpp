// SPDX-License-Identifier: Apache-2.0
//
// A file whose file system (FUSE, served by a thread of ours) leaves every other process that
// closes it waiting, and not even SIGKILL ends that, until this is destroyed.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "closer/unique_fd.hpp"

namespace finwait::test {

class SilentFile {
  public:
    explicit SilentFile(std::string path) : path_(std::move(path)) {
        UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        kernel_.reset(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
        // Its root is no folder but the file.
        const std::string options = "fd=" + std::to_string(kernel_.get()) +
                                    ",rootmode=100000,user_id=0,group_id=0,allow_other";
        if (!kernel_ || ::mount("silent", path_.c_str(), "fuse", 0, options.c_str()) != 0) {
            why_not_ = std::string("no FUSE file can be made here: ") + std::strerror(errno);
            return;
        }
        server_ = std::thread([this] { serve(); });
    }
    ~SilentFile() {
        if (server_.joinable()) {
            ::umount2(path_.c_str(), MNT_FORCE | MNT_DETACH);
            server_.join();
        }
        kernel_.reset();
        std::filesystem::remove(path_);
    }
    SilentFile(const SilentFile&) = delete;
    SilentFile& operator=(const SilentFile&) = delete;

    [[nodiscard]] const std::string& why_not() const { return why_not_; }
    [[nodiscard]] UniqueFd open() const {
        return UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    }

  private:
    void serve() {
        alignas(fuse_in_header) std::array<char, FUSE_MIN_READ_BUFFER + 4096> request;
        while (::read(kernel_.get(), request.data(), request.size()) > 0) {
            fuse_in_header in;
            std::memcpy(&in, request.data(), sizeof in);
            if (in.opcode == FUSE_INIT)
                answer(in, greeting());
            else if (in.opcode == FUSE_OPEN)
                answer(in, fuse_open_out{});
            else if (in.opcode != FUSE_FLUSH || in.pid == static_cast<unsigned>(::getpid()))
                refuse(in);
        }
    }
    static fuse_init_out greeting() {
        fuse_init_out init{};
        init.major = FUSE_KERNEL_VERSION;
        init.minor = FUSE_KERNEL_MINOR_VERSION;
        init.max_write = 4096;
        return init;
    }
    template <typename Body>
    void answer(const fuse_in_header& in, const Body& body) {
        struct {
            fuse_out_header out;
            Body body;
        } reply{{sizeof reply, 0, in.unique}, body};
        EXPECT_EQ(static_cast<ssize_t>(sizeof reply), ::write(kernel_.get(), &reply, sizeof reply));
    }
    // EINTR and not ENOSYS, after which the kernel would not ask again.
    void refuse(const fuse_in_header& in) {
        if (in.opcode == FUSE_FORGET || in.opcode == FUSE_INTERRUPT) return;
        const fuse_out_header out{sizeof out, -EINTR, in.unique};
        static_cast<void>(::write(kernel_.get(), &out, sizeof out));
    }

    std::string path_;
    std::string why_not_;
    UniqueFd kernel_;
    std::thread server_;
};

}  // namespace finwait::test
