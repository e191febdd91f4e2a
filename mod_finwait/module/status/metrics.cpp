// SPDX-License-Identifier: Apache-2.0
#include "module/status/render.hpp"

#include <algorithm>

#include "finwait/share.hpp"
#include "module/status/metrics_text.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";

// A scrape a minute misses no peak: the last of these steps is not over.
constexpr std::ptrdiff_t kPeakSteps = std::chrono::minutes(1) / kHistoryStep + 1;

void put_build(Metrics& metrics, const StatusView& view) {
    metrics.family("build_info", kGauge, "The version of mod_finwait; always 1.");
    metrics.sample({{"version", view.version}}, 1U);
    metrics.one("up", kGauge, "1 if the closer works; 0: these are its last figures.",
                view.trouble.empty() ? 1 : 0);
    metrics.family("figures_timestamp_seconds", kGauge, "When the closer wrote last.");
    metrics.sample({}, number_text(std::chrono::duration<double>(view.figures_of).count()));
}

void put_closes_of(Metrics& metrics, std::string_view vhost, const WordTotals& words) {
    for (std::size_t i = 0; i < kOutcomes.size(); ++i)
        metrics.sample({{"vhost", vhost}, {"outcome", kOutcomes[i].name}}, words.outcomes[i]);
}

void put_closes(Metrics& metrics, const StatusView& view) {
    metrics.family("closes_total", kCounter,
                   "Finished closes by how the connection's TCP life ended.");
    for (const VhostView& vhost : view.vhosts)
        put_closes_of(metrics, vhost.name, vhost.finished.words);
    metrics.family(
        "stuck_closes_total", kCounter,
        "Closes whose drain ended by a limit in FIN_WAIT_2: the client's FIN was missing.");
    for (const VhostView& vhost : view.vhosts)
        metrics.sample({{"vhost", vhost.name}}, vhost.finished.stuck);
    metrics.one("vhosts_left_out", kGauge,
                "Virtual hosts, about, whose closes are (other)'s: FinWaitLedgerSize was reached.",
                view.vhosts_left_out);
    metrics.family("close_causes_total", kCounter, "Finished closes by why the server closed.");
    metrics.words("cause", kCauses, view.closer.words.causes);
    metrics.family("close_drains_total", kCounter, "Finished closes by how the drain ended.");
    metrics.words("drain", kDrains, view.closer.words.drains);
}

void put_histogram(Metrics& metrics, const TimeHistogram& histogram, double sum_s) {
    metrics.family("fin_wait_2_seconds", "histogram",
                   "Time in FIN_WAIT_2: from the acknowledgement of our FIN to the end.");
    std::uint64_t below = 0;
    for (const TimeHistogram::Bucket& bucket : histogram.buckets)
        metrics.sample({{"le", number_text(bucket.up_to_s)}}, below += bucket.count, "_bucket");
    metrics.sample({{"le", "+Inf"}}, histogram.count(), "_bucket");
    metrics.sample({}, number_text(sum_s), "_sum");
    metrics.sample({}, histogram.count(), "_count");
}

void put_finished(Metrics& metrics, const FinishedCloses& finished) {
    put_histogram(metrics, finished.fin_wait_2, finished.socket_seconds);
    metrics.one("drained_bytes_total", kCounter, "Bytes discarded in drains.",
                finished.drained_bytes);
    metrics.one("requests_total", kCounter, "Requests on the connections closed.",
                finished.requests);
}

void put_sockets_of(Metrics& metrics, std::string_view owner, const SocketCounts& counts) {
    metrics.sample({{"owner", owner}, {"state", "fin_wait_1"}}, counts.fin_wait_1);
    metrics.sample({{"owner", owner}, {"state", "fin_wait_2"}}, counts.fin_wait_2);
    metrics.sample({{"owner", owner}, {"state", "closing"}}, counts.closing);
}

void put_foreign(Metrics& metrics, const ForeignSockets& foreign) {
    put_sockets_of(metrics, "unattributed", foreign.unattributed);
    put_sockets_of(metrics, "backends", foreign.to_backends());
    put_sockets_of(metrics, "other", foreign.other_programs);
}

