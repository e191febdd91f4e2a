// SPDX-License-Identifier: Apache-2.0
//
// Lets the ledger outlive a closer that dies. The memory belongs to httpd's parent, which gives
// every closer a descriptor of it. Each closer has a slot with two halves and writes them in turn,
// contents first and the header last, so that one whole ledger is there whenever it is killed. A
// closer that starts, or sees that another one has ended, adds what that one left to its own.
//
// What is read is not trusted: sizes are checked, a checksum must fit, and a ledger of another
// layout is as good as none.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "closer/ledger/ledger.hpp"
#include "closer/unique_fd.hpp"
#include "finwait/counters.hpp"

namespace finwait {

inline constexpr std::size_t kSaveSlice = std::size_t{1} << 20;  // about a millisecond

class LedgerStore {
  public:
    // Without a descriptor nothing is kept and nothing is found. Precondition: slot < kCloserSlots.
    LedgerStore(UniqueFd memory, std::size_t slot);

    // The same for all closers, so that their sketches can be merged; made by the first.
    [[nodiscard]] SipKey key();

    // Takes an image of the ledger, in place of one that is not yet written. Each write_some() then
    // writes kSaveSlice of it, because all of a large one would keep sockets waiting; the last one
    // makes it the ledger that is found. What cannot be written is given up: the one before it
    // stays.
    void begin_save(const Ledger& ledger);
    void write_some();
    [[nodiscard]] bool is_saving() const { return is_saving_; }

    // All at once; false if it was given up.
    bool save(const Ledger& ledger);

    // Adds what the closer in that slot saved last to `ledger`, and forgets it. False if there was
    // nothing.
    bool adopt(std::size_t slot, Ledger& ledger);

  private:
    // The checksums of the neighbours' ledgers that are in this one, by slot: one whose adopter
    // died before it could forget it is not added twice.
    using Adopted = std::array<std::uint64_t, kCloserSlots>;

    struct Header {
        std::uint64_t layout;
        std::uint64_t sequence;  // the half with the greater one is the newer
        std::uint64_t size;      // of the contents behind the header
        std::uint64_t checksum;
        Adopted adopted;
    };

    [[nodiscard]] bool write(const void* bytes, std::size_t size, off_t at) const;
    [[nodiscard]] bool read(void* bytes, std::size_t size, off_t at) const;
    [[nodiscard]] bool write_slice();
    [[nodiscard]] bool write_header();
    [[nodiscard]] std::optional<Header> header_at(off_t half) const;
    // The newest whole contents of the slot in buffer_; their header.
    [[nodiscard]] std::optional<Header> load(std::size_t slot);
    void forget(std::size_t slot) const;

    UniqueFd memory_;
    std::size_t slot_;
    std::uint64_t sequence_ = 0;
    Adopted adopted_{};
    std::vector<std::byte> buffer_;
    // Of the save under way.
    bool is_saving_ = false;
    off_t half_ = 0;
    std::size_t image_size_ = 0;
    std::size_t written_ = 0;
    std::uint64_t checksum_ = 0;
};

}  // namespace finwait
