// SPDX-License-Identifier: Apache-2.0
#include "closer/ledger/ledger_store.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "closer/ledger/ledger_image.hpp"
#include "closer/ledger/ledger_memory.hpp"

namespace finwait {

namespace {

constexpr std::uint64_t kLayout = 0x66696e7761'0003'00 ^ sizeof(Balance);
static_assert(kLedgerImageMax < kHalfSize / 2);

// Finds what was damaged or cut short; no secret. Each slice is hashed under what was found so far.
std::uint64_t add_to_checksum(std::uint64_t checksum, std::span<const std::byte> slice) {
    return sip_hash({checksum, kLayout}, slice);
}

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
    std::uint64_t checksum = 0;
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(kSaveSlice, bytes.size())))
        checksum = add_to_checksum(checksum, bytes.first(std::min(kSaveSlice, bytes.size())));
    return checksum;
}

}  // namespace

LedgerStore::LedgerStore(UniqueFd memory, std::size_t slot)
    : memory_(std::move(memory)), slot_(slot) {
    assert(slot < kCloserSlots);
}

SipKey LedgerStore::key() {
    SipKey key;
    if (read(&key, sizeof key, kHashKeyAt) && key != SipKey()) return key;
    // Cannot fail: the kernel's source is ready long before any httpd starts, and the key is short.
    [[maybe_unused]] const auto length = ::getrandom(&key, sizeof key, 0);
    static_cast<void>(write(&key, sizeof key, kHashKeyAt));
    return key;
}

void LedgerStore::begin_save(const Ledger& ledger) {
    if (!memory_) return;
    // Never made smaller: making it larger again would fill it with zeros.
    buffer_.resize(std::max(buffer_.size(), image_size_max(ledger)));
    image_size_ = encode(ledger, buffer_);
    half_ = half_at(slot_, (sequence_ + 1) % 2);
    written_ = 0;
    checksum_ = 0;
    is_saving_ = image_size_ > 0;
}

void LedgerStore::write_some() {
    if (!is_saving_) return;
    const bool is_well = write_slice() && (written_ < image_size_ || write_header());
    if (!is_well || written_ == image_size_) is_saving_ = false;
}

bool LedgerStore::save(const Ledger& ledger) {
    const std::uint64_t before = sequence_;
    begin_save(ledger);
    while (is_saving_) write_some();
    return sequence_ != before;
}

bool LedgerStore::write_slice() {
    const auto left = std::span<const std::byte>(buffer_).first(image_size_).subspan(written_);
    const auto slice = left.first(std::min(kSaveSlice, left.size()));
    if (!write(slice.data(), slice.size(), half_ + static_cast<off_t>(sizeof(Header) + written_)))
        return false;
    checksum_ = add_to_checksum(checksum_, slice);
    written_ += slice.size();
    return true;
}

bool LedgerStore::write_header() {
    const Header header{kLayout, sequence_ + 1, image_size_, checksum_, adopted_};
    if (!write(&header, sizeof header, half_)) return false;
    sequence_ = header.sequence;
    return true;
}

bool LedgerStore::adopt(std::size_t slot, Ledger& ledger) {
    is_saving_ = false;  // the image goes; the next one has all of it
    const auto header = memory_ ? load(slot) : std::nullopt;
    if (!header) return false;
    const bool is_own = slot == slot_;
    const bool was_added = !is_own && adopted_[slot] == header->checksum;
    const auto image = was_added ? std::nullopt : decode_ledger(buffer_);
    if (image) add(*image, ledger);
    if (is_own) {
        sequence_ = header->sequence;  // the next save() goes over it
        adopted_ = header->adopted;
        return image.has_value();
    }
    adopted_[slot] = header->checksum;
    static_cast<void>(save(ledger));
    forget(slot);
    return image.has_value();
}

bool LedgerStore::write(const void* bytes, std::size_t size, off_t at) const {
    while (size > 0) {
        const ssize_t written = ::pwrite(memory_.get(), bytes, size, at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = static_cast<const std::byte*>(bytes) + written;
        size -= static_cast<std::size_t>(written);
        at += written;
    }
    return true;
}

bool LedgerStore::read(void* bytes, std::size_t size, off_t at) const {
    while (size > 0) {
        const ssize_t got = ::pread(memory_.get(), bytes, size, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes = static_cast<std::byte*>(bytes) + got;
        size -= static_cast<std::size_t>(got);
        at += got;
    }
    return true;
}

std::optional<LedgerStore::Header> LedgerStore::header_at(off_t half) const {
    Header header{};
    if (!read(&header, sizeof header, half)) return std::nullopt;
    if (header.layout != kLayout || header.size == 0 || header.size > kLedgerImageMax)
        return std::nullopt;
    return header;
}

std::optional<LedgerStore::Header> LedgerStore::load(std::size_t slot) {
    std::array<std::pair<off_t, std::optional<Header>>, 2> halves;
    for (std::size_t i = 0; i < halves.size(); ++i) {
        const off_t half = half_at(slot, i);
        halves[i] = {half, header_at(half)};
    }
    const auto sequence = [](const auto& half) { return half.second ? half.second->sequence : 0; };
    if (sequence(halves[0]) < sequence(halves[1])) std::swap(halves[0], halves[1]);
    for (const auto& [half, header] : halves) {
        if (!header) continue;
        buffer_.resize(header->size);
        if (read(buffer_.data(), buffer_.size(), half + static_cast<off_t>(sizeof *header)) &&
            checksum_of(buffer_) == header->checksum)
            return header;
    }
    return std::nullopt;
}

// The memory goes back to the system with the contents.
void LedgerStore::forget(std::size_t slot) const {
    ::fallocate(memory_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, half_at(slot, 0),
                2 * kHalfSize);
}

}  // namespace finwait
