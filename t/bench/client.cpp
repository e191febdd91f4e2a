// SPDX-License-Identifier: Apache-2.0
//
// The load of the benchmarks. Each of a number of processes keeps a number of connections busy for
// a time; one line of JSON tells what they got. Clients that wait for the server's FIN before they
// close, or never close at all, each process with a source address and descriptors of its own.
//
//   client [--hold] [--tls] [--processes n] [--connections n] [--seconds s] [--total n] port
//
//   (default)     Connection: close; reads to the server's FIN, closes, connects again
//   --hold        the same, but never closes: what was opened stays open until stdin ends
//   --total n     stops after n requests (of each process) if that comes before the time is over
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Options {
    bool hold = false;
    bool tls = false;
    std::size_t processes = 1;
    std::size_t connections = 32;  // of all processes together
    double seconds = 2;
    std::size_t total = SIZE_MAX;
    std::uint16_t port = 0;
};

constexpr std::string_view kRequest =
    "GET /index.html HTTP/1.1\r\nHost: localhost\r\nUser-Agent: finwait-bench/1.0\r\n"
    "Connection: close\r\n\r\n";

// Latencies go to memory that the processes share.
constexpr std::size_t kSamplesMax = 1 << 20;
struct Result {
    std::size_t requests;
    std::size_t errors;
    float latency_ms[kSamplesMax];
};

struct Connection {
    int fd = -1;
    SSL* tls = nullptr;  // until the reply is there
    bool sent = false;
    Clock::time_point begun;
    std::string reply;
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

class Client {
  public:
    Client(const Options& options, std::size_t number, Result& result)
        : options_(options), number_(number), result_(result), epoll_(epoll_create1(0)) {
        if (options.tls && (tls_ = SSL_CTX_new(TLS_client_method())) == nullptr) fail("TLS");
    }

    void run(Clock::time_point end) {
        const std::size_t share = options_.connections / options_.processes;
        std::vector<Connection> connections(std::clamp<std::size_t>(share, 1, options_.total));
        for (Connection& connection : connections) open(connection);
        while (Clock::now() < end && result_.requests < options_.total) {
            epoll_event events[64];
            const int ready = epoll_wait(epoll_, events, 64, 10);
            for (int i = 0; i < ready; ++i) advance(*static_cast<Connection*>(events[i].data.ptr));
        }
    }

  private:
    // With --total, exactly so many get their reply: none is left half-way.
    void open(Connection& connection) {
        if (opened_ == options_.total) return;
        ++opened_;
        connection.begun = Clock::now();
        connection.sent = false;
        connection.reply.clear();
        connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connection.fd < 0) fail("socket");
        // A source address of its own gives each process its own ephemeral ports.
        const int on = 1;
        setsockopt(connection.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(number_));
        if (bind(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            fail("bind");
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(options_.port);
        if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
            errno != EINPROGRESS)
            fail("connect");
        watch(connection, EPOLLOUT, EPOLL_CTL_ADD);
        if (!options_.tls) return;
        connection.tls = SSL_new(tls_);
        if (connection.tls == nullptr || SSL_set_fd(connection.tls, connection.fd) != 1) fail("TLS");
        SSL_set_connect_state(connection.tls);
    }

    void watch(Connection& connection, std::uint32_t events, int how = EPOLL_CTL_MOD) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &connection;
        if (epoll_ctl(epoll_, how, connection.fd, &event) != 0) fail("epoll_ctl");
    }

    // > 0: so many bytes. 0: TLS is over, or the server has closed. < 0: not now, or never (errno).
    ssize_t tls_result(Connection& connection, int done) {
        if (done > 0) return done;
        switch (SSL_get_error(connection.tls, done)) {
        case SSL_ERROR_ZERO_RETURN: return 0;
        case SSL_ERROR_WANT_READ: watch(connection, EPOLLIN); break;
        case SSL_ERROR_WANT_WRITE: watch(connection, EPOLLOUT); break;
        default: errno = EPROTO; return -1;
        }
        errno = EAGAIN;
        return -1;
    }

