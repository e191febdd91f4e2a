// SPDX-License-Identifier: Apache-2.0
#include "module/connection/fin.hpp"

#include <sys/socket.h>

#include <utility>

#include "module/clock.hpp"
#include "module/connection/connection.hpp"
#include "module/parent/runtime.hpp"

namespace finwait {

bool send_fin(Connection& connection, int socket) {
    count(connection.runtime->module_counters->untold);
    connection.is_untold = true;
    connection.fin_at = monotonic_now();
    if (::shutdown(socket, SHUT_WR) == 0) return true;
    told_of_fin(connection);
    return false;
}

void told_of_fin(Connection& connection) {
    if (std::exchange(connection.is_untold, false))
        connection.runtime->module_counters->untold.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace finwait
