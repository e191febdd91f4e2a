// SPDX-License-Identifier: Apache-2.0
//
// One private httpd per test: the machine's /usr/sbin/apache2 with an own ServerRoot under /tmp,
// free ports of 127.0.0.1 and the module from the build folder. The destructor stops it and checks
// what must hold for every run: nothing left running, every close accounted for, no cause `other`,
// no socket that nobody holds, no error line that the test did not announce.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "clients/client.hpp"
#include "finwait/counters.hpp"
#include "finwait/record.hpp"
#include "finwait/tally.hpp"

namespace finwait {

// For GoogleTest's messages: a Record as its line, a word as it stands there.
std::ostream& operator<<(std::ostream& out, const Record& record);

template <typename E>
requires(!std::is_null_pointer_v<std::remove_cv_t<decltype(kWordsOf<E>)>>) std::ostream& operator<<(
    std::ostream& out, E word) {
    return out << name_of(word);
}

}  // namespace finwait

namespace finwait::test {

// Made once per test program, removed at its end.
struct Suite {
    static std::string dir();        // with www/ (small, 3m, 10m), tls.crt, tls.key
    static std::string build_dir();  // where mod_finwait.so and finwait-closer are
    static void set_up();
    static void tear_down();
    // What must be put back on the machine, also when the program is interrupted.
    static void set_undo(std::function<void()> undo);
    static void undo();
};

// Both counter pages, mapped read-only from the parent's descriptors (the mapping outlives httpd),
// or as they were at one moment.
class Counters {
  public:
    explicit Counters(pid_t httpd_parent);

    // Of figures that belong together: all are of one moment, and stay.
    [[nodiscard]] Counters snapshot() const;

    [[nodiscard]] const ModuleCounters& module() const { return *module_; }
    [[nodiscard]] const CloserCounters& closer() const { return *closer_; }
    [[nodiscard]] std::uint64_t closes() const { return read(module_->closes); }
    [[nodiscard]] std::uint64_t declined() const;
    [[nodiscard]] std::uint64_t declined(Decline why) const;
    [[nodiscard]] std::uint64_t held() const;
    [[nodiscard]] std::uint64_t waiting() const;
    [[nodiscard]] std::uint64_t unwritten() const;
    // Sockets in a closing state that the closer holds, that are on their way to it, or that
    // counters say are not for it. Never too few, but while one passes from one to the next.
    [[nodiscard]] std::uint64_t known_sockets() const;
    // closes == handoffs + ended + declined, and all of them are over: at most a line is missing,
    // which in a log of mode `stuck` may take a minute.
    [[nodiscard]] bool all_ended() const;
    // And the closer has finished with all of them.
    [[nodiscard]] bool settled() const;
    [[nodiscard]] bool module_is_consistent() const;
    [[nodiscard]] std::string text() const;

  private:
    Counters() = default;
    [[nodiscard]] std::uint64_t not_counted() const;

    std::shared_ptr<const ModuleCounters> module_;
    std::shared_ptr<const CloserCounters> closer_;
};

std::ostream& operator<<(std::ostream& out, const Counters& counters);

// What httpd logs when it serves.
inline constexpr std::string_view kServing = "configured -- resuming normal operations";

class SocketWatch;

enum class Run : std::uint8_t { daemon, foreground, debug };  // -k start, -DFOREGROUND, -X

struct HttpdOptions {
    bool with_module = true;  // false: the same server as Debian ships it
    bool with_log = true;     // FinWaitLog ${dir}/finwait.log in the main server
    Run run = Run::daemon;
    std::string user = {};    // "": started by root; else the whole server runs as this user
    std::string listen = {};  // a second address for ${plain}
    std::vector<std::string> launcher = {};  // put before apache2, for instance prlimit
    std::string ambient = {};                // capabilities that `user` has, as setpriv names them
    std::string programs = {};  // the folder of module and closer; "": where they are built
};

// In `directives` httpd itself expands ${plain} and ${tls} (ports), ${dir} (the ServerRoot),
// ${modules}, ${www} and ${closer}.
class Httpd {
  public:
    explicit Httpd(Mpm mpm, const std::string& directives = "", HttpdOptions options = {});
    ~Httpd();
    Httpd(const Httpd&) = delete;
    Httpd& operator=(const Httpd&) = delete;

