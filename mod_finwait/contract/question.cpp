// SPDX-License-Identifier: Apache-2.0
#include "finwait/question.hpp"

#include "contract/wire.hpp"

namespace finwait {

namespace {

constexpr std::size_t kKindAt = 1;  // in every message of the channel, after its version

bool is_known(StatusFormat format) {
    return static_cast<std::size_t>(format) < kStatusFormats;
}

}  // namespace

ModuleTotals totals_of(const ModuleCounters& counters) {
    ModuleTotals totals{read(counters.closes), read(counters.handoffs), read(counters.reports), {}};
    for (std::size_t i = 0; i < totals.declined.size(); ++i)
        totals.declined[i] = read(counters.declined[i]);
    return totals;
}

bool is_question(std::span<const std::byte> bytes) {
    return bytes.size() > kKindAt &&
           bytes[kKindAt] == static_cast<std::byte>(MessageKind::question);
}

std::size_t encode(const Question& question, std::span<std::byte> out) {
    wire::Writer writer(out);
    writer.put(kHandoffVersion);
    writer.put(MessageKind::question);
    writer.put(question.format);
    writer.put(question.module.closes);
    writer.put(question.module.handoffs);
    writer.put(question.module.reports);
    for (const std::uint64_t declined : question.module.declined) writer.put(declined);
    writer.put(static_cast<std::uint8_t>(question.on_ports ? 1 : 0));
    const SocketCounts on_ports = question.on_ports.value_or(SocketCounts());
    writer.put(on_ports.fin_wait_1);
    writer.put(on_ports.fin_wait_2);
    writer.put(on_ports.closing);
    return writer.size();
}

DecodeError decode(std::span<const std::byte> bytes, Question& question) {
    wire::Reader reader(bytes);
    const auto version = reader.get<std::uint8_t>();
    const auto kind = reader.get<MessageKind>();
    question.format = reader.get<StatusFormat>();
    question.module.closes = reader.get<std::uint64_t>();
    question.module.handoffs = reader.get<std::uint64_t>();
    question.module.reports = reader.get<std::uint64_t>();
    for (std::uint64_t& declined : question.module.declined) declined = reader.get<std::uint64_t>();
    const auto has_counts = reader.get<std::uint8_t>();
    SocketCounts on_ports;
    on_ports.fin_wait_1 = reader.get<std::uint64_t>();
    on_ports.fin_wait_2 = reader.get<std::uint64_t>();
    on_ports.closing = reader.get<std::uint64_t>();
    question.on_ports = has_counts != 0 ? std::optional(on_ports) : std::nullopt;
    if (reader.truncated()) return DecodeError::truncated;
    if (version != kHandoffVersion) return DecodeError::wrong_version;
    if (kind != MessageKind::question || !is_known(question.format) || has_counts > 1)
        return DecodeError::bad_value;
    return reader.left() == 0 ? DecodeError::none : DecodeError::trailing_bytes;
}

}  // namespace finwait
