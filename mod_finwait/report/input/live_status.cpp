// SPDX-License-Identifier: Apache-2.0
#include "report/input/live_status.hpp"

#include <nlohmann/json.hpp>

#include "report/input/http.hpp"

namespace finwait::report {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kAnswerMax = std::size_t{64} << 20;
constexpr int kStatusVersion = 2;
constexpr double kNsPerSecond = 1e9;
// What no server can have waited; beyond it a number is not one that was counted.
constexpr double kSecondsMax = 1e9;

template <typename E, std::size_t N>
void take_words(const Json& from, std::array<std::uint64_t, N>& to) {
    for (std::size_t i = 0; i < N; ++i)
        to[i] = from.value(std::string(kWordsOf<E>[i].name), std::uint64_t{0});
}

void take_histogram(const Json& from, Tally& tally) {
    for (const Json& bucket : from.at("buckets")) {
        const double seconds = bucket.at("up_to_seconds").get<double>();
        if (!(seconds >= 0 && seconds <= kSecondsMax)) continue;
        const auto ns = static_cast<std::int64_t>(seconds * kNsPerSecond + 0.5);
        tally.fin_wait_2[fin_wait_2_bucket(std::chrono::nanoseconds(ns))] +=
            bucket.at("count").get<std::uint64_t>();
    }
    tally.fin_wait_2.back() += from.at("beyond").get<std::uint64_t>();
}

std::uint64_t socket_time_ns(const Json& from) {
    const double seconds = from.at("socket_seconds").get<double>();
    const bool is_counted = seconds >= 0 && seconds <= kSecondsMax;
    return is_counted ? static_cast<std::uint64_t>(seconds * kNsPerSecond + 0.5) : 0;
}

// A server that knows no remedies has none to tell of.
void take_remedied(const Json& from, Tally& tally) {
    tally.remedied.closes = from.at("closes").get<std::uint64_t>();
    tally.remedied.stuck = from.at("stuck").get<std::uint64_t>();
    tally.remedied.fin_wait_2_ns = socket_time_ns(from);
}

// An account, as the tally line that would be written of it now.
TallyLine line_of(const Json& account, std::chrono::milliseconds now) {
    const Json& finished = account.at("finished");
    TallyLine line;
    line.user_agent = account.at("user_agent").get<std::string>();
    if (const Json& proxy = account.at("proxy"); !proxy.is_null()) line.proxy = proxy;
    line.vhost = account.at("vhost").get<std::string>();
    line.since = std::chrono::milliseconds(account.at("opened_ms").get<std::int64_t>());
    line.until = now;
    line.addresses = finished.at("addresses").get<std::uint64_t>();
    Tally& tally = line.tally;
    tally.closes = finished.at("closes").get<std::uint64_t>();
    tally.stuck = finished.at("stuck").get<std::uint64_t>();
    tally.preventable = finished.at("preventable").get<std::uint64_t>();
    tally.requests = finished.at("requests").get<std::uint64_t>();
    tally.drained_bytes = finished.at("drained_bytes").get<std::uint64_t>();
    tally.fin_wait_2_ns = socket_time_ns(finished);
    take_words<Outcome>(finished.at("outcomes"), tally.outcomes);
    take_words<Cause>(finished.at("causes"), tally.causes);
    take_words<Drain>(finished.at("drains"), tally.drains);
    take_histogram(finished.at("fin_wait_2"), tally);
    if (finished.contains("remedied")) take_remedied(finished.at("remedied"), tally);
    return line;
}

void take_account(const Json& account, std::chrono::milliseconds now, Sink& sink,
                  Reading& reading) {
    if (account.at("finished").at("closes") == 0) return;  // its sockets are all still open
    ++reading.tallies;
    sink.take(line_of(account, now));
}

void take_present(const Json& status, Reading& reading) {
    std::uint64_t now = 0;
    for (const char* owner : {"draining", "waiting", "unattributed"})
        if (const Json& sockets = status.at("sockets").at(owner); !sockets.is_null())
            now += sockets.at("fin_wait_2").get<std::uint64_t>();
    reading.notes.push_back(
        std::to_string(now) +
        " sockets are in FIN_WAIT_2 now; the rest is of closes that have ended");
    const auto left_out = status.at("accounts_left_out").get<std::uint64_t>();
    if (left_out != 0)
        reading.notes.push_back("the status page leaves out the " + std::to_string(left_out) +
                                " accounts that cost least; a log has them all");
}

}  // namespace

bool take_status(std::string_view json, Sink& sink, Reading& reading) {
    try {
        const Json status = Json::parse(json);
        if (status.at("version").get<int>() != kStatusVersion) return false;
        const std::chrono::milliseconds now(status.at("now_ms").get<std::int64_t>());
        ++reading.files;
        reading.bytes += json.size();
        for (const Json& account : status.at("accounts")) take_account(account, now, sink, reading);
        if (const Json& other = status.at("other"); !other.is_null())
            take_account(other, now, sink, reading);
        take_present(status, reading);
        return true;
    } catch (const Json::exception&) {
        return false;
    }
}

void read_live_status(const std::string& url, Sink& sink, Reading& reading) {
    const std::string full = url.find('?') == std::string::npos ? url + "?json" : url;
    std::string answer;
    std::string error = ask_http({.url = full}, [&](std::string_view bytes) {
                            answer += bytes;
                            return answer.size() <= kAnswerMax;
                        }).error;
    if (error.empty() && !take_status(answer, sink, reading))
        error = "that is not the status page of mod_finwait (SetHandler finwait-status)";
    if (!error.empty()) reading.unreadable.push_back("cannot read '" + full + "': " + error);
}

}  // namespace finwait::report
