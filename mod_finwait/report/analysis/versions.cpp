// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/versions.hpp"

#include <algorithm>

namespace finwait::report {

namespace {

// A number of any length: without leading zeros the longer one is the larger.
std::string_view number_of(std::string_view part) {
    const std::size_t begin = part.find_first_not_of('0');
    return begin == std::string_view::npos ? std::string_view{} : part.substr(begin);
}

}  // namespace

bool is_older(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        const std::string_view left = number_of(a.substr(0, a.find('.')));
        const std::string_view right = number_of(b.substr(0, b.find('.')));
        if (left.size() != right.size()) return left.size() < right.size();
        if (left != right) return left < right;
        a.remove_prefix(std::min(a.size(), std::min(a.find('.'), a.size()) + 1));
        b.remove_prefix(std::min(b.size(), std::min(b.find('.'), b.size()) + 1));
    }
    return a.empty() && !b.empty();
}

void VersionRange::add(const std::string& version) {
    if (version.empty()) return;
    if (oldest_.empty() || is_older(version, oldest_)) oldest_ = version;
    if (newest_.empty() || is_older(newest_, version)) newest_ = version;
}

std::string VersionRange::text() const {
    return oldest_ == newest_ ? oldest_ : oldest_ + "–" + newest_;
}

}  // namespace finwait::report
