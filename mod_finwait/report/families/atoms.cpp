// SPDX-License-Identifier: Apache-2.0
#include "report/families/atoms.hpp"

#include <algorithm>
#include <utility>

namespace finwait::report {

namespace {

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::uint32_t beginning_of(std::string_view text) {
    std::uint32_t bytes = 0;
    for (const char c : text.substr(0, Atoms::kSizeMin))
        bytes = bytes << 8 | static_cast<unsigned char>(c);
    return bytes;
}

}  // namespace

Atoms::Atoms(std::vector<std::string> atoms) : atoms_(std::move(atoms)) {
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
        const bool can_be_found = atoms_[i].size() >= kSizeMin && is_ascii(atoms_[i]);
        auto& numbers = can_be_found ? by_beginning_[beginning_of(atoms_[i])] : always_;
        numbers.push_back(static_cast<int>(i));
    }
}

std::vector<int> Atoms::in(std::string_view text) const {
    const std::string lowered = lower(text);
    std::vector<int> found = always_;
    for (std::string_view rest = lowered; rest.size() >= kSizeMin; rest.remove_prefix(1)) {
        const auto numbers = by_beginning_.find(beginning_of(rest));
        if (numbers == by_beginning_.end()) continue;
        for (const int number : numbers->second)
            if (rest.starts_with(atoms_[static_cast<std::size_t>(number)])) found.push_back(number);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace finwait::report
