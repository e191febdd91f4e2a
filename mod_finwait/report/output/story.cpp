// SPDX-License-Identifier: Apache-2.0
#include "report/output/story.hpp"

#include <algorithm>

#include "finwait/tally.hpp"
#include "presentation/text.hpp"
#include "report/analysis/address.hpp"
#include "report/output/terminal_text.hpp"

namespace finwait::report {

namespace {

template <typename E>
std::string with_meaning(E word) {
    const auto& entry = kWordsOf<E>[static_cast<std::size_t>(word)];
    std::string text(entry.name);
    if (!entry.meaning.empty()) text.append(": ").append(entry.meaning);
    return text;
}

std::string shown_address(const Endpoint& endpoint, bool anonymize) {
    const std::string text = finwait::address_text(endpoint);
    const auto address = parse_address(text);
    return anonymize && address ? address_text(masked(*address)) : text;
}

std::string with_port(const std::string& address, std::uint16_t port) {
    const bool is_ipv6 = address.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::string seconds_of(std::uint64_t ms) {
    return seconds_text(static_cast<double>(ms) / 1000);
}

class Story {
  public:
    Story(const Record& record, const Family& family, bool anonymize)
        : record_(record), family_(family), anonymize_(anonymize) {}

    std::string tell() {
        add("client", client());
        add("User-Agent",
            record_.user_agent.empty() ? std::string(kNoUserAgent) : record_.user_agent);
        add("family",
            family_.version.empty() ? family_.name : family_.name + " " + family_.version);
        add("virtual host",
            record_.vhost + ", " +
                with_port(finwait::address_text(record_.local), record_.local.port));
        add("requests", grouped(record_.requests) + protocol());
        add("closed at", time_text(record_.half_close) + ", " + with_meaning(record_.cause));
        if (record_.drain == Drain::none)
            add("drain", with_meaning(record_.drain));
        else
            add_drain();
        add("outcome", with_meaning(record_.outcome));
        add("FIN_WAIT_2", seconds_of(record_.fin_wait_2_ms));
        add("verdict", verdict());
        return std::move(text_);
    }

  private:
    void add(const std::string& name, const std::string& value) {
        text_ += left(name, 14) + terminal_text(value) + "\n";
    }

    void add_drain() {
        add("drain", seconds_of(record_.drain_ms) + ", " + bytes_text(record_.drained_bytes) +
                         " discarded, " + with_meaning(record_.drain));
        add("state then", with_meaning(record_.state));
        add("TCP", "round trip " + seconds_of(record_.rtt_us / 1000) + ", " +
                       grouped(record_.retransmits) + " segments sent again, " +
                       grouped(record_.unacked) + " not acknowledged");
    }

    [[nodiscard]] std::string client() const {
        std::string text = with_port(shown_address(record_.peer, anonymize_), record_.peer.port);
        const auto behind = parse_address(record_.client_address);
        if (behind)
            text = address_text(anonymize_ ? masked(*behind) : *behind) + ", through " + text;
        return text + ", cookie " + hex_text(record_.socket_cookie);
    }

    [[nodiscard]] std::string protocol() const {
        std::string text;
        if (record_.http != HttpVersion::none)
            text += ", HTTP/" + std::string(name_of(record_.http));
        if (record_.tls != TlsVersion::none) text += ", TLS " + std::string(name_of(record_.tls));
        return text + ", " + std::string(name_of(record_.mpm)) + " MPM";
    }

    [[nodiscard]] std::string verdict() const {
        if (is_stuck(record_.drain, record_.state, record_.probe))
            return "stuck: it acknowledged our FIN and did not send its own while we waited";
        if (record_.probe == Probe::silent)
            return "not stuck: it acknowledged our FIN and was gone, it answered no probe";
        if (record_.state == TcpState::fin_wait_1 && record_.drain != Drain::none)
            return "not stuck: our FIN was never acknowledged, so the client may not have had it";
        return "not stuck";
    }

    const Record& record_;
    const Family& family_;
    bool anonymize_;
    std::string text_;
};

}  // namespace

std::string tell_story(const Record& record, const Family& family, bool anonymize) {
    return Story(record, family, anonymize).tell();
}

}  // namespace finwait::report
