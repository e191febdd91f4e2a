// SPDX-License-Identifier: Apache-2.0
#include "module/status/render.hpp"

#include <nlohmann/json.hpp>

#include "module/status/verdict.hpp"
#include "presentation/text.hpp"

namespace finwait {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const SocketCounts& counts) {
    return {{"fin_wait_1", counts.fin_wait_1},
            {"fin_wait_2", counts.fin_wait_2},
            {"closing", counts.closing}};
}

template <typename Words, std::size_t N>
Json json_of(const Words& words, const std::array<std::uint64_t, N>& counts) {
    Json object = Json::object();
    for (std::size_t i = 0; i < N; ++i) object[std::string(words[i].name)] = counts[i];
    return object;
}

void put_words(Json& object, const WordTotals& words) {
    object["outcomes"] = json_of(kOutcomes, words.outcomes);
    object["causes"] = json_of(kCauses, words.causes);
    object["drains"] = json_of(kDrains, words.drains);
}

template <typename T>
Json json_of(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json json_of(const TimeHistogram& histogram) {
    Json buckets = Json::array();
    for (const TimeHistogram::Bucket& bucket : histogram.buckets)
        buckets.push_back({{"up_to_seconds", bucket.up_to_s}, {"count", bucket.count}});
    return {{"buckets", buckets},
            {"beyond", histogram.beyond},
            {"p50_seconds", json_of(histogram.quantile(0.5))},
            {"p99_seconds", json_of(histogram.quantile(0.99))}};
}

Json json_of(const FinishedCloses& finished) {
    Json object{{"closes", finished.closes},
                {"stuck", finished.stuck},
                {"preventable", finished.preventable},
                {"requests", finished.requests},
                {"drained_bytes", finished.drained_bytes},
                {"socket_seconds", finished.socket_seconds},
                {"addresses", finished.addresses}};
    put_words(object, finished.words);
    object["fin_wait_2"] = json_of(finished.fin_wait_2);
    object["remedied"] = {{"closes", finished.remedied_closes},
                          {"stuck", finished.remedied_stuck},
                          {"socket_seconds", finished.remedied_socket_seconds}};
    return object;
}

Json json_of(const AccountView& account) {
    Json object{{"user_agent", account.user_agent},
                {"proxy", account.proxy.empty() ? Json(nullptr) : Json(account.proxy)},
                {"vhost", account.vhost},
                {"now", json_of(account.now)},
                {"socket_seconds", account.socket_seconds()},
                {"open_socket_seconds", account.open_socket_seconds},
                {"finished", json_of(account.finished)}};
    object["opened_ms"] = account.opened.count();
    object["last_seen_ms"] = account.last_seen.count();
    return object;
}

Json json_of(const SocketView& socket) {
    return {{"phase", name_of(socket.phase)},
            {"state", name_of(socket.state)},
            {"peer_address", address_text(socket.peer)},
            {"peer_port", socket.peer.port},
            {"cookie", hex_text(socket.cookie)},
            {"age_seconds", std::chrono::duration<double>(socket.age).count()},
            {"user_agent", socket.user_agent},
            {"proxy", socket.proxy.empty() ? Json(nullptr) : Json(socket.proxy)},
            {"vhost", socket.vhost}};
}

Json json_of(const ForeignSockets::Backend& backend) {
    return {{"address", address_text(backend.address)},
            {"port", backend.address.port},
            {"name", backend.name.empty() ? Json(nullptr) : Json(backend.name)},
            {"sockets", json_of(backend.sockets)}};
}

Json json_of(const KernelView& kernel) {
    return {{"tcp_max_orphans", json_of(kernel.max_orphans)},
            {"orphans", json_of(kernel.orphans)},
            {"tcp_max_tw_buckets", json_of(kernel.max_tw_buckets)},
            {"tw_buckets", json_of(kernel.tw_buckets)},
            {"tcp_fin_timeout", json_of(kernel.fin_timeout_s)}};
}

Json json_of(const ModuleTotals& module) {
    return {{"closes", module.closes},
            {"handoffs", module.handoffs},
            {"ended", module.ended},
            {"declined", json_of(kDeclines, module.declined)}};
}

// All but `none`, which has no name.
Json remedies_json(const std::array<std::uint64_t, kRemedies.size()>& counts) {
    Json object = Json::object();
    for (std::size_t i = 1; i < counts.size(); ++i)
        object[std::string(kRemedies[i].name)] = counts[i];
    return object;
}

Json json_of(const CloserTotals& closer) {
    Json object{{"received", closer.received},
                {"bad_messages", closer.bad_messages},
                {"rescued", closer.rescued},
                {"held_up", closer.held_up},
                {"records", closer.records},
                {"tallied", closer.tallied},
                {"unlogged", closer.unlogged},
                {"dropped", closer.dropped},
                {"shed", closer.shed},
                {"evicted_accounts", closer.evicted},
                {"half_written", closer.half_written},
                {"lost", closer.lost}};
    object["remedies"] = remedies_json(closer.remedies);
    object["remedies_refused"] = closer.remedies_refused;
    put_words(object, closer.words);
    return object;
}

Json json_of(const Confinement& confinement) {
    Json object{{"uid", confinement.uid}};
    for (const auto& word : kRestrictions)
        object[std::string(word.name)] = confinement.has(word.value);
    object["landlock_abi"] =
        confinement.landlock_abi != 0 ? Json(confinement.landlock_abi) : Json(nullptr);
    return object;
}

Json json_of(const ProcessView& process) {
    return {{"pid", process.pid},
            {"uptime_seconds", process.uptime.count()},
            {"cpu_ms", process.cpu_time.count()},
            {"resident_bytes", process.resident_bytes},
            {"descriptor_limit", process.descriptor_limit},
            {"unsent_notices", process.unsent_notices},
            {"unwritten_closes", process.unwritten_closes},
            {"closers", process.closers},
            {"confinement", json_of(process.confinement)}};
}

Json json_of(const WaitingLogsView& logs) {
    const bool any = logs.count != 0;
    return {{"count", logs.count},
            {"name", any ? Json(logs.name) : Json(nullptr)},
            {"since_ms", any ? Json(logs.since.count()) : Json(nullptr)},
            {"lines", logs.lines}};
}

Json json_of(const NoticeView& notice) {
    return {{"at_ms", notice.at.count()}, {"level", name_of(notice.level)}, {"text", notice.text}};
}

Json json_of(const VhostView& vhost) {
    return {{"name", vhost.name}, {"finished", json_of(vhost.finished)}};
}

Json json_of(const RemedyView& remedy) {
    return {{"user_agent", remedy.user_agent},
            {"vhost", remedy.vhost},
            {"network", remedy.network.empty() ? Json(nullptr) : Json(remedy.network)},
            {"remedy", name_of(remedy.remedy)},
            {"on_trial", remedy.on_trial},
            {"since_ms", remedy.since.count()},
            {"until_ms", remedy.until.count()},
            {"closes", remedy.closes},
            {"stuck", remedy.stuck},
            {"requests", remedy.requests},
            {"networks", remedy.networks}};
}

template <typename T>
Json array_of(const std::vector<T>& values) {
    Json array = Json::array();
    for (const T& value : values) array.push_back(json_of(value));
    return array;
}

Json sockets_of(const StatusView& view) {
    Json object{{"draining", json_of(view.draining)},
                {"waiting", json_of(view.waiting)},
                {"of_proxies", json_of(view.of_proxies)},
                {"held_max", view.held_max}};
    const bool is_known = view.knows_foreign();
    const ForeignSockets& foreign = view.foreign;
    const auto counts = [&](const SocketCounts& of) { return is_known ? json_of(of) : Json(); };
    object["unattributed"] = counts(foreign.unattributed);
    object["to_backends"] = counts(foreign.to_backends());
    object["other_programs"] = counts(foreign.other_programs);
    object["backends"] = array_of(foreign.backends);
    object["backends_forgotten"] = view.module.backends_forgotten;
    object["counted_ms"] = is_known ? Json(view.foreign_of.count()) : Json();
    object["why_not_known"] = is_known ? Json() : Json(view.foreign_unknown);
    return object;
}

Json hour_of(const std::vector<HistoryPoint>& hour) {
    Json draining = Json::array();
    Json waiting = Json::array();
    for (const HistoryPoint& point : hour) {
        draining.push_back(point.draining);
        waiting.push_back(point.waiting);
    }
    return {
        {"step_seconds", std::chrono::duration_cast<std::chrono::seconds>(kHistoryStep).count()},
        {"draining", draining},
        {"waiting", waiting}};
}

}  // namespace

