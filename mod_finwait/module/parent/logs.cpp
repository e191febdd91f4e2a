// SPDX-License-Identifier: Apache-2.0
#include "module/parent/logs.hpp"

#include <apr_strings.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <span>
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

// -1 with errno set, and `descriptor` closed, where it is one of httpd's last. Of few it leaves a
// quarter, of many 64.
int unless_it_is_scarce(int descriptor) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t left = std::min<rlim_t>(limit.rlim_cur / 4, 64);
    if (descriptor < 0 || static_cast<rlim_t>(descriptor) < limit.rlim_cur - left)
        return descriptor;
    ::close(descriptor);
    errno = EMFILE;
    return -1;
}

// These two return 0, or why there is no descriptor for the log.
int open_program(Log& log, apr_pool_t* pconf) {
    if (log.write_fd < 0) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
        log.read_fd = lifted(ends[0]);
        log.write_fd = unless_it_is_scarce(lifted(ends[1]));
    }
    if (log.write_fd < 0) {
        close_and_forget(log.read_fd);
        return EMFILE;
    }
    if (log.program != 0 && is_gone(log.program)) log.program = 0;
    if (log.program == 0 && !start_program(log, pconf)) return 0;
    watch_child(log.program, on_program_event, &log, pconf);
    return 0;
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

int open_file(Log& log) {
    const int opened = lifted(open_for_lines(log.target));
    const int fd = log.write_fd < 0 ? unless_it_is_scarce(opened) : opened;
    if (fd < 0) return errno;
    close_and_forget(log.write_fd);
    log.write_fd = fd;
    return 0;
}

// What no log has, not even one of an older configuration.
std::uint16_t next_id(Runtime& runtime) {
    std::uint16_t id;
    do id = runtime.next_log_id++;
    while (id == kNoLog || std::ranges::any_of(runtime.logs, [id](const Log& log) {
               return log.target && log.id == id;
           }));
    return id;
}

// Null if there is no memory, or (which kLogsKept excludes) no place.
Log* find_or_add(Runtime& runtime, const char* target, LogMode mode) {
    Log* free = nullptr;
    for (Log& log : runtime.logs) {
        if (log.target && log.mode == mode && std::strcmp(log.target, target) == 0) return &log;
        if (!log.target && !free) free = &log;
    }
    char* copy = free ? ::strdup(target) : nullptr;
    if (!copy) return nullptr;
    *free = Log{nullptr, -1, -1, 0, 0, mode, next_id(runtime)};
    free->target = copy;
    return free;
}

// The logs of one configuration.
class LogOpener {
  public:
    LogOpener(Runtime& runtime, apr_pool_t* pconf) : runtime_(runtime), pconf_(pconf) {}

    // Unless another directive of this configuration has opened it.
    [[nodiscard]] std::uint16_t open(const LogDirective& directive) {
        Log* log = find_or_add(runtime_, directive.target, directive.mode);
        if (log && log->last_used == runtime_.configurations) return log->id;
        if (!log || named_ == kLogsMax) return refuse(log, directive.target);
        ++named_;
        log->last_used = runtime_.configurations;
        note(*log, is_program(*log) ? open_program(*log, pconf_) : open_file(*log));
        return log->id;
    }
    void log_refused() const {
        if (scarce_ > 0)
            ap_log_error(APLOG_MARK, APLOG_ERR, EMFILE, ap_server_conf,
                         "finwait: %d FinWaitLogs could not be opened, because httpd needs the "
                         "descriptors that are left (raise LimitNOFILE): their Records are dropped "
                         "until the next restart",
                         scarce_);
        if (refused_ == 0) return;
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                     "finwait: a configuration may name at most %d different logs: the Records of "
                     "%d FinWaitLog directives are dropped, the first names \"%s\"",
                     static_cast<int>(kLogsMax), refused_, first_refused_);
    }

  private:
    void note(const Log& log, int error) {
        if (error == EMFILE && log.write_fd < 0) ++scarce_;
        if (error == 0 || (error == EMFILE && log.write_fd < 0)) return;
        ap_log_error(APLOG_MARK, APLOG_ERR, error, ap_server_conf,
                     "finwait: could not open FinWaitLog \"%s\": %s until the next restart",
                     log.target,
                     log.write_fd < 0 ? "its Records are dropped" : "the one that is open goes on");
    }
    std::uint16_t refuse(Log* log, const char* target) {
        if (refused_++ == 0) first_refused_ = target;
        const bool is_new = log && log->last_used == 0;
        if (!is_new) return kNoLog;
        std::free(log->target);
        log->target = nullptr;
        return kNoLog;
    }

    Runtime& runtime_;
    apr_pool_t* pconf_;
    std::size_t named_ = 0;
    int refused_ = 0;
    int scarce_ = 0;
    const char* first_refused_ = nullptr;
};

void close_log(Log& log) {
    close_and_forget(log.write_fd);
    close_and_forget(log.read_fd);
    std::free(log.target);
    log.target = nullptr;
}

}  // namespace

void open_logs(Runtime& runtime, server_rec* main_server, apr_pool_t* pconf) {
    ++runtime.configurations;
    LogOpener opener(runtime, pconf);
    for (server_rec* server = main_server; server; server = server->next) {
        ServerConfig& config = config_of(server);
        for (LogDirective& log : std::span(config.logs).first(config.log_count))
            log.id = opener.open(log);
    }
    opener.log_refused();
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
