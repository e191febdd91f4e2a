// SPDX-License-Identifier: Apache-2.0
//
// One log, compressed or not: libarchive tells by its content, whatever its name.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

struct archive;

namespace finwait::report {

class LogFile {
  public:
    // "-" is the standard input. A file that cannot be opened says so at the first read().
    explicit LogFile(const std::string& path);

    // How many bytes came; 0 at the end, and where no more can be had: then error() says why.
    [[nodiscard]] std::size_t read(std::span<char> to);
    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] bool is_compressed() const;
    // Of the file itself, before decompression.
    [[nodiscard]] std::uint64_t bytes_read() const;

  private:
    void fail();
    // libarchive gives whole blocks: what it had decoded before the damage is lost with the last
    // one. The compressor's own program writes all of it; it begins anew, and we skip what is
    // known.
    void begin_rest();
    void end_rest();

    std::string path_;
    std::unique_ptr<archive, int (*)(archive*)> archive_;
    std::unique_ptr<FILE, int (*)(FILE*)> rest_{nullptr, pclose};
    std::string compressor_;
    std::size_t given_ = 0;
    std::string error_;
    bool is_done_ = false;
};

}  // namespace finwait::report
