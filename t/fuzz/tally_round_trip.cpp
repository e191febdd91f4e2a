// SPDX-License-Identifier: Apache-2.0
//
// Any tally becomes one line of valid JSON no longer than kTallyLineMax and parses to the same
// figures; any line that parses does so too.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "finwait/handoff.hpp"
#include "finwait/tally.hpp"

namespace {

using namespace finwait;

constexpr std::uint64_t kNsPerMs = 1'000'000;

void require(bool condition) {
    if (!condition) std::abort();
}

template <std::size_t N>
void fill(FuzzedDataProvider& input, std::array<std::uint64_t, N>& numbers) {
    for (auto& number : numbers)
        if (input.ConsumeBool()) number = input.ConsumeIntegral<std::uint64_t>();
}

TallyLine any_line(FuzzedDataProvider& input) {
    constexpr std::int64_t kEndOf9999 = 253'402'300'799'999;  // RFC 3339 has four digits
    const auto any_time = [&] {
        return std::chrono::milliseconds(input.ConsumeIntegralInRange<std::int64_t>(0, kEndOf9999));
    };
    TallyLine line;
    line.since = any_time();
    line.until = any_time();
    line.addresses = input.ConsumeIntegral<std::uint64_t>();
    line.tally.closes = input.ConsumeIntegral<std::uint64_t>();
    line.tally.stuck = input.ConsumeIntegral<std::uint64_t>();
    line.tally.requests = input.ConsumeIntegral<std::uint64_t>();
    line.tally.drained_bytes = input.ConsumeIntegral<std::uint64_t>();
    line.tally.fin_wait_2_ns = input.ConsumeIntegral<std::uint64_t>() / kNsPerMs * kNsPerMs;
    line.tally.remedied = {input.ConsumeIntegral<std::uint64_t>(),
                           input.ConsumeIntegral<std::uint64_t>(),
                           input.ConsumeIntegral<std::uint64_t>() / kNsPerMs * kNsPerMs};
    fill(input, line.tally.causes);
    fill(input, line.tally.drains);
    fill(input, line.tally.outcomes);
    fill(input, line.tally.fin_wait_2);
    line.vhost = input.ConsumeRandomLengthString(kVhostMax);
    line.user_agent = input.ConsumeBytesAsString(kUserAgentMax);
    return line;
}

std::string text_of(const TallyLine& line) {
    std::string text;
    append_tally(text, line);
    require(text.find('\n') == text.size() - 1);
    return text;
}

void check_any_text(std::string_view text) {
    const auto line = parse_tally(text);
    if (line) require(parse_tally(text_of(*line)) == line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const auto at = input.ConsumeIntegral<std::uint16_t>();
    const char byte = input.ConsumeIntegral<char>();
    TallyLine line = any_line(input);
    std::string text = text_of(line);
    require(text.size() <= kTallyLineMax);
    const auto parsed = parse_tally(text);
    require(parsed && parsed->tally == line.tally && parsed->since == line.since &&
            parsed->until == line.until && parsed->addresses == line.addresses);
    text[at % text.size()] = byte;
    check_any_text(text);
    check_any_text({reinterpret_cast<const char*>(data), size});
    return 0;
}
