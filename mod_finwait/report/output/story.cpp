// SPDX-License-Identifier: Apache-2.0
#include "report/output/story.hpp"

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
    Story(const Close& close, const Family& family, bool anonymize)
        : close_(close), family_(family), anonymize_(anonymize) {}

    std::string tell() {
        add("client", client());
        add("User-Agent",
            std::string(close_.user_agent.empty() ? kNoUserAgent : close_.user_agent));
        if (close_.is_of_proxy())
            add("proxy", close_.is_shared
                             ? "the connection carried several User-Agents or client addresses"
                             : "a request had Via");
        add("family",
            family_.version.empty() ? family_.name : family_.name + " " + family_.version);
        add("virtual host", std::string(close_.vhost) + ", " +
                                with_port(finwait::address_text(close_.local), close_.local.port));
        add("requests", grouped(close_.requests) + protocol());
        add("closed at", time_text(close_.half_close) + ", " + with_meaning(close_.cause));
        if (close_.drain == Drain::none)
            add("drain", with_meaning(close_.drain));
        else
            add_drain();
        add("outcome", with_meaning(close_.outcome));
        add("FIN_WAIT_2", seconds_of(close_.fin_wait_2_ms()));
        add("verdict", verdict());
        return std::move(text_);
    }

  private:
    void add(const std::string& name, const std::string& value) {
        text_ += left(name, 14) + terminal_text(value) + "\n";
    }

    void add_drain() {
        add("drain", seconds_of(close_.drain_ms()) + ", " + bytes_text(close_.drained_bytes) +
                         " discarded, " + with_meaning(close_.drain));
        add("state then", with_meaning(close_.state));
        add("TCP", "round trip " + seconds_of(close_.rtt_us / 1000) + ", " +
                       grouped(close_.retransmits) + " segments sent again, " +
                       grouped(close_.unacked) + " not acknowledged");
    }

    [[nodiscard]] std::string client() const {
        std::string text = with_port(shown_address(close_.peer, anonymize_), close_.peer.port);
        const auto behind = parse_address(close_.client_address);
        if (behind)
            text = address_text(anonymize_ ? masked(*behind) : *behind) + ", through " + text;
        return text + ", cookie " + hex_text(close_.socket_cookie);
    }

    [[nodiscard]] std::string protocol() const {
        std::string text;
        if (close_.http != HttpVersion::none) text += ", HTTP/" + std::string(name_of(close_.http));
        if (close_.tls != TlsVersion::none) text += ", TLS " + std::string(name_of(close_.tls));
        return text + ", " + std::string(name_of(close_.mpm)) + " MPM";
    }

    [[nodiscard]] std::string verdict() const {
        if (close_.is_stuck())
            return "stuck: it acknowledged our FIN and did not send its own while we waited";
        if (close_.probe == Probe::silent)
            return "not stuck: it acknowledged our FIN and was gone, it answered no probe";
        if (close_.state == TcpState::fin_wait_1 && close_.drain != Drain::none)
            return "not stuck: our FIN was never acknowledged, so the client may not have had it";
        return "not stuck";
    }

    const Close& close_;
    const Family& family_;
    bool anonymize_;
    std::string text_;
};

}  // namespace

std::string tell_story(const Close& close, const Family& family, bool anonymize) {
    return Story(close, family, anonymize).tell();
}

}  // namespace finwait::report
