// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include "contract/layout_hash.hpp"
#include "finwait/protocol.hpp"
#include "module/parent/runtime.hpp"

namespace finwait {

namespace {

void take_runtime(LayoutHash& hash) {
    for (const std::size_t place :
         {offsetof(Runtime, version), offsetof(Runtime, closers), offsetof(Runtime, parent),
          offsetof(Runtime, mpm), offsetof(Runtime, giving_end), offsetof(Runtime, current),
          offsetof(Runtime, module_counters_fd), offsetof(Runtime, closer_counters_fd),
          offsetof(Runtime, parent_flags_fd), offsetof(Runtime, books_fd),
          offsetof(Runtime, remedies_fd), offsetof(Runtime, module_counters),
          offsetof(Runtime, max_held), offsetof(Runtime, configurations), offsetof(Runtime, logs),
          offsetof(Runtime, next_log_id), offsetof(Runtime, declines_logged), sizeof(Runtime)})
        hash.take(place);
}

void take_closer_and_log(LayoutHash& hash) {
    for (const std::size_t place :
         {offsetof(CloserProcess, slot), offsetof(CloserProcess, control),
          offsetof(CloserProcess, channel_send), offsetof(CloserProcess, channel_receive),
          offsetof(CloserProcess, retired), offsetof(CloserProcess, started),
          offsetof(CloserProcess, executable), offsetof(CloserProcess, device),
          offsetof(CloserProcess, uid), offsetof(CloserProcess, root), offsetof(Log, write_fd),
          offsetof(Log, read_fd), offsetof(Log, program), offsetof(Log, last_used),
          offsetof(Log, mode), offsetof(Log, id)})
        hash.take(place);
    hash.take_type<CloserProcess>();
    hash.take_type<Log>();
}

void take_childrens_counters(LayoutHash& hash) {
    for (const std::size_t place :
         {offsetof(ModuleCounters, closes), offsetof(ModuleCounters, handoffs),
          offsetof(ModuleCounters, ended), offsetof(ModuleCounters, declined),
          offsetof(ModuleCounters, untold), offsetof(ModuleCounters, doubted_ns),
          offsetof(ModuleCounters, outgoing)})
        hash.take(place);
    hash.take_type<ModuleCounters>();
    hash.take_type<ParentFlags>();
    hash.take_words(kDeclines);
}

}  // namespace

std::uint64_t runtime_layout() {
    LayoutHash hash;
    take_runtime(hash);
    take_closer_and_log(hash);
    take_childrens_counters(hash);
    hash.take(std::string_view(protocol()));  // the pages that closers share
    return hash.value();
}

}  // namespace finwait
