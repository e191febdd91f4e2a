// SPDX-License-Identifier: Apache-2.0
//
// Any Record becomes one line of valid JSON no longer than kRecordSizeMax, and parses to the same
// Record, with U+FFFD for each byte of its text that is not UTF-8. Any line that parses does so
// too.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "finwait/handoff.hpp"
#include "finwait/record.hpp"

namespace {

using namespace finwait;

void require(bool condition) {
    if (!condition) std::abort();
}

// RFC 3629 by arithmetic, where the writer has a table: the bytes of the character `text` begins
// with, 0 if it is none.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    if (byte(0) < 0x80) return 1;
    const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC0 || byte(0) >= 0xF8 || text.size() < length) return 0;
    std::uint32_t point = byte(0) & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        point = point << 6 | (byte(i) & 0x3F);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    return point < smallest[length] || surrogate || point > 0x10FFFF ? 0 : length;
}

std::string repaired(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        out += length != 0 ? text.substr(0, length) : "\xEF\xBF\xBD";
        text.remove_prefix(length != 0 ? length : 1);
    }
    return out;
}

Endpoint any_endpoint(FuzzedDataProvider& input) {
    using Family = Endpoint::Family;
    Endpoint endpoint;
    endpoint.family = input.PickValueInArray({Family::none, Family::ipv4, Family::ipv6});
    endpoint.port = input.ConsumeIntegral<std::uint16_t>();
    const std::size_t length = endpoint.family == Family::none   ? 0
                               : endpoint.family == Family::ipv4 ? 4
                                                                 : endpoint.address.size();
    input.ConsumeData(endpoint.address.data(), length);
    return endpoint;
}

template <typename E>
E any_word(FuzzedDataProvider& input) {
    return *word_at<E>(input.ConsumeIntegralInRange<std::size_t>(0, kWordsOf<E>.size() - 1));
}

Record any_record(FuzzedDataProvider& input) {
    constexpr std::int64_t kEndOf9999 = 253'402'300'799'999;  // RFC 3339 has four digits
    Record record;
    record.half_close =
        std::chrono::milliseconds(input.ConsumeIntegralInRange<std::int64_t>(0, kEndOf9999));
    record.peer = any_endpoint(input);
    record.local = any_endpoint(input);
    record.http = any_word<HttpVersion>(input);
    record.tls = any_word<TlsVersion>(input);
    record.mpm = any_word<Mpm>(input);
    record.remedy = any_word<Remedy>(input);
    record.state = any_word<TcpState>(input);
    record.cause = any_word<Cause>(input);
    record.drain = any_word<Drain>(input);
    record.outcome = any_word<Outcome>(input);
    record.requests = input.ConsumeIntegral<std::uint32_t>();
    record.drain_time =
        std::chrono::milliseconds(input.ConsumeIntegralInRange<std::uint64_t>(0, kRecordMsMax));
    record.drained_bytes = input.ConsumeIntegral<std::uint64_t>();
    record.fin_wait_2_time =
        std::chrono::milliseconds(input.ConsumeIntegralInRange<std::uint64_t>(0, kRecordMsMax));
    record.socket_cookie = input.ConsumeIntegral<std::uint64_t>();
    record.rtt_us = input.ConsumeIntegral<std::uint32_t>();
    record.unacked = input.ConsumeIntegral<std::uint32_t>();
    record.retransmits = input.ConsumeIntegral<std::uint32_t>();
    const std::string vhost = input.ConsumeRandomLengthString(kVhostMax);
    const std::string client_address = input.ConsumeRandomLengthString(kClientAddressMax);
    const std::string user_agent = input.ConsumeBytesAsString(kUserAgentMax);
    record.vhost = vhost;
    record.client_address = client_address;
    record.user_agent = user_agent;
    record.own_texts();
    return record;
}

std::string line_of(const Record& record) {
    std::string line;
    append_record(line, record);
    require(line.find('\n') == line.size() - 1);
    return line;
}

void check_any_line(std::string_view line) {
    const auto record = parse_record(line);
    if (record) require(parse_record(line_of(*record)) == record);
}

// A line that is nearly right reaches more of the parser than noise does.
struct Edit {
    std::uint16_t at;
    char byte;
};

void check_damaged(std::string line, std::span<const Edit> edits) {
    for (const Edit& edit : edits) line[edit.at % line.size()] = edit.byte;
    check_any_line(line);
}

void check_any_record(FuzzedDataProvider input) {
    std::array<Edit, 3> edits;
    for (Edit& edit : edits)
        edit = {input.ConsumeIntegral<std::uint16_t>(), input.ConsumeIntegral<char>()};
    Record record = any_record(input);
    const std::string line = line_of(record);
    require(line.size() <= kRecordSizeMax);
    check_damaged(line, edits);

    const std::string vhost = repaired(record.vhost);
    const std::string client_address = repaired(record.client_address);
    const std::string user_agent = repaired(record.user_agent);
    record.vhost = vhost;
    record.client_address = client_address;
    record.user_agent = user_agent;
    require(parse_record(line) == record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_any_record(FuzzedDataProvider(data, size));
    check_any_line({reinterpret_cast<const char*>(data), size});
    return 0;
}
