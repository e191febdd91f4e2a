// SPDX-License-Identifier: Apache-2.0
//
// The only way a C++ object gets into a pool: its destructor is the pool's cleanup.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "module/httpd.hpp"

namespace finwait {

template <typename T, typename... Args>
T* pool_new(apr_pool_t* pool, Args&&... args) {
    static_assert(alignof(T) <= 8, "APR_ALIGN_DEFAULT");
    T* object = new (apr_palloc(pool, sizeof(T))) T(std::forward<Args>(args)...);
    if constexpr (!std::is_trivially_destructible_v<T>) {
        apr_pool_cleanup_register(
            pool, object,
            [](void* data) -> apr_status_t {
                static_cast<T*>(data)->~T();
                return APR_SUCCESS;
            },
            apr_pool_cleanup_null);
    }
    return object;
}

}  // namespace finwait