std::string render_json(const StatusView& view) {
    const Verdict verdict = verdict_of(view);
    Json object{{"version", kStatusJsonVersion},
                {"module_version", view.version},
                {"now_ms", view.now.count()},
                {"figures_of_ms", view.figures_of.count()},
                {"trouble", view.trouble.empty() ? Json(nullptr) : Json(view.trouble)}};
    object["verdict"] = {{"level", name_of(verdict.level)}, {"sentence", verdict.sentence()}};
    object["sockets"] = sockets_of(view);
    object["kernel"] = json_of(view.kernel);
    object["accounts"] = array_of(view.accounts);
    object["accounts_left_out"] = view.accounts_left_out;
    object["other"] = view.other ? json_of(*view.other) : Json(nullptr);
    object["finished"] = json_of(view.finished);
    object["vhosts"] = array_of(view.vhosts);
    object["vhosts_left_out"] = view.vhosts_left_out;
    object["remedies"] = array_of(view.remedies);
    object["oldest"] = array_of(view.oldest);
    object["hour"] = hour_of(view.hour);
    object["module"] = json_of(view.module);
    object["closer"] = json_of(view.closer);
    object["process"] = json_of(view.process);
    object["waiting_logs"] = json_of(view.waiting_logs);
    object["notices"] = array_of(view.notices);
    return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace finwait