    void begin_graceful();  // returns when the new generation serves, and some of the old still may
    void graceful();        // when the new one alone takes connections
    void restart();         // ungraceful, the same
    void end_watch();       // of its sockets; by itself when it stops
    void begin_graceful_stop();
    void graceful_stop();  // these two return when the parent has ended
    void stop();
    [[nodiscard]] bool wait_stopped(milliseconds limit);
    void kill_tree();  // SIGKILL to every process of this server

    [[nodiscard]] std::uint16_t port(Transport transport = Transport::plain) const;
    [[nodiscard]] const std::string& dir() const { return dir_; }
    [[nodiscard]] pid_t pid() const { return parent_; }
    [[nodiscard]] std::vector<pid_t> children() const;  // apache2 processes, daemons included
    [[nodiscard]] pid_t closer_pid() const;             // waits for one to run
    [[nodiscard]] std::vector<pid_t> closer_pids() const;

    [[nodiscard]] Client client(Transport transport = Transport::plain, ClientOptions options = {});

    // The server's sockets towards this client, as `ss -tano` lists them; "" when there is none.
    [[nodiscard]] std::string kernel_sockets(const Client& client) const;

    // What is left of the kernel's own time for this client's socket, once nobody holds it.
    [[nodiscard]] std::optional<milliseconds> kernel_timer(const Client& client) const;

    // Waits for FIN_WAIT_2 with a descriptor of httpd's own (the kernel alone would show a timer).
    // httpd lingers for two seconds after the client's last byte: so the client sends some.
    [[nodiscard]] testing::AssertionResult lingers_itself(Client& client) const;

    [[nodiscard]] const Counters& counters() const { return *counters_; }
    // Waits until there were so many closes, and every one is accounted for and, with one log,
    // written. Without a number only for what httpd has counted before.
    [[nodiscard]] testing::AssertionResult wait_settled(std::uint64_t closes = 0) const;

    // Every line must be a Record (or tell of dropped ones, or a tally): anything else is a
    // failure.
    [[nodiscard]] std::vector<Record> records(const std::string& log = "finwait.log") const;
    [[nodiscard]] std::vector<TallyLine> tallies(const std::string& log) const;
    // Waits for the Record of this client's connection; at teardown it must be the only one.
    [[nodiscard]] Record record_of(const Client& client);
    [[nodiscard]] Record wait_record(const std::function<bool(const Record&)>& fits);

    [[nodiscard]] std::string error_log() const;
    [[nodiscard]] std::size_t times_logged(std::string_view text) const;
    // Lines with this text are no failure at teardown.
    void expect_error(std::string text) { expected_errors_.push_back(std::move(text)); }
    // For tests that kill httpd itself: its figures need not add up afterwards.
    void expect_unsettled() { check_accounting_ = false; }
    // For tests that kill a closer while it writes: one line of its log may end early. The next
    // closer begins a new one.
    void expect_half_line() { half_lines_max_ = 1; }

  private:
    void start();
    void signal_and_wait_serving(int number);
    void let_workers_rest() const;
    // What httpd does when its children have ended.
    [[nodiscard]] bool wait_out_children(const std::function<bool(milliseconds limit)>& wait);
    void let_closes_finish() const;
    void expect_no_unattributed() const;
    [[nodiscard]] std::vector<std::uint16_t> ports() const;  // in order
    [[nodiscard]] bool is_written(const Counters& counters) const;
    void check_at_end();
    void check_accounting();

    HttpdOptions options_;
    std::string dir_;
    std::uint16_t plain_ = 0, tls_ = 0;
    Process foreground_;
    pid_t parent_ = -1;
    bool stopped_ = false;
    bool check_accounting_ = true;
    int half_lines_max_ = 0;
    std::unique_ptr<Counters> counters_;
    std::unique_ptr<SocketWatch> watch_;  // after what it reads
    std::set<pid_t> seen_;                // processes of this server, for the last check
    std::vector<Record> asked_records_;
    std::vector<std::string> expected_errors_;
};

// The drain ended by this limit and no other: not before it, and well before those of other kinds.
// A busy machine may only add to it; by how much an idle one does is for t/bench.
void expect_drained_for(const Record& record, milliseconds limit);

// configtest and its like: the same prelude, no server. Returns httpd's own output.
Finished apache2_says(Mpm mpm, const std::string& directives, const std::string& option = "-t");

std::string mpm_name(Mpm mpm);
std::string transport_name(Transport transport);

}  // namespace finwait::test
