// SPDX-License-Identifier: Apache-2.0

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stdexcept>

#include "server/config.hpp"
#include "server/httpd.hpp"

namespace finwait::test {

namespace fs = std::filesystem;

std::string Suite::dir() {
    // A process identifier comes again, and what was killed leaves its folder behind.
    static const std::string path = [] {
        std::string made = "/tmp/finwait-tests-XXXXXX";
        if (::mkdtemp(made.data()) == nullptr) throw std::runtime_error("no folder " + made);
        return made;
    }();
    return path;
}

std::string Suite::build_dir() {
    return fs::read_symlink("/proc/self/exe").parent_path();
}

void Suite::set_up() {
    const std::string www = dir() + "/www";
    fs::create_directories(www);
    ::chmod(dir().c_str(), 0755);
    write_file(www + "/small", "hello from httpd\n");
    write_file(www + "/3m", std::string(3'000'000, '3'));
    write_file(www + "/10m", std::string(10'000'000, 'm'));
    // httpd calls the ETag of a file weak for as long as its second may not be over.
    for (const char* file : {"small", "3m", "10m"})
        fs::last_write_time(www + "/" + file,
                            fs::file_time_type::clock::now() - std::chrono::hours(1));
    const Finished made =
        run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", dir() + "/tls.key",
             "-out", dir() + "/tls.crt"});
    if (made.exit_code != 0) throw std::runtime_error("no certificate: " + made.output);
    ::chmod((dir() + "/tls.key").c_str(), 0644);  // of no value; an ordinary user's httpd reads it
    for (const char* file : {"mod_finwait.so", "finwait-closer"})
        if (fs::exists(build_dir() + "/" + file))
            fs::copy_file(build_dir() + "/" + file, dir() + "/" + file);
}

void Suite::tear_down() {
    // What failed is kept to be read.
    std::error_code ignored;
    bool keeps = false;
    for (const auto& entry : fs::directory_iterator(dir()))
        keeps = keeps || entry.path().filename().string().starts_with("server-");
    if (!keeps) fs::remove_all(dir(), ignored);
}

namespace {
std::mutex undo_mutex;
std::function<void()> undo_action;
}  // namespace

void Suite::set_undo(std::function<void()> undo) {
    const std::lock_guard lock(undo_mutex);
    undo_action = std::move(undo);
}

void Suite::undo() {
    const std::lock_guard lock(undo_mutex);
    if (undo_action) undo_action();
    undo_action = nullptr;
}

Finished apache2_says(Mpm mpm, const std::string& directives, const std::string& option) {
    const std::string root = make_server_root("");
    write_file(root + "/httpd.conf", config_text(mpm, directives, {}, root, free_ports()));
    Finished finished = run({"/usr/sbin/apache2", "-d", root, "-f", "httpd.conf", option});
    finished.output += read_file(root + "/error.log");
    fs::remove_all(root);
    return finished;
}

}  // namespace finwait::test
