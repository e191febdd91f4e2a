// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <sstream>

#include "module/status/collect.hpp"

namespace finwait {

namespace {

std::optional<std::uint64_t> read_number(const std::string& file) {
    std::uint64_t number = 0;
    if (!(std::ifstream(file) >> number)) return std::nullopt;
    return number;
}

}  // namespace

// net/ipv4/proc.c, sockstat_seq_show(): "TCP: inuse 5 orphan 0 tw 3 alloc 8 mem 1".
KernelView read_kernel(const std::string& proc) {
    KernelView kernel;
    const std::string ipv4 = proc + "/sys/net/ipv4/";
    kernel.max_orphans = read_number(ipv4 + "tcp_max_orphans");
    kernel.max_tw_buckets = read_number(ipv4 + "tcp_max_tw_buckets");
    kernel.fin_timeout_s = read_number(ipv4 + "tcp_fin_timeout");
    std::ifstream sockstat(proc + "/net/sockstat");
    for (std::string line; std::getline(sockstat, line);) {
        if (!line.starts_with("TCP:")) continue;
        std::istringstream words(line.substr(4));
        std::uint64_t value = 0;
        for (std::string word; words >> word >> value;) {
            if (word == "orphan") kernel.orphans = value;
            if (word == "tw") kernel.tw_buckets = value;
        }
    }
    return kernel;
}

}  // namespace finwait
