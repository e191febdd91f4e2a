// SPDX-License-Identifier: Apache-2.0
//
// Clients that do not stop sending; one line of JSON tells what became of them.
//
//   misbehave flood [--connections n] [--seconds s] port
//       asks for a file with Connection: close and goes on sending, whatever the server does, with
//       at most half a core of CPU time for all; connects again when it is cut off
//   misbehave upload [--connections n] [--bytes b] port
//       each client sends a body of b bytes that the server refuses, waits a little, then reads
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr double kCpuShare = 0.5;
constexpr auto kReadsLate = std::chrono::milliseconds(200);
constexpr timeval kPatience{40, 0};
constexpr std::array<char, 65536> kBytes{};
constexpr std::string_view kGet =
    "GET /index.html HTTP/1.1\r\nHost: localhost\r\nUser-Agent: flood/1.0\r\n"
    "Connection: close\r\n\r\n";

struct Options {
    std::size_t connections = 1;
    double seconds = 1;
    std::size_t bytes = 1;
    std::uint16_t port = 0;
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

int connected(const Options& options, int flags) {
    const int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(options.port);
    if (fd < 0) fail("socket");
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS)
        fail("connect");
    return fd;
}

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Sender {
    bool has_asked = false;
    std::size_t sent = 0;

    // Whether the connection goes on.
    bool advance(int fd) {
        char reply[4096];
        while (recv(fd, reply, sizeof reply, MSG_DONTWAIT) > 0) continue;
        const bool asks = !has_asked;
        const ssize_t done = asks ? send(fd, kGet.data(), kGet.size(), MSG_NOSIGNAL)
                                  : send(fd, kBytes.data(), kBytes.size(), MSG_NOSIGNAL);
        has_asked = true;
        if (done > 0 && !asks) sent += static_cast<std::size_t>(done);
        return done >= 0 || errno == EAGAIN;
    }
};

void flood(const Options& options) {
    std::vector<Sender> senders(options.connections);
    std::vector<pollfd> polled(options.connections);
    for (pollfd& one : polled) one = {connected(options, SOCK_NONBLOCK), POLLOUT, 0};
    std::size_t sent = 0, cut_off = 0;
    const auto begin = Clock::now();
    const auto elapsed = [&] { return Seconds(Clock::now() - begin).count(); };
    while (elapsed() < options.seconds) {
        if (poll(polled.data(), polled.size(), 10) < 0) fail("poll");
        for (std::size_t i = 0; i < polled.size(); ++i) {
            if (polled[i].revents == 0 || senders[i].advance(polled[i].fd)) continue;
            ++cut_off;
            sent += senders[i].sent;
            close(polled[i].fd);
            polled[i].fd = connected(options, SOCK_NONBLOCK);
            senders[i] = {};
        }
        const double too_early = cpu_seconds() / kCpuShare - elapsed();
        if (too_early > 0) std::this_thread::sleep_for(Seconds(too_early));
    }
    for (const Sender& sender : senders) sent += sender.sent;
    std::printf("{\"bytes\": %zu, \"cut_off\": %zu, \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n",
                sent, cut_off, elapsed(), cpu_seconds());
}

// A reply without Content-Length ends with the connection: only a FIN tells that it is whole.
bool is_whole(std::string_view reply, bool has_fin) {
    const auto head = reply.find("\r\n\r\n");
    if (!reply.starts_with("HTTP/1.1 413 ") || head == reply.npos) return false;
    std::string names(reply.substr(0, head));
    for (char& c : names)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    const auto length = names.find("\r\ncontent-length: ");
    if (length == names.npos) return has_fin && reply.find("</html>", head) != reply.npos;
    return reply.size() - head - 4 == std::strtoul(names.data() + length + 18, nullptr, 10);
}

struct Uploads {
    std::atomic<int> whole{0};  // for a client that reads what has come, whatever its send said
    std::atomic<int> whole_and_sent{0};  // for one that gives up at a failed send, as most do
};

void upload(const Options& options, Uploads& uploads) {
    const int fd = connected(options, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    const std::string head =
        "POST /index.html HTTP/1.1\r\nHost: localhost\r\nUser-Agent: upload/1.0\r\n"
        "Content-Length: " +
        std::to_string(options.bytes) + "\r\n\r\n";
    bool goes_on = send(fd, head.data(), head.size(), MSG_NOSIGNAL) > 0;
    std::size_t left = options.bytes;
    while (goes_on && left > 0) {
        const ssize_t done = send(fd, kBytes.data(), std::min(left, kBytes.size()), MSG_NOSIGNAL);
        goes_on = done > 0;
        if (goes_on) left -= static_cast<std::size_t>(done);
    }
    std::this_thread::sleep_for(kReadsLate);
    std::string reply;
    char bytes[4096];
    ssize_t got;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        reply.append(bytes, static_cast<std::size_t>(got));
    if (is_whole(reply, got == 0)) {
        ++uploads.whole;
        if (goes_on) ++uploads.whole_and_sent;
    }
    close(fd);
}

void upload_all(const Options& options) {
    Uploads uploads;
    const auto begin = Clock::now();
    {
        std::vector<std::jthread> clients;
        for (std::size_t i = 0; i < options.connections; ++i)
            clients.emplace_back([&] { upload(options, uploads); });
    }
    std::printf("{\"clients\": %zu, \"whole\": %d, \"whole_and_sent\": %d, \"seconds\": %.3f}\n",
                options.connections, uploads.whole.load(), uploads.whole_and_sent.load(),
                Seconds(Clock::now() - begin).count());
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    const std::string_view mode = argc > 1 ? argv[1] : "";
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string_view word = argv[i];
        if (word == "--connections") options.connections = std::strtoul(argv[i + 1], nullptr, 10);
        if (word == "--bytes") options.bytes = std::strtoul(argv[i + 1], nullptr, 10);
        if (word == "--seconds") options.seconds = std::strtod(argv[i + 1], nullptr);
    }
    if (argc > 2)
        options.port = static_cast<std::uint16_t>(std::strtoul(argv[argc - 1], nullptr, 10));
    if (options.port == 0) return std::fputs("misbehave: which port?\n", stderr), 2;
    if (mode == "flood") return flood(options), 0;
    if (mode == "upload") return upload_all(options), 0;
    return std::fputs("misbehave: flood or upload?\n", stderr), 2;
}
