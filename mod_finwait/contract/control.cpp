// SPDX-License-Identifier: Apache-2.0
#include "finwait/control.hpp"

#include "contract/rule_wire.hpp"
#include "contract/wire.hpp"

namespace finwait {

namespace {

bool is_known(ControlKind kind) {
    return kind >= ControlKind::retire && kind <= ControlKind::auto_rule;
}

bool is_known(NoticeLevel level) {
    return level >= NoticeLevel::error && level <= NoticeLevel::info;
}

bool is_known(LogMode mode) {
    return mode <= LogMode::stuck;
}

}  // namespace

std::size_t encode(const Control& control, std::span<std::byte> out) {
    wire::Writer writer(out);
    writer.put(control.kind);
    if (control.kind == ControlKind::retire) return writer.size();
    writer.put(control.max_held);
    writer.put(control.ledger_size);
    writer.put(control.descriptor_limit);
    writer.put(control.confinement.uid);
    writer.put(control.confinement.landlock_abi);
    writer.put(control.confinement.in_force);
    wire::put_rule(writer, control.auto_rule);
    writer.put(control.log_id);
    writer.put(control.log_mode);
    writer.put(control.grace_ms);
    writer.put(control.level);
    writer.put_text<std::uint16_t>(control.text, kControlSizeMax);
    return writer.size();
}

bool decode(std::span<const std::byte> bytes, Control& control) {
    wire::Reader reader(bytes);
    control = Control{};
    control.kind = reader.get<ControlKind>();
    if (reader.truncated() || !is_known(control.kind)) return false;
    if (control.kind == ControlKind::retire) return reader.left() == 0;
    control.max_held = reader.get<std::uint32_t>();
    control.ledger_size = reader.get<std::uint32_t>();
    control.descriptor_limit = reader.get<std::uint64_t>();
    control.confinement.uid = reader.get<std::uint32_t>();
    control.confinement.landlock_abi = reader.get<std::uint32_t>();
    control.confinement.in_force = reader.get<std::uint64_t>();
    const bool is_rule = wire::get_rule(reader, control.auto_rule);
    control.log_id = reader.get<std::uint16_t>();
    control.log_mode = reader.get<LogMode>();
    control.grace_ms = reader.get<std::uint32_t>();
    control.level = reader.get<NoticeLevel>();
    control.text = reader.get_text<std::uint16_t>(kControlSizeMax);
    return is_rule && !reader.truncated() && !reader.out_of_range() && reader.left() == 0 &&
           is_known(control.level) && is_known(control.log_mode);
}

}  // namespace finwait
