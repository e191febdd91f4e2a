// SPDX-License-Identifier: Apache-2.0
//
// Pieces of SQL that several questions are made of.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/fleet/columns.hpp"

namespace finwait::report {

inline constexpr const char* kOfProxy = "(shared = 1 OR via = 1)";
inline constexpr const char* kEvicted = "(vhost = '(other)' AND user_agent = '(other)')";
inline constexpr const char* kHourKey = "at";  // not `hour`: that is a column

// PREWHERE goes before FINAL merges, which is slow: so only what is wanted is merged. Doubles are
// alike in every column, and a condition takes both or none. Of closes only: 26.7 makes another
// column of `proxy = ''`, which is none for its Merge tables' PREWHERE.
inline const char* where_of(std::string_view from) {
    const bool is_of_closes = from.find("FROM finwait.closes") != std::string_view::npos;
    return is_of_closes ? " PREWHERE " : " WHERE ";
}

inline std::string name_of_word(const char* kind, std::string_view name) {
    return std::string(kind).append("_").append(name);
}

inline std::string and_also(const std::string& from, const std::string& condition) {
    return from + (from.find(where_of(from)) == std::string::npos ? where_of(from) : " AND ") +
           condition;
}

inline std::string if_then(const std::string& condition, const std::string& yes,
                           const std::string& no) {
    return "if(" + condition + ", " + yes + ", " + no + ")";
}

// What a row is: expressions, and what they are called in the answer.
struct SqlRow {
    std::vector<std::pair<std::string, std::string>> columns;

    void add(const std::string& expression, std::string_view key) {
        columns.emplace_back(expression, key);
    }
    [[nodiscard]] std::string select() const {
        std::string text;
        for (const auto& [expression, key] : columns) text += column(expression, key);
        return text;
    }
    [[nodiscard]] std::string group_by() const {
        std::string text;
        for (const auto& [expression, key] : columns)
            text += (text.empty() ? " GROUP BY " : ", ") + expression;
        return text;
    }
    [[nodiscard]] std::string keys() const {
        std::string text;
        for (const auto& [expression, key] : columns)
            text += (text.empty() ? "`" : ", `") + key + "`";
        return text;
    }
};

}  // namespace finwait::report
