// SPDX-License-Identifier: Apache-2.0

#include "server/config.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <sstream>
#include <stdexcept>

namespace finwait::test {
namespace {

// Below those that the kernel gives to clients. Between this look and httpd's bind() another part
// of the tests, running beside this one (t/check), must not choose the same.
std::uint16_t free_port() {
    constexpr unsigned kFirst = 10000, kPerPart = 1000, kParts = 20;
    static const char* const number = std::getenv("FINWAIT_PART");
    static const unsigned part = number ? static_cast<unsigned>(std::stoul(number)) % kParts : 0;
    static std::mt19937 random{std::random_device{}()};
    for (int tries = 0; tries < 200; ++tries) {
        const auto port =
            static_cast<std::uint16_t>(kFirst + part * kPerPart + random() % kPerPart);
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);  // on every address: a test may listen on a second one
        const bool is_free = ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
        ::close(fd);
        if (is_free) return port;
    }
    throw std::runtime_error("no free port");
}

// Small pools: a test starts a server in a fraction of a second and can fill it with few clients.
// No child is spare: httpd ends such a one by a connection to itself, which is a close, too.
constexpr const char* kMpmSizes = R"(
<IfModule mpm_prefork_module>
    StartServers 4
    MinSpareServers 1
    MaxSpareServers 32
    ServerLimit 32
    MaxRequestWorkers 32
</IfModule>
<IfModule !mpm_prefork_module>
    StartServers 1
    ServerLimit 4
    ThreadsPerChild 16
    MaxRequestWorkers 64
    MinSpareThreads 1
    MaxSpareThreads 64
</IfModule>
)";

// After the test's own directives: the TLS server inherits what they say.
constexpr const char* kTlsServer = R"(
<VirtualHost *:${tls}>
    ServerName localhost
    SSLEngine on
    SSLCertificateFile ${suite}/tls.crt
    SSLCertificateKeyFile ${suite}/tls.key
    Protocols h2 http/1.1
</VirtualHost>
)";

}  // namespace

Ports free_ports() {
    const std::uint16_t plain = free_port();
    std::uint16_t tls = plain;
    while (tls == plain) tls = free_port();
    return {plain, tls};
}

std::string make_server_root(const std::string& user) {
    static int made = 0;
    const std::string dir = Suite::dir() + "/server-" + std::to_string(made++);
    std::filesystem::create_directories(dir + "/run");
    ::chmod(dir.c_str(), 0755);
    if (!user.empty()) {
        const passwd* entry = ::getpwnam(user.c_str());
        if (!entry) throw std::runtime_error("no user " + user);
        for (const auto& path : {dir, dir + "/run"})
            if (::chown(path.c_str(), entry->pw_uid, entry->pw_gid) != 0)
                throw std::runtime_error("chown failed");
    }
    return dir;
}

std::string config_text(Mpm mpm, const std::string& directives, const HttpdOptions& options,
                        const std::string& dir, Ports ports) {
    std::string text;
    const auto line = [&](const std::string& one) { text += one + "\n"; };
    line("Define dir " + dir);
    line("Define suite " + Suite::dir());
    line("Define www " + Suite::dir() + "/www");
    line("Define modules /usr/lib/apache2/modules");
    line("Define plain " + std::to_string(ports.plain));
    line("Define tls " + std::to_string(ports.tls));
    // An ordinary user may not be able to enter the folder of the checkout; root's httpd opens
    // both files before it changes user.
    const std::string build = !options.programs.empty() ? options.programs
                              : options.user.empty()    ? Suite::build_dir()
                                                        : Suite::dir();
    line("Define closer " + build + "/finwait-closer");
    line("ServerRoot ${dir}");
    line("DefaultRuntimeDir ${dir}/run");
    line("PidFile ${dir}/httpd.pid");
    line("ErrorLog ${dir}/error.log");
    line("LogLevel notice");
    line("ServerName localhost");
    line("DocumentRoot ${www}");
    line("Listen 127.0.0.1:${plain}");
    line("Listen 127.0.0.1:${tls}");
    if (!options.listen.empty()) line("Listen " + options.listen + ":${plain}");
    line("LoadModule mpm_" + mpm_name(mpm) + "_module ${modules}/mod_mpm_" + mpm_name(mpm) + ".so");
    for (const char* module :
         {"authz_core", "alias", "dir", "env", "headers", "http2", "reqtimeout", "rewrite",
          "setenvif", "socache_shmcb", "ssl", "status"})
        line(std::string("LoadModule ") + module + "_module ${modules}/mod_" + module + ".so");
    if (options.user.empty() && ::geteuid() == 0) line("User www-data\nGroup www-data");
    text += kMpmSizes;
    line("<Location /server-status>\n    SetHandler server-status\n</Location>");
    if (options.with_module) {
        line("LoadModule finwait_module " + build + "/mod_finwait.so");
        line("FinWaitCloser ${closer}");
        if (options.with_log) line("FinWaitLog ${dir}/finwait.log");
        // A Record comes when the kernel has forgotten the socket: soon.
        line("FinWaitTimeout 1s");
    }
    return text + directives + kTlsServer;
}

std::string without_module(const std::string& config) {
    std::string rest;
    std::istringstream lines(config);
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("FinWait") && !line.starts_with("LoadModule finwait"))
            rest += line + "\n";
    return rest;
}

void install(const std::string& file, const std::string& as) {
    std::filesystem::copy_file(file, as + ".new");
    std::filesystem::rename(as + ".new", as);
}

void install_script(const std::string& lines, const std::string& as) {
    write_file(as + ".new", "#!/bin/sh\n" + lines);
    ::chmod((as + ".new").c_str(), 0755);
    std::filesystem::rename(as + ".new", as);
}

}  // namespace finwait::test