// Configured ones only: to which addresses a forward proxy connects its clients choose.
void put_backends(Metrics& metrics, const std::vector<ForeignSockets::Backend>& backends) {
    metrics.family("backend_sockets", kGauge,
                   "Sockets that httpd closed and the backend did not, by the backend's address.");
    for (const ForeignSockets::Backend& backend : backends) {
        if (backend.name.empty()) continue;
        const std::string address = endpoint_text(backend.address);
        const auto put = [&](std::string_view state, std::uint64_t count) {
            metrics.sample({{"address", address}, {"state", state}}, count);
        };
        put("fin_wait_1", backend.sockets.fin_wait_1);
        put("fin_wait_2", backend.sockets.fin_wait_2);
        put("closing", backend.sockets.closing);
    }
}

void put_sockets(Metrics& metrics, const StatusView& view) {
    metrics.family(
        "sockets", kGauge,
        "Sockets in the closing states: the closer's (draining, waiting for their end), and those "
        "that no closer holds: unattributed (on the server's ports), backends (httpd's to "
        "backends), other (other programs').");
    put_sockets_of(metrics, "draining", view.draining);
    put_sockets_of(metrics, "waiting", view.waiting);
    if (view.knows_foreign()) put_foreign(metrics, view.foreign);
    metrics.family("proxy_sockets", kGauge,
                   "Of the closer's sockets those of proxies (finwait.shared, finwait.via).");
    metrics.sample({{"state", "fin_wait_1"}}, view.of_proxies.fin_wait_1);
    metrics.sample({{"state", "fin_wait_2"}}, view.of_proxies.fin_wait_2);
    metrics.one("held_sockets_max", kGauge, "The most sockets held at once before one is shed.",
                view.held_max);
    if (!view.knows_foreign()) return;
    put_backends(metrics, view.foreign.backends);
    metrics.family("counted_timestamp_seconds", kGauge,
                   "When those were counted that no closer holds.");
    metrics.sample({}, number_text(std::chrono::duration<double>(view.foreign_of).count()));
}

std::uint64_t peak_of(const std::vector<HistoryPoint>& hour) {
    const auto steps = std::min(kPeakSteps, std::ssize(hour));
    std::uint64_t peak = 0;
    for (auto point = hour.end() - steps; point != hour.end(); ++point)
        peak = std::max(peak, point->all());
    return peak;
}

// No client is named, so that no number of them can fill Prometheus: how many, and how much of it
// is the first one's. Who it is says the page.
void put_clients(Metrics& metrics, const StatusView& view) {
    metrics.one("fin_wait_2_peak_sockets", kGauge,
                "The most sockets of the closers in FIN_WAIT_2 at one time in the last minute.",
                peak_of(view.hour));
    const std::uint64_t all = std::max(view.on_ports().fin_wait_2, view.culprit.sockets);
    metrics.family("top_client_ratio", kGauge,
                   "Of the sockets in FIN_WAIT_2 on the server's ports the part of the one client "
                   "that holds most; 0: nobody holds any.");
    metrics.sample({}, number_text(Share{view.culprit.sockets, all}.value()));
    metrics.one("culprits", kGauge,
                "Accounts that leave sockets stuck, and clearly more often than the others.",
                view.culprits);
    metrics.one("accounts", kGauge, "Accounts of the ledger: a client on a virtual host each.",
                view.accounts.size() + view.accounts_left_out);
    metrics.family("oldest_socket_age_seconds", kGauge,
                   "Since the half-close of the socket that is held longest; 0: none is.");
    const auto age = view.oldest.empty() ? std::chrono::nanoseconds() : view.oldest.front().age;
    metrics.sample({}, number_text(std::chrono::duration<double>(age).count()));
}

void put_kernel(Metrics& metrics, const KernelView& kernel) {
    const auto put = [&](std::string_view name, std::string_view help, const auto& value) {
        if (value) metrics.one(name, kGauge, help, *value);
    };
    put("kernel_orphans", "Sockets without a process, on the whole machine.", kernel.orphans);
    put("kernel_max_orphans", "sysctl net.ipv4.tcp_max_orphans.", kernel.max_orphans);
    put("kernel_tw_buckets", "Sockets in TIME_WAIT, and in FIN_WAIT_2 without a process.",
        kernel.tw_buckets);
    put("kernel_max_tw_buckets", "sysctl net.ipv4.tcp_max_tw_buckets.", kernel.max_tw_buckets);
    put("kernel_fin_timeout_seconds", "sysctl net.ipv4.tcp_fin_timeout.", kernel.fin_timeout_s);
}

