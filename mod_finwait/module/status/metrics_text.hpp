// SPDX-License-Identifier: Apache-2.0
//
// Writes Prometheus' text format 0.0.4. Names are without their `finwait_`.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "presentation/text.hpp"

namespace finwait {

struct Label {
    std::string_view name;
    std::string_view value;
};
using Labels = std::initializer_list<Label>;

class Metrics {
  public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        out_ += "# HELP finwait_" + name_ + " ";
        out_.append(help).append("\n# TYPE finwait_").append(name).append(" ").append(type);
        out_ += '\n';
    }
    void sample(Labels labels, const std::string& value, std::string_view suffix = {}) {
        out_.append("finwait_").append(name_).append(suffix);
        char before = '{';
        for (const Label& label : labels) {
            out_ += before;
            out_.append(label.name).append("=\"");
            append_value(label.value);
            out_ += '"';
            before = ',';
        }
        if (labels.size() != 0) out_ += '}';
        out_ += ' ' + value + '\n';
    }
    void sample(Labels labels, std::uint64_t value, std::string_view suffix = {}) {
        sample(labels, std::to_string(value), suffix);
    }
    void one(std::string_view name, std::string_view type, std::string_view help,
             std::uint64_t value) {
        family(name, type, help);
        sample({}, value);
    }
    template <typename Words, std::size_t N>
    void words(std::string_view label, const Words& words,
               const std::array<std::uint64_t, N>& counts) {
        for (std::size_t i = 0; i < N; ++i) sample({{label, words[i].name}}, counts[i]);
    }

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    void append_value(std::string_view value) {
        for (const char c : valid_utf8(value)) {
            if (c == '\\' || c == '"') out_ += '\\';
            if (c == '\n')
                out_ += "\\n";
            else
                out_ += c;
        }
    }

    std::string out_;
    std::string name_;
};

}  // namespace finwait
