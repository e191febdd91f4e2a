// SPDX-License-Identifier: Apache-2.0
//
// Whatever lies where the closer's books should: whoever reads them says a clear sentence or shows
// what can be shown, and a closer that takes them over goes on with books that add up.
#include <fuzzer/FuzzedDataProvider.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "closer/ledger/ledger.hpp"
#include "module/status/collect.hpp"
#include "module/status/render.hpp"

namespace {

using namespace finwait;
using namespace std::chrono_literals;

void require(bool condition) {
    if (!condition) std::abort();
}

class Memory {
  public:
    Memory() : fd_(::memfd_create("books", MFD_CLOEXEC)) {
        const BooksHeader header = new_books_header();
        require(::ftruncate(fd_.get(), sizeof(Books)) == 0);
        require(::pwrite(fd_.get(), &header, sizeof header, 0) > 0);
        bytes_ = ::mmap(nullptr, sizeof(Books), PROT_READ, MAP_SHARED, fd_.get(), 0);
        require(bytes_ != MAP_FAILED);
    }
    ~Memory() { ::munmap(bytes_, sizeof(Books)); }

    [[nodiscard]] UniqueFd copy() const { return UniqueFd(::dup(fd_.get())); }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(bytes_), sizeof(Books)};
    }
    void write(std::size_t at, const std::vector<std::uint8_t>& bytes) const {
        require(bytes.empty() ||
                ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)) > 0);
    }

  private:
    UniqueFd fd_;
    void* bytes_;
};

void book_some(Ledger& ledger, int accounts) {
    for (int i = 0; i < accounts; ++i) {
        const std::string user_agent = "ua" + std::to_string(i);
        const std::string vhost = "host" + std::to_string(i % 3);
        Close close;
        close.user_agent = user_agent;
        close.vhost = vhost;
        close.fin_wait_2_time = 1s * i;
        ledger.book(close, 0, 1ms * i);
    }
}

// Where hostile bytes go: each part, and as much of the long ones as is in use.
constexpr std::size_t kAccounts = 20;
constexpr std::pair<std::size_t, std::size_t> kPlaces[] = {
    {offsetof(CloserBooks, pulse), sizeof(Part<Pulse>)},
    {offsetof(CloserBooks, history), sizeof(Part<History>)},
    {offsetof(CloserBooks, notices), sizeof(Part<BookedNotices>)},
    {offsetof(CloserBooks, oldest), sizeof(Part<OldSockets>)},
    {offsetof(CloserBooks, beyond), sizeof(Part<BookedBeyond>)},
    {offsetof(CloserBooks, vhosts_used), 2},
    {offsetof(CloserBooks, vhosts), 5 * sizeof(Part<BookedVhost>)},
    {offsetof(CloserBooks, remedies_used), 2},
    {offsetof(CloserBooks, accounts_used), 2},
    {offsetof(CloserBooks, accounts), (kAccounts + 2) * sizeof(Part<Account>)},
    {offsetof(CloserBooks, remedies), 4 * sizeof(Part<BookedRemedy>)},
};

void spoil(const Memory& memory, FuzzedDataProvider& input) {
    for (int i = input.ConsumeIntegralInRange(0, 30); i > 0; --i) {
        const auto& [place, size] =
            kPlaces[input.ConsumeIntegralInRange<std::size_t>(0, std::size(kPlaces) - 1)];
        const auto at = input.ConsumeIntegralInRange<std::size_t>(0, size - 1);
        auto bytes =
            input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(1, 16));
        memory.write(offsetof(Books, closers) + place + at, bytes);
    }
}

// One form for each input: they take most of the time.
void render(const StatusView& view, unsigned form) {
    if (form % 3 == 0) require(render_page(view).ends_with("</html>\n"));
    if (form % 3 == 1) require(render_json(view).starts_with("{"));
    if (form % 3 == 2) require(render_metrics(view).ends_with("\n"));
}

void show(const Memory& memory, FuzzedDataProvider& input) {
    const auto closer = std::make_unique<CloserCounters>();
    const auto module = std::make_unique<ModuleCounters>();
    for (Counter& running : closer->running) running = input.ConsumeIntegral<std::uint8_t>();
    StatusSources sources{nullptr, {}, *closer, *module};
    sources.books = find_books(memory.bytes(), sources.why_no_books);
    require(sources.books != nullptr);
    sources.monotonic = std::chrono::nanoseconds(input.ConsumeIntegral<std::uint32_t>());
    sources.realtime = 1'700'000'000s;
    const StatusView view = collect(sources);
    require(view.accounts.size() <= kAccountsShownMax && view.oldest.size() <= kOldestShown);
    render(view, input.ConsumeIntegral<std::uint8_t>());
}

void take_over(const Memory& memory) {
    BooksMemory own(memory.copy(), 0);
    require(own.is_shared());
    Ledger ledger(own, [](AccountId) {});
    ledger.set_size(kLedgerSizeMin);
    while (ledger.is_too_large()) ledger.evict_some();
    book_some(ledger, kAccounts + 5);
    require(ledger.size() <= kLedgerSizeMin);
    std::size_t used = 0;
    for (const Part<Account>& account : own.own().used_accounts()) {
        require(!account.is_half_written());
        used += account.own().figures.is_used != 0 ? 1 : 0;
    }
    require(used == ledger.size() + 1);
}

void find_in_noise(const std::uint8_t* data, std::size_t size) {
    // Aligned as memory is that was mapped.
    std::vector<std::uint64_t> words(size / sizeof(std::uint64_t) + 1);
    std::memcpy(words.data(), data, size);
    std::string why_not;
    require(find_books(std::as_bytes(std::span(words)).first(size), why_not) == nullptr);
    require(!why_not.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    find_in_noise(data, size);
    FuzzedDataProvider input(data, size);
    const Memory memory;
    {
        BooksMemory first(memory.copy(), 0);
        Ledger ledger(first, [](AccountId) {});
        book_some(ledger, kAccounts);
        first.own().pulse.write([](Pulse& pulse) { pulse = {.turns = 1, .pid = 1}; });
    }
    spoil(memory, input);
    show(memory, input);
    take_over(memory);
    return 0;
}
