// SPDX-License-Identifier: Apache-2.0
#include "report/input/clickhouse.hpp"

#include <algorithm>
#include <cstring>

#include "report/input/http.hpp"
#include "report/input/line_buffer.hpp"

namespace finwait::report {

namespace {

constexpr long kSeconds = 600;
constexpr std::size_t kSaidMax = 300;

// Numbers of 64 bits are texts otherwise; without the second an error can follow a 200; the last
// one lets the view `records` look up one close.
constexpr std::string_view kSettings =
    "output_format_json_quote_64bit_integers=0&wait_end_of_query=1&enable_http_compression=1&"
    "enable_optimize_predicate_expression=1";

HttpQuestion http_question(const Engine& engine, const std::string& sql,
                           const std::vector<EngineTable>& tables) {
    HttpQuestion question;
    question.url = engine.url + (engine.url.ends_with('/') ? "?" : "/?") + std::string(kSettings);
    question.user = engine.user;
    question.password = engine.password;
    question.seconds = kSeconds;
    if (tables.empty()) {
        question.body = sql;
        return question;
    }
    question.url += "&query=" + url_parameter(sql);
    for (const EngineTable& table : tables) {
        question.url += "&" + table.name + "_structure=" + url_parameter(table.columns);
        question.form.emplace_back(table.name, table.rows);
    }
    return question;
}

// The first line of what it said, without the words that every message has.
std::string said(std::string_view refusal) {
    constexpr std::string_view kShown = "e.displayText() = ";
    if (const auto at = refusal.find(kShown); at != std::string_view::npos)
        refusal.remove_prefix(at + kShown.size());
    refusal = refusal.substr(0, std::min(refusal.find('\n'), refusal.find(", e.what() =")));
    return std::string(refusal.substr(0, kSaidMax));
}

// Gives whole lines of what comes in blocks.
class Lines {
  public:
    explicit Lines(const std::function<bool(std::string_view)>& take) : take_(take) {}

    bool add(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto room = buffer_.room();
            const std::size_t count = std::min(room.size(), bytes.size());
            std::memcpy(room.data(), bytes.data(), count);
            buffer_.filled(count);
            bytes.remove_prefix(count);
            while (const auto line = buffer_.next()) give(*line);
        }
        return strange_.empty();
    }

    [[nodiscard]] const std::string& end() {
        if (const auto line = buffer_.rest()) give(*line);
        return strange_;
    }

  private:
    void give(std::string_view line) {
        if (strange_.empty() && !take_(line)) strange_ = said(line);
    }

    const std::function<bool(std::string_view)>& take_;
    LineBuffer buffer_;
    std::string strange_;  // the first line that was not wanted
};

}  // namespace

void ClickHouse::ask(const std::string& sql, const std::vector<EngineTable>& tables,
                     const std::function<bool(std::string_view)>& take) const {
    Lines lines(take);
    const HttpAnswer answer = ask_http(http_question(engine_, sql, tables),
                                       [&](std::string_view bytes) { return lines.add(bytes); });
    const std::string& strange = lines.end();
    if (!strange.empty())
        throw EngineError("cannot use the answer of '" + engine_.url + "': " + strange);
    if (answer.error.empty()) return;
    std::string why = answer.error;
    if (!answer.refusal.empty()) why += ": " + said(answer.refusal);
    throw EngineError("cannot ask '" + engine_.url + "': " + why);
}

std::string engine_field(std::string_view text) {
    std::string field;
    for (const char c : text) switch (c) {
            case '\t':
                field += "\\t";
                break;
            case '\n':
                field += "\\n";
                break;
            case '\0':
                field += "\\0";
                break;
            case '\\':
                field += "\\\\";
                break;
            default:
                field += c;
        }
    return field;
}

std::string engine_text(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

std::string url_parameter(std::string_view text) {
    constexpr std::string_view kPlain = "-_.~()*,=!':;@$/";
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string parameter;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain)
            parameter += c;
        else if (c == ' ')
            parameter += '+';
        else
            (parameter += '%').append({kHex[byte >> 4], kHex[byte & 15]});
    }
    return parameter;
}

}  // namespace finwait::report
