// SPDX-License-Identifier: Apache-2.0
//
// The load of the benchmarks. Each of a number of processes keeps a number of connections busy for
// a time; one line of JSON tells what they got. Clients that wait for the server's FIN before they
// close, or never close at all, each process with a source address and descriptors of its own.
//
//   client [--hold] [--tls] [--processes n] [--connections n] [--warm-up s] [--seconds s] [--total
//   n]
//          [--distance ms] port
//
//   (default)     Connection: close; reads to the server's FIN, closes, connects again
//   --hold        the same, but never closes: what was opened stays open until stdin ends
//   --distance ms closes so long after the server's FIN, as a client does whose packets take as
//   long to
//                 go and come; its next connection does not wait for that
//   --warm-up s   counts nothing for so long; then come the --seconds
//   --total n     stops after n requests (of each process) if that comes before the time is over
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench/busy_client.hpp"

namespace {

using namespace finwait::bench;

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
            if (word == "--warm-up") options.warm_up = std::strtod(value, nullptr);
            if (word == "--distance")
                options.distance = std::chrono::milliseconds(std::strtoul(value, nullptr, 10));
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
    const auto after = [](Clock::time_point time, double seconds) {
        return time + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
    };
    const auto begin = after(Clock::now(), options.warm_up);
    const auto end = after(begin, options.seconds);
    std::vector<Result*> results;
    for (std::size_t i = 0; i < options.processes; ++i) {
        void* memory = mmap(nullptr, sizeof(Result), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) fail("mmap");
        results.push_back(static_cast<Result*>(memory));
        if (fork() == 0) {
            close(held[1]);
            Client(options, i, *results.back()).run(begin, end);
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
