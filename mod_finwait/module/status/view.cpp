// SPDX-License-Identifier: Apache-2.0
#include "module/status/view.hpp"

#include <cmath>

namespace finwait {

std::uint64_t TimeHistogram::count() const {
    std::uint64_t all = beyond;
    for (const Bucket& bucket : buckets) all += bucket.count;
    return all;
}

std::optional<double> TimeHistogram::quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count())));
    if (wanted == 0) return std::nullopt;
    std::uint64_t seen = 0;
    for (const Bucket& bucket : buckets)
        if ((seen += bucket.count) >= wanted) return bucket.up_to_s;
    return std::nullopt;
}

std::string endpoint_text(const Endpoint& endpoint) {
    const std::string address = address_text(endpoint);
    const bool is_ipv6 = endpoint.family == Endpoint::Family::ipv6;
    return (is_ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port);
}

std::string_view name_of(NoticeLevel level) {
    switch (level) {
        case NoticeLevel::error:
            return "error";
        case NoticeLevel::warning:
            return "warning";
        case NoticeLevel::notice:
            return "notice";
        case NoticeLevel::info:
            return "info";
    }
    return "unknown";
}

}  // namespace finwait
