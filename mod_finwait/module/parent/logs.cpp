// SPDX-License-Identifier: Apache-2.0
#include "module/parent/logs.hpp"

#include <apr_strings.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "module/config/server_config.hpp"
#include "module/guard.hpp"
#include "module/parent/other_child.hpp"
#include "module/parent/spawn.hpp"

namespace finwait {

namespace {

bool is_program(const Log& log) {
    return log.target[0] == '|';
}

// Without a shell by default, as CustomLog: "|$command" asks for one, "||command" for none.
Program program_of(const Log& log, apr_pool_t* pool) {
    std::string_view command = log.target + 1;
    Program program;
    program.directory = ap_server_root;
    program.search_path = true;
    if (command.starts_with('$')) {
        command.remove_prefix(1);
        program.path = "/bin/sh";
        program.arguments = {"-c", std::string(command)};
        return program;
    }
    if (command.starts_with('|')) command.remove_prefix(1);
    char** words = nullptr;
    if (apr_tokenize_to_argv(std::string(command).c_str(), &words, pool) != APR_SUCCESS ||
        !words[0])
        return program;
    program.path = words[0];
    for (char** word = words + 1; *word; ++word) program.arguments.emplace_back(*word);
    return program;
}

bool start_program(Log& log, apr_pool_t* pool) {
    Program program = program_of(log, pool);
    program.descriptors = {{log.read_fd, STDIN_FILENO}};
    log.program = spawn(program);
    if (log.program > 0) return true;
    ap_log_error(APLOG_MARK, APLOG_ERR, errno, ap_server_conf,
                 "finwait: FinWaitLog \"%s\" could not be started", log.target);
    log.program = 0;
    return false;
}

// The pipe outlives its program, so what was in it goes to the next one.
void on_program_event(int reason, void* data, apr_wait_t) {
    auto& log = *static_cast<Log*>(data);
    if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST) return;
    apr_proc_other_child_unregister(data);
    log.program = 0;
    if (!log.target || server_is_stopping()) return;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                 "finwait: FinWaitLog \"%s\" ended: starting it again", log.target);
    guarded("restarting a log program", false, [&] {
        apr_pool_t* pool = ap_server_conf->process->pconf;
        if (!start_program(log, pool)) return false;
        watch_child(log.program, on_program_event, &log, pool);
        return true;
    });
}

bool open_program(Log& log, apr_pool_t* pconf) {
    if (log.write_fd < 0) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return false;
        log.read_fd = lifted(ends[0]);
        log.write_fd = lifted(ends[1]);
    }
    if (log.program != 0 && is_gone(log.program)) log.program = 0;
    if (log.program == 0 && !start_program(log, pconf)) return false;
    watch_child(log.program, on_program_event, &log, pconf);
    return true;
}

// Readable where that is possible, so that a closer sees whether one that was killed left half a
// line. A FIFO must not be: opened for both it would never say that nobody reads it.
int open_for_lines(const char* path) {
    constexpr int kFlags = O_APPEND | O_CLOEXEC | O_NONBLOCK;
    const int fd = ::open(path, O_WRONLY | O_CREAT | kFlags, 0666);
    struct stat status {};
    if (fd < 0 || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return fd;
    const int readable = ::open(path, O_RDWR | kFlags);
    if (readable < 0) return fd;
    ::close(fd);
    return readable;
}

bool open_file(Log& log) {
    const int fd = lifted(open_for_lines(log.target));
    if (fd < 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, ap_server_conf,
                     "finwait: could not open FinWaitLog file %s", log.target);
        return false;
    }
    close_and_forget(log.write_fd);
    log.write_fd = fd;
    return true;
}

Log* find_or_add(Runtime& runtime, const char* target, LogMode mode) {
    Log* free = nullptr;
    for (Log& log : runtime.logs) {
        if (log.target && log.mode == mode && std::strcmp(log.target, target) == 0) return &log;
        if (!log.target && !free) free = &log;
    }
    if (!free) {
        ap_log_error(
            APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
            "finwait: FinWaitLog \"%s\" is one too many: the configuration may name at most "
            "%d different logs",
            target, static_cast<int>(kLogsMax));
        return nullptr;
    }
    *free = Log{::strdup(target), -1, -1, 0, 0, mode, runtime.next_log_id++};
    return free;
}

// Opens the log a directive names, unless another directive of this configuration has.
bool open_log(Runtime& runtime, LogDirective& directive, apr_pool_t* pconf) {
    Log* log = find_or_add(runtime, directive.target, directive.mode);
    if (!log) return false;
    directive.id = log->id;
    if (log->last_used == runtime.configurations) return true;
    log->last_used = runtime.configurations;
    return is_program(*log) ? open_program(*log, pconf) : open_file(*log);
}

void close_log(Log& log) {
    close_and_forget(log.write_fd);
    close_and_forget(log.read_fd);
    std::free(log.target);
    log.target = nullptr;
}

}  // namespace

bool open_logs(Runtime& runtime, server_rec* main_server, apr_pool_t* pconf) {
    ++runtime.configurations;
    for (server_rec* server = main_server; server; server = server->next) {
        ServerConfig& config = config_of(server);
        for (std::size_t i = 0; i < config.log_count; ++i)
            if (!open_log(runtime, config.logs[i], pconf)) return false;
    }
    return true;
}

std::vector<std::uint16_t> close_unused_logs(Runtime& runtime) {
    std::vector<std::uint16_t> closed;
    for (Log& log : runtime.logs) {
        if (!log.target || log.last_used + 1 >= runtime.configurations) continue;
        closed.push_back(log.id);
        close_log(log);
    }
    return closed;
}

void close_all_logs(Runtime& runtime) {
    for (Log& log : runtime.logs)
        if (log.target) close_log(log);
}

}  // namespace finwait
