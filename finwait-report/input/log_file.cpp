// SPDX-License-Identifier: Apache-2.0
#include "input/log_file.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <cstring>

namespace finwait::report {

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;

}  // namespace

void LogFile::Close::operator()(archive* handle) const {
    archive_read_free(handle);
}

LogFile::LogFile(const std::string& path) : archive_(archive_read_new()) {
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
    if (found == ARCHIVE_EOF)
        is_done_ = true;
    else if (found != ARCHIVE_OK && found != ARCHIVE_WARN)
        fail();
}

void LogFile::fail() {
    const char* text = archive_error_string(archive_.get());
    error_ = text ? text : "unknown error";
    // Positive ones are the system's; libarchive's own say nothing more.
    if (const int number = archive_errno(archive_.get()); number > 0)
        error_ += std::string(" (") + std::strerror(number) + ")";
    is_done_ = true;
}

std::size_t LogFile::read(std::span<char> to) {
    if (is_done_) return 0;
    const auto bytes = archive_read_data(archive_.get(), to.data(), to.size());
    if (bytes > 0) return static_cast<std::size_t>(bytes);
    is_done_ = true;
    if (bytes < 0) fail();
    return 0;
}

bool LogFile::is_compressed() const {
    return archive_filter_code(archive_.get(), 0) != ARCHIVE_FILTER_NONE;
}

std::uint64_t LogFile::bytes_read() const {
    const auto bytes = archive_filter_bytes(archive_.get(), -1);
    return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

}  // namespace finwait::report
