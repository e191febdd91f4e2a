// SPDX-License-Identifier: Apache-2.0
//
// No socket of a server is ever nobody's: asked at the end of every test, as its status page would.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "module/status/kernel_table.hpp"
#include "server/httpd.hpp"

namespace finwait {

std::ostream& operator<<(std::ostream& out, const SocketCounts& sockets) {
    return out << sockets.fin_wait_1 << " in FIN_WAIT_1, " << sockets.fin_wait_2
               << " in FIN_WAIT_2, " << sockets.closing << " in CLOSING";
}

}  // namespace finwait

namespace finwait::test {

// What is left to the kernel's own FIN_WAIT_2 is gone after a minute.
void Httpd::expect_no_unattributed() const {
    const std::set<std::uint16_t> sorted{plain_, tls_};
    const std::vector<std::uint16_t> ports(sorted.begin(), sorted.end());
    KernelTable table;
    std::uint64_t held = 0;
    const bool none = wait_until(20s, [&] {
        table = read_kernel_table(ports);
        held = counters_->held();
        return table.error != 0 || table.on_ports.all() <= held;
    });
    EXPECT_TRUE(none) << "unattributed: of " << table.on_ports << " the closer holds " << held
                      << "\n"
                      << run({"ss", "-tanopH", "sport", "=", ":" + std::to_string(plain_), "or",
                              "sport", "=", ":" + std::to_string(tls_)})
                             .output;
}

}  // namespace finwait::test
