// SPDX-License-Identifier: Apache-2.0
//
// What outlives a restart of httpd: the closers, the channel, the logs, the counters. httpd unloads
// and reloads the module at every restart, so this is plain data in memory of the process's own
// life, found again by ap_retained_data_get(), and holds no pointer into the module's code.
//
// Owned by the parent. A forked process has a copy, in which all descriptors are closed; a child
// gets its own (inheritance.hpp).
#pragma once

#include <sys/types.h>
#include <unixd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "finwait/books.hpp"
#include "finwait/control.hpp"
#include "finwait/counters.hpp"
#include "finwait/remedy_table.hpp"
#include "module/config/server_config.hpp"
#include "module/httpd.hpp"
#include "module/parent/channel_pair.hpp"
#include "module/parent/shared_memory.hpp"

namespace finwait {

// Of three configurations: this one, and the two before it until this one is told.
inline constexpr std::size_t kLogsKept = 3 * kLogsMax;

struct CloserProcess {
    pid_t pid;                 // 0: not running
    int slot;                  // in CloserCounters::held
    int control;               // our end
    LaneEnds channel_send;     // children's
    LaneEnds channel_receive;  // kept so that what is queued outlives the closer
    bool retired;              // replaced; drains to its end
    bool ready;                // this process has said so
    unsigned failed_starts;    // in a row: processes that ended before they were ready
    std::chrono::steady_clock::time_point started;
    std::chrono::steady_clock::time_point start_after;  // the next try
    bool is_watched;                                    // by httpd's loop, see other_child.hpp
    // O_PATH, kept until the next configuration: what is started, whatever is at its path by now.
    int executable;
    dev_t device;  // of that
    ino_t inode;
    uid_t uid;
    gid_t gid;
    std::size_t root;  // a hash of ChrootDir
};

struct Log {
    char* target;   // malloc'ed; null: free
    int write_fd;   // the file, or the pipe's writing end
    int read_fd;    // the pipe's reading end, -1 for a file: keeps lines while a program restarts
    pid_t program;  // 0: none
    unsigned last_used;  // Runtime::configurations when it was last in the configuration
    LogMode mode;      // with the target: a file that two directives want in two modes is two logs
    std::uint16_t id;  // given in turn, so that none comes again while an old child may name it
};

struct Runtime {
    // These three are first, and mean the same, in every version.
    std::uint64_t layout;
    int deposit_in;                // the ends of deposit.hpp's pair; -1: there is none
    int deposit_out;               // each closer has it too
    std::array<char, 16> version;  // of the module that started the current closer
    std::array<CloserProcess, kCloserSlots> closers;

    pid_t parent;
    bool one_process;  // httpd -X
    bool is_prefork;
    const ap_unixd_mpm_retained_data* mpm;
    int giving_end;  // of the last fork's pair of sockets (inheritance.hpp)
    int taking_end;
    int current;  // index into closers; -1: none
    int module_counters_fd;
    int closer_counters_fd;
    int parent_flags_fd;
    int books_fd;  // -1: each closer keeps its own, and no child sees them
    int remedies_fd;
    ModuleCounters* module_counters;
    const CloserCounters* closer_counters;  // mapped read-only
    const ParentFlags* parent_flags;  // mapped read-only, in the parent too: children inherit it
    const RemedyTable* remedies;      // the same; null: nothing is learnt
    // The same; null: the status page says so. They know their own layout.
    const Books* books;
    std::uint32_t max_held;
    std::uint32_t ledger_size;
    // Nobody who does not read his messages is waited for longer, in all of a restart.
    std::chrono::steady_clock::time_point messages_until;
    unsigned configurations;  // how often post_config has run
    std::array<Log, kLogsKept> logs;
    std::uint16_t next_log_id;
    std::array<std::uint64_t, kDeclines.size()> declines_logged;
};

// A hash of all that a module which a restart loads must lay out as the one before did.
[[nodiscard]] std::uint64_t runtime_layout();

// All but those of the deposit and of a fork, in the same order each time.
template <typename Visit>
void visit_descriptors(Runtime& runtime, Visit&& visit) {
    for (CloserProcess& closer : runtime.closers) {
        visit(closer.control);
        visit(closer.executable);
        for (LaneEnds* ends : {&closer.channel_receive, &closer.channel_send})
            for (int& end : *ends) visit(end);
    }
    for (Log& log : runtime.logs) {
        visit(log.write_fd);
        visit(log.read_fd);
    }
    for (int* memory : {&runtime.module_counters_fd, &runtime.closer_counters_fd,
                        &runtime.parent_flags_fd, &runtime.books_fd, &runtime.remedies_fd})
        visit(*memory);
}

// The parent's, with what the last configuration has laid down; made anew at first use, and where
// what was laid down is gone or another layout's. Null, with a line in the error log, if its memory
// cannot be had.
[[nodiscard]] Runtime* runtime_of(const server_rec* server);

[[nodiscard]] inline CloserProcess* current_closer(Runtime& runtime) {
    return runtime.current < 0 ? nullptr
                               : &runtime.closers[static_cast<std::size_t>(runtime.current)];
}

// The one that was made before this module was loaded. Of another layout it is let go of: its
// closers learn so, serve the children that are left, and end. Null then, or if there is none.
[[nodiscard]] Runtime* kept_runtime();

// Tells children whether the closer's channel is served, or soon will be.
void set_served(const Runtime& runtime, const CloserProcess& closer, bool is_served);

}  // namespace finwait
