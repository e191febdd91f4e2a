// SPDX-License-Identifier: Apache-2.0
#include "report/input/live_status.hpp"

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <utility>

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

struct Page {
    std::vector<TallyLine> lines;
    Present present;
};

Page page_of(const Json& status) {
    Page page;
    const std::chrono::milliseconds now(status.at("now_ms").get<std::int64_t>());
    const auto add = [&](const Json& account) {
        if (account.at("finished").at("closes") == 0) return;  // its sockets are all still open
        page.lines.push_back(line_of(account, now));
    };
    for (const Json& account : status.at("accounts")) add(account);
    if (const Json& other = status.at("other"); !other.is_null()) add(other);
    for (const char* owner : {"draining", "waiting", "unattributed"})
        if (const Json& sockets = status.at("sockets").at(owner); !sockets.is_null())
            page.present.sockets += sockets.at("fin_wait_2").get<std::uint64_t>();
    page.present.accounts_left_out = status.at("accounts_left_out").get<std::uint64_t>();
    return page;
}

struct Answer {
    std::string body, error;
};

Answer answer_of(const std::string& url) {
    Answer answer;
    answer.error = ask_http({.url = url.find('?') == std::string::npos ? url + "?json" : url},
                            [&](std::string_view bytes) {
                                answer.body += bytes;
                                return answer.body.size() <= kAnswerMax;
                            })
                       .error;
    return answer;
}

// Of all servers, and which of them has most.
void note_present(const std::vector<std::pair<std::string, Present>>& servers, Reading& reading) {
    if (servers.empty()) return;
    Present all;
    for (const auto& [url, present] : servers) {
        all.sockets += present.sockets;
        all.accounts_left_out += present.accounts_left_out;
    }
    std::string note = std::to_string(all.sockets) + " sockets are in FIN_WAIT_2 now";
    if (servers.size() > 1) {
        const auto& [url, most] = *std::ranges::max_element(
            servers, {}, [](const auto& server) { return server.second.sockets; });
        note += " on " + std::to_string(servers.size()) + " servers";
        if (most.sockets != 0) note += ", " + std::to_string(most.sockets) + " of them on " + url;
    }
    reading.notes.push_back(note + "; the rest is of closes that have ended");
    if (all.accounts_left_out != 0)
        reading.notes.push_back("the status page leaves out the " +
                                std::to_string(all.accounts_left_out) +
                                " accounts that cost least; a log has them all");
}

}  // namespace

std::string without_password(const std::string& url) {
    const std::size_t scheme = url.find("://");
    const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
    const std::size_t at = url.substr(0, end).rfind('@');
    return at == std::string::npos || at < begin ? url : url.substr(0, begin) + url.substr(at + 1);
}

std::optional<Present> take_status(std::string_view json, Sink& sink, Reading& reading) {
    try {
        const Json status = Json::parse(json);
        if (status.at("version").get<int>() != kStatusVersion) return std::nullopt;
        const Page page = page_of(status);
        ++reading.files;
        reading.bytes += json.size();
        reading.tallies += page.lines.size();
        for (const TallyLine& line : page.lines) sink.take(line);
        return page.present;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

void read_live_status(const std::vector<std::string>& urls, Sink& sink, Reading& reading) {
    std::vector<std::future<Answer>> asked;
    for (const std::string& url : urls)
        asked.push_back(std::async(std::launch::async, answer_of, url));
    std::vector<std::pair<std::string, Present>> servers;
    for (std::size_t i = 0; i < urls.size(); ++i) {
        Answer answer = asked[i].get();
        const std::string shown = without_password(urls[i]);
        if (answer.error.empty()) {
            if (const auto present = take_status(answer.body, sink, reading))
                servers.emplace_back(shown, *present);
            else
                answer.error =
                    "that is not the status page of mod_finwait (SetHandler finwait-status)";
        }
        if (!answer.error.empty())
            reading.unreadable.push_back("cannot read '" + shown + "': " + answer.error);
    }
    note_present(servers, reading);
}

}  // namespace finwait::report
