// SPDX-License-Identifier: Apache-2.0
//
// Whatever lies where a ledger should: it is refused, or it is one that can be added, stays within
// the bounds and reads back as it was written.
#include <cstdlib>
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto image = decode_ledger(std::as_bytes(std::span(data, size)));
    if (!image) return 0;
    Ledger ledger(SipKey{1, 2}, [](AccountId) {});
    ledger.set_size(kLedgerSizeMin);
    for (int twice = 0; twice < 2; ++twice) add(*image, ledger);
    require(ledger.size() <= kLedgerSizeMin);
    require(ledger.vhosts().size() <= kLedgerVhostsMax + 1);
    for (const Account* account : ledger.ranked()) {
        static_cast<void>(account->balance.addresses.estimate());
        static_cast<void>(fin_wait_2_quantile_ms(account->balance.tally, 0.99));
        require(ledger.find({account->user_agent, account->vhost}) != kOther);
    }
    const auto again = decode_ledger(image_of(ledger));
    require(again && again->total == ledger.total());
    return 0;
}
