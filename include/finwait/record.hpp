// SPDX-License-Identifier: Apache-2.0
//
// A Record: one finished close as one JSON line. Keys are flat; names follow OpenTelemetry's
// conventions where it has one, `finwait.` otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "finwait/close.hpp"

namespace finwait {

// Longest line append_record() can write, newline included: every byte of client text may become
// six ("\u00ff"), the rest is bounded by the widths of its numbers.
inline constexpr std::size_t kRecordSizeMax = 8192;

// Times in a line are whole milliseconds; more than thirty years are no time.
inline constexpr std::uint64_t kRecordMsMax = 1'000'000'000'000;

// Appends one line with its newline. The line is valid UTF-8 and valid JSON whatever the client
// sent: control bytes are escaped, each byte that is not UTF-8 becomes U+FFFD.
void append_record(std::string& out, const Close& close);

// Appends the line that tells how many Records a log lost because its reader was slow.
void append_dropped(std::string& out, std::chrono::milliseconds now, std::uint64_t dropped);

// A line read back, with the memory that its texts are in. Text comes back as written, that is with
// U+FFFD in place of what was not UTF-8.
struct Record : Close {
    std::shared_ptr<const std::string> texts;

    // Copies the texts, wherever they are, into memory of its own.
    void own_texts() {
        std::string block;
        append_texts_to(block);
        texts = std::make_shared<const std::string>(std::move(block));
        view_texts_in(*texts);
    }
};

// Nothing if the line is not a finwait.close Record.
[[nodiscard]] std::optional<Record> parse_record(std::string_view line);

}  // namespace finwait
