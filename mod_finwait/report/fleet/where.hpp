// SPDX-License-Identifier: Apache-2.0
//
// The conditions of one question.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "report/fleet/sql.hpp"
#include "report/input/clickhouse.hpp"

namespace finwait::report {

using MaybeTime = std::optional<std::chrono::milliseconds>;

class Where {
  public:
    explicit Where(std::string_view table) : text_(std::string("FROM ").append(table)) {}

    Where& add(std::string_view condition) {
        text_.append(is_first_ ? where_of(text_) : " AND ").append(condition);
        is_first_ = false;
        return *this;
    }

    // Columns of whole seconds and of the milliseconds beyond them; "" where there are none.
    Where& within(const std::string& time, const std::string& ms, const MaybeTime& since,
                  const MaybeTime& until) {
        if (since) add(compared(time, ms, *since, ">", ">="));
        if (until) add(compared(time, ms, *until, "<", "<"));
        return *this;
    }

    Where& is_name(std::string_view name, const std::optional<std::string>& wanted) {
        if (!wanted) return *this;
        return add(std::string("lower(").append(name) + ") = lower(" + engine_text(*wanted) + ")");
    }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    // In whole seconds first: by that the engine finds the parts to read.
    static std::string compared(const std::string& time, const std::string& ms,
                                std::chrono::milliseconds with, const char* beyond,
                                const char* at) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(with);
        const auto count = std::clamp<std::int64_t>(seconds.count(), 0, UINT32_MAX);
        const std::string instant = " toDateTime(" + std::to_string(count) + ")";
        const std::string rest = std::to_string((with - seconds).count());
        if (ms.empty() || rest == "0") return time + " " + at + instant;
        const std::string coarse = std::string(beyond) + "=";
        return time + " " + coarse + instant + " AND (" + time + " " + beyond + instant + " OR " +
               ms + " " + at + " " + rest + ")";
    }

    std::string text_;
    bool is_first_ = true;
};

}  // namespace finwait::report
