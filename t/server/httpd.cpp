// SPDX-License-Identifier: Apache-2.0

#include "server/httpd.hpp"

#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <regex>
#include <set>
#include <stdexcept>

#include "server/config.hpp"
#include "server/socket_watch.hpp"

namespace finwait::test {

std::string mpm_name(Mpm mpm) {
    return std::string(name_of(mpm));
}

std::string transport_name(Transport transport) {
    return transport == Transport::plain ? "plain" : transport == Transport::tls ? "tls" : "h2";
}

Httpd::Httpd(Mpm mpm, const std::string& directives, HttpdOptions options)
    : options_(std::move(options)), dir_(make_server_root(options_.user)) {
    const Ports ports = free_ports();
    plain_ = ports.plain;
    tls_ = ports.tls;
    write_file(dir_ + "/httpd.conf", config_text(mpm, directives, options_, dir_, ports));
    try {
        start();
    } catch (...) {  // no destructor will run
        if (parent_ > 0) kill_tree();
        throw;
    }
}

void Httpd::start() {
    std::vector<std::string> argv = options_.launcher;
    if (const passwd* user = options_.user.empty() ? nullptr : getpwnam(options_.user.c_str()))
        argv.insert(argv.end(), {"setpriv", "--reuid", std::to_string(user->pw_uid), "--regid",
                                 std::to_string(user->pw_gid), "--clear-groups"});
    if (!options_.ambient.empty())
        argv.insert(argv.end(),
                    {"--inh-caps", options_.ambient, "--ambient-caps", options_.ambient});
    for (const char* word : {"/usr/sbin/apache2", "-d", "", "-f", "httpd.conf"})
        argv.push_back(*word ? word : dir_);
    if (options_.run == Run::daemon) {
        argv.insert(argv.end(), {"-k", "start"});
        const Finished started = run(argv);
        if (started.exit_code != 0)
            throw std::runtime_error("httpd did not start: " + started.output + error_log());
    } else {
        argv.push_back(options_.run == Run::debug ? "-X" : "-DFOREGROUND");
        foreground_ = Process(argv);
    }
    // Not by connecting: a connection without a request would be one more close to account for.
    const bool serves = wait_until(kPatience, [&] {
        const std::string pid = read_file(dir_ + "/httpd.pid");
        if (pid.empty() || pid.back() != '\n') return false;
        parent_ = std::stoi(pid);
        // As one process (-X) httpd does not say so; its pid file comes after its sockets.
        return options_.run == Run::debug || error_log().find(kServing) != std::string::npos;
    });
    if (!serves) {
        throw std::runtime_error("httpd does not serve: " + foreground_.output() + error_log());
    }
    if (!options_.with_module) return;
    counters_ = std::make_unique<Counters>(parent_);
    watch_ = std::make_unique<SocketWatch>(ports(), *counters_);
}

void Httpd::begin_graceful_stop() {
    for (const pid_t pid : descendants_of(parent_)) seen_.insert(pid);
    kill(parent_, SIGWINCH);
}

void Httpd::graceful_stop() {
    begin_graceful_stop();
    if (!wait_stopped(kPatience)) ADD_FAILURE() << "no end of a graceful stop\n" << error_log();
}

Httpd::~Httpd() {
    if (!stopped_) {
        let_closes_finish();
        if (counters_) expect_no_unattributed();
    }
    stop();
    check_at_end();
}

std::uint16_t Httpd::port(Transport transport) const {
    return transport == Transport::plain ? plain_ : tls_;
}

std::vector<std::uint16_t> Httpd::ports() const {
    const std::set<std::uint16_t> ports{plain_, tls_};
    return {ports.begin(), ports.end()};
}

// Before the ports are free for other servers.
void Httpd::end_watch() {
    if (!watch_) return;
    const std::string seen = watch_->stop();
    watch_.reset();
    if (check_accounting_) {
        EXPECT_EQ(seen, "");
    }
}

std::vector<pid_t> Httpd::children() const {
    std::vector<pid_t> found;
    for (const pid_t pid : children_of(parent_))
        if (command_name(pid) == "apache2") found.push_back(pid);
    return found;
}

std::vector<pid_t> Httpd::closer_pids() const {
    std::vector<pid_t> found;
    for (const pid_t pid : children_of(parent_))
        if (command_name(pid) == "finwait-closer" && is_running(pid)) found.push_back(pid);
    return found;
}

pid_t Httpd::closer_pid() const {
    std::vector<pid_t> found;
    (void)wait_until(kPatience, [&] { return !(found = closer_pids()).empty(); });
    if (found.empty()) throw std::runtime_error("no closer runs\n" + error_log());
    return found.front();
}

Client Httpd::client(Transport transport, ClientOptions options) {
    return Client(transport, port(transport), std::move(options));
}

std::string Httpd::kernel_sockets(const Client& client) const {
    std::string listed;
    for (const std::uint16_t port : {plain_, tls_})
        listed += run({"ss", "-tanoH", "sport", "=", ":" + std::to_string(port), "and", "dport",
                       "=", ":" + std::to_string(client.local_port())})
                      .output;
    return listed;
}

// ss writes 1min, 1min5sec, 59sec, 2sec, 1.960ms, 960ms.
std::optional<milliseconds> Httpd::kernel_timer(const Client& client) const {
    static const std::regex timer(
        R"(timer:\(timewait,(?:(\d+)min)?(?:(\d+)(?:sec|\.))?(?:(\d+)ms)?,)");
    const std::string listed = kernel_sockets(client);
    std::smatch match;
    if (!std::regex_search(listed, match, timer)) return {};
    const auto part = [&](std::size_t i) { return match[i].matched ? std::stoi(match[i]) : 0; };
    return 60s * part(1) + 1s * part(2) + 1ms * part(3);
}

testing::AssertionResult Httpd::lingers_itself(Client& client) const {
    std::string listed;
    const bool lingers = wait_until(kPatience, [&] {
        (void)client.send_raw("x");
        listed = kernel_sockets(client);
        return listed.find("FIN-WAIT-2") != std::string::npos &&
               listed.find("timewait") == std::string::npos;
    });
    if (lingers) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "httpd does not linger itself, last seen: " << listed;
}

std::string Httpd::error_log() const {
    return read_file(dir_ + "/error.log");
}

std::size_t Httpd::times_logged(std::string_view text) const {
    const std::string log = error_log();
    std::size_t times = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++times;
    return times;
}

}  // namespace finwait::test
