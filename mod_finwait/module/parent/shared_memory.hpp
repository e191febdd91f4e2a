// SPDX-License-Identifier: Apache-2.0
//
// Memory that httpd's parent shares with closers and children, by descriptor. No httpd, no APR.
#pragma once

#include <cstddef>

namespace finwait {

// A copy of `descriptor` well above those that posix_spawn() is to fill, close-on-exec;
// `descriptor` is closed. -1 stays -1.
[[nodiscard]] int lifted(int descriptor);

// Closes and forgets.
void close_and_forget(int& descriptor);

// Its size is sealed: whoever it is shared with cannot make it smaller under those who read it, nor
// larger. Only its owner may open it again. -1 with errno set.
[[nodiscard]] int make_memory(const char* name, std::size_t size);

// A second open file of it. A child that has this one, or its mapping, cannot make it writable: not
// by mprotect(), not by mmap(), and by opening it again only if the server runs as its user.
[[nodiscard]] int open_read_only(int memory);

// MAP_FAILED with errno set.
[[nodiscard]] const void* map_read_only(int memory, std::size_t size);

}  // namespace finwait