void put_module(Metrics& metrics, const ModuleTotals& module) {
    metrics.one("connections_closed_total", kCounter, "Closes that the module has seen.",
                module.closes);
    metrics.one("handoffs_total", kCounter, "Closes handed to the closer with their socket.",
                module.handoffs);
    metrics.one("ended_total", kCounter, "Closes with nothing left to drain, told to the closer.",
                module.ended);
    metrics.family("declined_total", kCounter, "Closes left to httpd's own lingering close.");
    metrics.words("reason", kDeclines, module.declined);
    metrics.one("backends_forgotten_total", kCounter,
                "Backends that no configuration names and that made room for others.",
                module.backends_forgotten);
}

void put_closer(Metrics& metrics, const CloserTotals& closer) {
    metrics.one("received_total", kCounter, "Closes received by the closer.", closer.received);
    metrics.one("bad_messages_total", kCounter, "Messages refused by the closer.",
                closer.bad_messages);
    metrics.one("rescued_total", kCounter,
                "Sockets of refused messages, drained under the default Policy.", closer.rescued);
    metrics.one("held_up_total", kCounter,
                "Times that no close was taken: descriptors of a child did not let themselves be "
                "closed.",
                closer.held_up);
    metrics.one("records_total", kCounter, "Closes whose Record a log has.", closer.records);
    metrics.one("tallied_total", kCounter,
                "Closes that a log of mode stuck counts in a tally line.", closer.tallied);
    metrics.one("evicted_accounts_total", kCounter,
                "Accounts of the ledger given up because FinWaitLedgerSize was reached.",
                closer.evicted);
    metrics.one("unlogged_total", kCounter, "Closes that no log was to have.", closer.unlogged);
    metrics.one("dropped_total", kCounter,
                "Closes whose Record no log could take: its reader was slow.", closer.dropped);
    metrics.one("shed_total", kCounter, "Sockets given up because FinWaitMaxHeld was reached.",
                closer.shed);
    metrics.one("half_written_total", kCounter,
                "Entries of the books that a closer was writing when it was killed.",
                closer.half_written);
    metrics.one("lost_total", kCounter, "Closes in the hands of a closer that died.", closer.lost);
}

void put_remedies(Metrics& metrics, const StatusView& view) {
    const auto put = [&](const std::array<std::uint64_t, kRemedies.size()>& counts) {
        for (std::size_t i = 1; i < counts.size(); ++i)  // all but `none`
            metrics.sample({{"remedy", kRemedies[i].name}}, counts[i]);
    };
    metrics.family("remedies_total", kCounter,
                   "Remedies given to clients that left sockets stuck (FinWaitAuto).");
    put(view.closer.remedies);
    metrics.family("remedies_active", kGauge, "Remedies in force.");
    put(view.remedies_active);
    metrics.one("remedies_refused_total", kCounter,
                "Remedies not given because there were too many.", view.closer.remedies_refused);
}

void put_process(Metrics& metrics, const StatusView& view) {
    const auto seconds = [](std::chrono::milliseconds time) {
        return number_text(std::chrono::duration<double>(time).count());
    };
    metrics.family("closer_start_time_seconds", kGauge, "When the closer began, since the epoch.");
    metrics.sample({}, seconds(view.process.started));
    metrics.family("closer_cpu_seconds_total", kCounter, "Processor time of the closer.");
    metrics.sample({}, seconds(view.process.cpu_time));
    metrics.one("closer_resident_memory_bytes", kGauge, "Memory of the closer.",
                view.process.resident_bytes);
    metrics.one("closers", kGauge, "Closers that run, with replaced ones that still drain.",
                view.process.closers);
    metrics.one("unwritten_closes", kGauge, "Closes whose line in a log is still to be written.",
                view.process.unwritten_closes);
    metrics.one(
        "waiting_logs", kGauge,
        "Logs that have taken nothing for three seconds or more though lines wait for them.",
        view.waiting_logs.count);
    metrics.family("log_wait_seconds", kGauge, "For how long the first of them; 0: there is none.");
    metrics.sample(
        {}, view.waiting_logs.count == 0 ? "0" : seconds(view.now - view.waiting_logs.since));
}

}  // namespace

std::string render_metrics(const StatusView& view) {
    Metrics metrics;
    put_build(metrics, view);
    put_closes(metrics, view);
    put_finished(metrics, view.finished);
    put_sockets(metrics, view);
    put_clients(metrics, view);
    put_kernel(metrics, view.kernel);
    put_module(metrics, view.module);
    put_closer(metrics, view.closer);
    put_remedies(metrics, view);
    put_process(metrics, view);
    return metrics.take();
}

}  // namespace finwait
