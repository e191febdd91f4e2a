// SPDX-License-Identifier: Apache-2.0
//
// Asks ClickHouse over HTTP. Answers are lines of JSON, and all of them or an EngineError: an
// answer that broke off is none.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace finwait::report {

// A sentence that names the engine and what it said, and no password.
struct EngineError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Goes with a question, and is gone after it.
struct EngineTable {
    std::string name, columns;
    std::string rows;  // each ended by a newline, made of engine_field()s with tabs between them
};

struct Engine {
    std::string url;  // without user and password
    std::string user, password;
};

class ClickHouse {
  public:
    explicit ClickHouse(Engine engine) : engine_(std::move(engine)) {}

    // `line` has bytes behind it that a parser may read. Throws EngineError, also where `take` says
    // that a line is none of those it asked for.
    void ask(const std::string& sql, const std::vector<EngineTable>& tables,
             const std::function<bool(std::string_view line)>& take) const;

  private:
    Engine engine_;
};

// As a field of a table's row, and as a text in SQL.
[[nodiscard]] std::string engine_field(std::string_view text);
[[nodiscard]] std::string engine_text(std::string_view text);

// As a parameter of a URL: 18.16 takes URLs of 16 kB, so what need not be escaped is not.
[[nodiscard]] std::string url_parameter(std::string_view text);

}  // namespace finwait::report
