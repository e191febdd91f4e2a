// SPDX-License-Identifier: Apache-2.0
#include "server/field.hpp"

#include "server/replies.hpp"

namespace finwait::test {

namespace {

// Each waits out limits of seconds, which a client's own delay does not come near; a worker for each
// of them.
constexpr char kServer[] = R"(
    KeepAliveTimeout 3s
    Timeout 4
    RequestReadTimeout handshake=3 header=3 body=3
    LimitRequestBody 1000000
    AcceptFilter http none
    AcceptFilter https none
    <IfModule mpm_prefork_module>
        StartServers 28
    </IfModule>
)";
constexpr char kLimits[] =
    "FinWaitDrainIdleTimeout 1500ms\nFinWaitShortDrainTimeout 2s\nFinWaitAckTimeout 2s\n";

struct Seen {
    std::string bytes;
    End end;
};

std::vector<Client> begun(Httpd& httpd, std::span<const Fault> faults) {
    std::vector<Client> clients;
    for (const Fault& fault : faults) {
        clients.push_back(httpd.client(fault.transport));
        fault.play(clients.back());
    }
    return clients;
}

std::vector<Seen> seen_by(const Httpd& httpd, std::vector<Client>& clients) {
    std::vector<Seen> all;
    for (Client& client : clients) {
        Seen seen{{}, End::reset};
        if (client.fd() >= 0) seen.bytes = without_variables(client.read_to_end(), httpd);
        seen.end = client.end();
        all.push_back(std::move(seen));
    }
    return all;
}

std::vector<Seen> seen_of_stock(Mpm mpm, const std::string& directives,
                                std::span<const Fault> faults,
                                const std::vector<std::string>& expected_errors) {
    Httpd httpd(mpm, kServer + directives, {.with_module = false});
    for (const std::string& error : expected_errors) httpd.expect_error(error);
    std::vector<Client> clients = begun(httpd, faults);
    return seen_by(httpd, clients);
}

void expect_recorded(const Record& record, const Fault& fault) {
    if (record.cause != fault.other_cause) {
        EXPECT_EQ(record.cause, fault.cause) << record;
    }
    EXPECT_EQ(record.requests, fault.requests) << record;
    EXPECT_EQ(record.http, fault.http) << record;
    EXPECT_EQ(record.outcome, fault.outcome.value_or(record.outcome)) << record;
}

}  // namespace

void expect_as_stock_and_recorded(Mpm mpm, const std::string& directives,
                                  std::span<const Fault> faults,
                                  const std::vector<std::string>& expected_errors) {
    const std::vector<Seen> stock = seen_of_stock(mpm, directives, faults, expected_errors);
    Httpd httpd(mpm, kServer + directives + kLimits);
    for (const std::string& error : expected_errors) httpd.expect_error(error);
    std::vector<Client> clients = begun(httpd, faults);
    const std::vector<Seen> ours = seen_by(httpd, clients);
    for (std::size_t i = 0; i < faults.size(); ++i) {
        SCOPED_TRACE(faults[i].name);
        if (faults[i].same_bytes) {
            EXPECT_EQ(ours[i].bytes, stock[i].bytes);
        }
        EXPECT_EQ(ours[i].end, stock[i].end);
        expect_recorded(httpd.record_of(clients[i]), faults[i]);
    }
}

}  // namespace finwait::test