    ssize_t send_request(Connection& connection) {
        if (connection.tls == nullptr)
            return send(connection.fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
        return tls_result(connection, SSL_write(connection.tls, kRequest.data(),
                                                static_cast<int>(kRequest.size())));
    }

    // After close_notify the server's FIN is still to come: plain again.
    ssize_t receive(Connection& connection, char* bytes, std::size_t size) {
        if (connection.tls != nullptr) {
            const ssize_t got = tls_result(
                connection, SSL_read(connection.tls, bytes, static_cast<int>(size)));
            if (got != 0) return got;
            end_tls(connection);
        }
        return recv(connection.fd, bytes, size, MSG_DONTWAIT);
    }

    void end_tls(Connection& connection) {
        SSL_free(connection.tls);  // sends nothing and leaves the descriptor alone
        connection.tls = nullptr;
    }

    void advance(Connection& connection) {
        if (!connection.sent) {
            if (send_request(connection) != static_cast<ssize_t>(kRequest.size())) {
                if (errno != EAGAIN) again(connection, false);
                return;
            }
            connection.sent = true;
            watch(connection, EPOLLIN);
            return;
        }
        char bytes[65536];
        const ssize_t got = receive(connection, bytes, sizeof bytes);
        if (got > 0)
            connection.reply.append(bytes, static_cast<std::size_t>(got));
        else if (got == 0)
            again(connection, is_complete(connection.reply));
        else if (errno != EAGAIN)
            again(connection, false);
    }

    static bool is_complete(std::string_view reply) {
        const auto head = reply.find("\r\n\r\n");
        const auto length = reply.find("\r\nContent-Length: ");
        return reply.starts_with("HTTP/1.1 200 ") && head != reply.npos && length < head &&
               reply.size() - head - 4 == std::strtoul(reply.data() + length + 18, nullptr, 10);
    }

    void count(const Connection& connection) {
        if (result_.requests < kSamplesMax)
            result_.latency_ms[result_.requests] =
                static_cast<float>(Seconds(Clock::now() - connection.begun).count() * 1e3);
        ++result_.requests;
    }

    void again(Connection& connection, bool complete) {
        if (complete) {
            count(connection);
        } else {
            ++result_.errors;
            --opened_;
        }
        end_tls(connection);
        if (options_.hold)
            epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.fd, nullptr);
        else
            close(connection.fd);
        open(connection);
    }

    const Options& options_;
    const std::size_t number_;
    Result& result_;
    const int epoll_;
    SSL_CTX* tls_ = nullptr;
    std::size_t opened_ = 0;
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--hold") {
            options.hold = true;
        } else if (word == "--tls") {
            options.tls = true;
        } else if (word.starts_with("--") && i + 1 < argc) {
            const char* value = argv[++i];
            if (word == "--processes") options.processes = std::strtoul(value, nullptr, 10);
            if (word == "--connections") options.connections = std::strtoul(value, nullptr, 10);
            if (word == "--total") options.total = std::strtoul(value, nullptr, 10);
            if (word == "--seconds") options.seconds = std::strtod(value, nullptr);
        } else {
            options.port = static_cast<std::uint16_t>(std::strtoul(argv[i], nullptr, 10));
        }
    }
    return options;
}

void print(const std::vector<Result*>& results, double seconds) {
    std::size_t requests = 0, errors = 0;
    std::vector<float> latencies;
    for (const Result* result : results) {
        requests += result->requests;
        errors += result->errors;
        latencies.insert(latencies.end(), result->latency_ms,
                         result->latency_ms + std::min(result->requests, kSamplesMax));
    }
    std::sort(latencies.begin(), latencies.end());
    const auto quantile = [&](double q) -> double {
        if (latencies.empty()) return 0;
        return latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))];
    };
    std::printf(
        "{\"requests\": %zu, \"errors\": %zu, \"seconds\": %.3f, \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f}\n",
        requests, errors, seconds, quantile(0.5), quantile(0.99));
    std::fflush(stdout);
}

void use_every_descriptor() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    if (options.port == 0) return std::fputs("client: which port?\n", stderr), 2;
    use_every_descriptor();

    // A byte from a process says that its time is over; the end of `held` says that it may go.
    int done[2], held[2];
    if (pipe(done) != 0 || pipe(held) != 0) fail("pipe");
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration_cast<Clock::duration>(Seconds(options.seconds));
    std::vector<Result*> results;
    for (std::size_t i = 0; i < options.processes; ++i) {
        void* memory = mmap(nullptr, sizeof(Result), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) fail("mmap");
        results.push_back(static_cast<Result*>(memory));
        if (fork() == 0) {
            close(held[1]);
            Client(options, i, *results.back()).run(end);
            char byte = 1;
            if (write(done[1], &byte, 1) != 1) fail("write");
            close(done[1]);
            if (options.hold && read(held[0], &byte, 1) != 0) fail("read");
            std::_Exit(0);
        }
    }
    close(done[1]);
    char byte;
    for (std::size_t i = 0; i < options.processes; ++i)
        if (read(done[0], &byte, 1) != 1) return 1;  // one has failed, and said why
    print(results, Seconds(Clock::now() - begin).count());
    if (options.hold)
        while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    close(held[1]);
    while (wait(nullptr) > 0) continue;
    return 0;
}
