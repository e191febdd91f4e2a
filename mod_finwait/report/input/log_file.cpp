// SPDX-License-Identifier: Apache-2.0
#include "report/input/log_file.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace finwait::report {

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;

// Each has a program of its name that decompresses with -dc. libarchive forgets which it was of a
// file in which it could not even begin.
struct Compressor {
    std::string_view name;
    std::string_view mark;  // of its files, at the beginning
};

constexpr std::array kCompressors{
    Compressor{"gzip", "\x1f\x8b"},
    Compressor{"zstd", "\x28\xb5\x2f\xfd"},
    Compressor{"xz", "\xfd\x37zXZ"},
    Compressor{"bzip2", "BZh"},
};

// Empty if there is none, or if the file can be read only once.
std::string_view compressor_of(int fd) {
    std::array<char, 8> begin{};
    const ssize_t bytes = pread(fd, begin.data(), begin.size(), 0);
    if (bytes <= 0) return {};
    const std::string_view text(begin.data(), static_cast<std::size_t>(bytes));
    for (const Compressor& compressor : kCompressors)
        if (text.starts_with(compressor.mark)) return compressor.name;
    return {};
}

}  // namespace

LogFile::LogFile(const std::string& path)
    : path_(path), archive_(archive_read_new(), archive_read_free) {
    archive* handle = archive_.get();
    // Not all that libarchive knows: its other filters would look for their own marks in our text.
    archive_read_support_filter_gzip(handle);
    archive_read_support_filter_zstd(handle);
    archive_read_support_filter_xz(handle);
    archive_read_support_filter_bzip2(handle);
    archive_read_support_format_raw(handle);
    archive_read_support_format_empty(handle);
    const int opened = path == "-" ? archive_read_open_fd(handle, STDIN_FILENO, kBlock)
                                   : archive_read_open_filename(handle, path.c_str(), kBlock);
    archive_entry* entry = nullptr;
    const int found = opened == ARCHIVE_OK ? archive_read_next_header(handle, &entry) : opened;
    is_done_ = found != ARCHIVE_OK && found != ARCHIVE_WARN;
    if (is_done_ && found != ARCHIVE_EOF) fail();
}

void LogFile::fail() {
    const char* text = archive_error_string(archive_.get());
    error_ = text ? text : "unknown error";
    // Positive ones are the system's; libarchive's own say nothing more.
    if (const int number = archive_errno(archive_.get()); number > 0)
        error_ += std::string(" (") + std::strerror(number) + ")";
    begin_rest();
}

void LogFile::begin_rest() {
    const int fd = path_ == "-" ? dup(STDIN_FILENO) : open(path_.c_str(), O_RDONLY);
    if (fd < 0) return;
    compressor_ = compressor_of(fd);
    // By its descriptor no name needs quoting, and what stdin was redirected from begins anew.
    const std::string command =
        "exec " + compressor_ + " -dc </dev/fd/" + std::to_string(fd) + " 2>/dev/null";
    if (!compressor_.empty()) rest_.reset(popen(command.c_str(), "re"));
    close(fd);
    std::array<char, 4096> known{};
    while (rest_ && given_ > 0) {
        const auto bytes = fread(known.data(), 1, std::min(known.size(), given_), rest_.get());
        if (bytes == 0) end_rest();
        given_ -= bytes;
    }
}

void LogFile::end_rest() {
    constexpr int kNotFound = 127;  // by the shell
    const int status = pclose(rest_.release());
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound)
        error_ += "; more could be read with " + compressor_ + " installed";
}

std::size_t LogFile::read(std::span<char> to) {
    if (!is_done_) {
        const auto bytes = archive_read_data(archive_.get(), to.data(), to.size());
        if (bytes > 0) {
            given_ += static_cast<std::size_t>(bytes);
            return static_cast<std::size_t>(bytes);
        }
        is_done_ = true;
        if (bytes < 0) fail();
    }
    if (!rest_) return 0;
    const std::size_t bytes = fread(to.data(), 1, to.size(), rest_.get());
    if (bytes == 0) end_rest();
    return bytes;
}

bool LogFile::is_compressed() const {
    return archive_filter_code(archive_.get(), 0) != ARCHIVE_FILTER_NONE;
}

std::uint64_t LogFile::bytes_read() const {
    const auto bytes = archive_filter_bytes(archive_.get(), -1);
    return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

}  // namespace finwait::report
