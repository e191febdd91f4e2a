// SPDX-License-Identifier: Apache-2.0
//
// What a closer has in hand it keeps until the kernel has forgotten it: no socket of its is ever
// unattributed, whatever it waits for and however it ends.
#include <gtest/gtest.h>

#include "clients/crowd.hpp"
#include "server/status.hpp"

namespace finwait::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Left : PerMpm {
    // With room for the whole reply in the kernel, so that httpd is done with who reads nothing.
    static std::string with(const std::string& limits) {
        return std::string(kStatusLocation) +
               "SendBufferSize 400000\nFinWaitDrainIdleTimeout 300ms\n" + limits;
    }
    static Client one_that_reads_nothing(Httpd& httpd) {
        Client client = httpd.client(Transport::plain, {.receive_buffer = 16'384});
        client.ask("/3m", "Range: bytes=0-99999\r\nConnection: close\r\n");
        EXPECT_EVENTUALLY(httpd.counters().waiting(), 1U);
        return client;
    }
    static std::int64_t unattributed(Json& seen) {
        std::int64_t all = 0;
        for (const char* state : {"fin_wait_1", "fin_wait_2", "closing"})
            all += seen.number(std::string("/sockets/unattributed/") + state);
        return all;
    }
    static std::int64_t unattributed(Httpd& httpd) {
        Json seen(answered(httpd, "?json").body);
        return unattributed(seen);
    }
    // Beyond FinWaitTimeout, and the second for which a walk over the kernel's table is good.
    static void expect_waiting_and_none_unattributed(Httpd& httpd) {
        const bool is_kept = wait_until(kPatience, [&] {
            Json seen(answered(httpd, "?json").body);
            if (seen.size("/oldest") != 1) return false;
            EXPECT_EQ(unattributed(seen), 0);
            return seen.real("/oldest/0/age_seconds") > 2.0;
        });
        EXPECT_TRUE(is_kept);
        EXPECT_EQ(httpd.counters().waiting(), 1U);
    }
};

TEST_P(Left, NotWhoReadsNothingBeyondFinWaitTimeout) {
    Httpd httpd(mpm, with("FinWaitTimeout 500ms\nFinWaitAckTimeout 5s\n"));
    const Client client = one_that_reads_nothing(httpd);
    expect_waiting_and_none_unattributed(httpd);
    EXPECT_THAT(httpd.kernel_sockets(client), HasSubstr("FIN-WAIT-1"));
    const Record record = httpd.record_of(client);
    EXPECT_EQ(record.outcome, Outcome::unacked) << record;
    EXPECT_EQ(record.drain, Drain::idle_timeout) << record;
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

TEST_P(Left, NotWhoReadsLate) {
    Httpd httpd(mpm, with("FinWaitTimeout 0\n"));
    Client client = one_that_reads_nothing(httpd);
    expect_waiting_and_none_unattributed(httpd);
    EXPECT_TRUE(client.reply().complete);
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::cut);
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), IsEmpty());
}

// CLOSING.
TEST_P(Left, NotWhoClosesAndReadsLate) {
    Httpd httpd(mpm, with("FinWaitTimeout 500ms\n"));
    Client client = one_that_reads_nothing(httpd);
    client.half_close();
    EXPECT_EVENTUALLY(httpd.kernel_sockets(client), HasSubstr("CLOSING"));
    expect_waiting_and_none_unattributed(httpd);
    EXPECT_TRUE(client.reply().complete);
    EXPECT_EQ(httpd.record_of(client).outcome, Outcome::late_fin);
}

TEST_P(Left, NotWhatIsShedBeyondFinWaitMaxHeld) {
    Httpd httpd(mpm, with("FinWaitTimeout 5mi\nFinWaitMaxHeld 5\n"));
    const auto crowd = crowd_that_never_closes(httpd.port(), 20);
    EXPECT_EVENTUALLY(httpd.records().size(), 15U);
    EXPECT_EVENTUALLY(unattributed(httpd), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, Left, testing::ValuesIn(kEachMpm), NameOf());

}  // namespace
}  // namespace finwait::test
