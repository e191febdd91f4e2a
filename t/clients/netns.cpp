// SPDX-License-Identifier: Apache-2.0

#include "clients/netns.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>
#include <thread>

namespace finwait::test {
namespace {

void must(const std::vector<std::string>& argv) {
    const Finished finished = run(argv);
    if (finished.exit_code == 0) return;
    std::string line;
    for (const auto& arg : argv) line += arg + " ";
    throw std::runtime_error(line + "failed: " + finished.output);
}

}  // namespace

Netns::Netns() {
    // Names and addresses by pid, so that test programs running side by side don't meet: four
    // addresses each time, 64 times for each of 2^14 pids in a row.
    static int made = 0;
    const int pid = getpid();
    const std::string id = std::to_string(pid) + "x" + std::to_string(made);
    const int block = 4 * (made++ % 64);
    name_ = "finwait-" + id;
    link_ = "fw" + id;
    const std::string prefix =
        "10." + std::to_string(192 + pid / 256 % 64) + "." + std::to_string(pid % 256) + ".";
    server_address_ = prefix + std::to_string(block + 1);
    must({"ip", "netns", "add", name_});
    try {
        connect_to(prefix, block);
    } catch (...) {  // no destructor will run
        remove();
        throw;
    }
}

void Netns::connect_to(const std::string& prefix, int block) {
    must({"ip", "link", "add", link_, "type", "veth", "peer", "name", "client", "netns", name_});
    must({"ip", "addr", "add", server_address_ + "/30", "dev", link_});
    must({"ip", "link", "set", link_, "up"});
    const std::string client_address = prefix + std::to_string(block + 2);
    must({"ip", "-n", name_, "addr", "add", client_address + "/30", "dev", "client"});
    must({"ip", "-n", name_, "link", "set", "client", "up"});
}

Netns::~Netns() {
    remove();
}

void Netns::remove() {
    run({"ip", "link", "del", link_});
    run({"ip", "netns", "del", name_});
}

Client Netns::connect(Transport transport, std::uint16_t port, ClientOptions options) {
    // setns() moves one thread; a socket stays where it was made.
    std::exception_ptr failure;
    std::thread inside([&] {
        try {
            const int ns = ::open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC);
            if (ns < 0 || ::setns(ns, CLONE_NEWNET) != 0) throw std::runtime_error("setns failed");
            ::close(ns);
            options.fd = connect_tcp(server_address_, port, options.receive_buffer);
        } catch (...) {
            failure = std::current_exception();
        }
    });
    inside.join();
    if (failure) std::rethrow_exception(failure);
    return Client(transport, port, options);
}

void Netns::hear_nothing() {
    must({"ip", "netns", "exec", name_, "nft",
          "add table inet gone; "
          "add chain inet gone in { type filter hook input priority 0; policy drop; }"});
}

void Netns::vanish() {
    hear_nothing();
    must({"ip", "netns", "exec", name_, "nft",
          "add chain inet gone out { type filter hook output priority 0; policy drop; }"});
}

void Netns::come_back() {
    must({"ip", "netns", "exec", name_, "nft", "delete table inet gone"});
}

}  // namespace finwait::test
