// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/ledger_image.hpp"

#include "contract/wire.hpp"

namespace finwait {

namespace {

void put_account(wire::Writer& out, const Account& account) {
    out.put_text<std::uint16_t>(account.user_agent, kUserAgentMax);
    out.put_text<std::uint16_t>(account.vhost, kVhostMax);
    out.put(account.balance);
    out.put(account.opened.count());
    out.put(account.last_seen.count());
    out.put(account.weight_ns);
}

Account get_account(wire::Reader& in) {
    using std::chrono::milliseconds;
    Account account;
    account.user_agent = in.get_text<std::uint16_t>(kUserAgentMax);
    account.vhost = in.get_text<std::uint16_t>(kVhostMax);
    account.balance = in.get<Balance>();
    account.opened = milliseconds(in.get<milliseconds::rep>());
    account.last_seen = milliseconds(in.get<milliseconds::rep>());
    account.weight_ns = in.get<std::uint64_t>();
    return account;
}

}  // namespace

std::size_t image_size_max(const Ledger& ledger) {
    return kLedgerImageMax - (kLedgerSizeMax - ledger.size()) * kAccountImageMax;
}

std::size_t encode(const Ledger& ledger, std::span<std::byte> bytes) {
    wire::Writer out(bytes);
    out.put(ledger.at(kOther).balance.addresses);
    const auto accounts = ledger.accounts();
    out.put(static_cast<std::uint32_t>(accounts.size()));
    for (const Account* account : accounts) put_account(out, *account);
    return out.size();
}

// All or nothing: half a ledger would not add up.
std::optional<LedgerImage> decode_ledger(std::span<const std::byte> bytes) {
    wire::Reader in(bytes);
    LedgerImage image;
    image.other = in.get<AddressSketch>();
    const auto accounts = in.get<std::uint32_t>();
    for (std::uint32_t i = 0; i < accounts && !in.truncated(); ++i)
        image.accounts.push_back(get_account(in));
    if (in.truncated() || in.out_of_range() || in.left() != 0) return std::nullopt;
    return image;
}

void add(const LedgerImage& image, Ledger& ledger) {
    ledger.adopt_other(image.other);
    for (const Account& account : image.accounts) ledger.adopt(account);
}

}  // namespace finwait
