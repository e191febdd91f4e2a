// SPDX-License-Identifier: Apache-2.0
//
// Whatever lies where a ledger should: it is refused, or it is one that can be added, stays within
// the bounds and reads back as it was written.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "closer/ledger/ledger_image.hpp"

namespace {

using namespace finwait;

void require(bool condition) {
    if (!condition) std::abort();
}

std::vector<std::byte> image_of(const Ledger& ledger) {
    std::vector<std::byte> bytes(image_size_max(ledger));
    bytes.resize(encode(ledger, bytes));
    require(!bytes.empty());
    return bytes;
}

void check(std::span<const std::byte> bytes) {
    const auto image = decode_ledger(bytes);
    if (!image) return;
    VhostTotals totals(-1);
    Ledger ledger(SipKey{1, 2}, totals, [](AccountId) {});
    ledger.set_size(kLedgerSizeMin);
    for (int twice = 0; twice < 2; ++twice) add(*image, ledger);
    require(ledger.size() <= kLedgerSizeMin);
    for (const Account* account : ledger.ranked()) {
        static_cast<void>(account->balance.addresses.estimate());
        static_cast<void>(fin_wait_2_quantile_ms(account->balance.tally, 0.99));
        require(ledger.find({account->user_agent, account->vhost}) != kOther);
    }
    const auto again = decode_ledger(image_of(ledger));
    require(again && again->accounts.size() == ledger.size());
}

Ledger& fill(Ledger& ledger, FuzzedDataProvider& input) {
    for (int i = input.ConsumeIntegralInRange(0, 40); i > 0; --i) {
        BookedClose close;
        close.close.fin_wait_2_time =
            std::chrono::nanoseconds(input.ConsumeIntegral<std::int64_t>());
        close.close.requests = input.ConsumeIntegral<std::uint32_t>();
        close.address_hash = input.ConsumeIntegral<std::uint64_t>();
        const std::string user_agent = input.ConsumeRandomLengthString(kUserAgentMax);
        const std::string vhost = input.ConsumeRandomLengthString(kVhostMax);
        ledger.book({user_agent, vhost}, close, std::chrono::milliseconds(i));
    }
    return ledger;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check(std::as_bytes(std::span(data, size)));
    // A ledger with a few bytes wrong gets further than noise does.
    FuzzedDataProvider input(data, size);
    std::array<std::pair<std::uint16_t, std::uint8_t>, 3> edits;
    for (auto& [at, byte] : edits) {
        at = input.ConsumeIntegral<std::uint16_t>();
        byte = input.ConsumeIntegral<std::uint8_t>();
    }
    VhostTotals totals(-1);
    Ledger ledger(SipKey{1, 2}, totals, [](AccountId) {});
    std::vector<std::byte> image = image_of(fill(ledger, input));
    check(image);
    for (const auto& [at, byte] : edits) image[at % image.size()] = static_cast<std::byte>(byte);
    check(image);
    return 0;
}
