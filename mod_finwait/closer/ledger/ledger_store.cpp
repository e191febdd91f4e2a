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

namespace finwait {

namespace {

constexpr off_t kFirstSlotAt = 4096;
constexpr off_t kHalfSize = off_t{1} << 28;  // only what is written takes memory
constexpr std::uint64_t kLayout = 0x66696e7761'0001'00 ^ sizeof(Balance);
// No secret: it finds what was damaged or cut short.
constexpr SipKey kChecksumKey{0x6c6564676572, 0x73746f7265};
static_assert(kLedgerImageMax < kHalfSize / 2);

off_t slot_at(std::size_t slot) {
    return kFirstSlotAt + static_cast<off_t>(slot) * 2 * kHalfSize;
}

}  // namespace

LedgerStore::LedgerStore(UniqueFd memory, std::size_t slot)
    : memory_(std::move(memory)), slot_(slot) {
    assert(slot < kCloserSlots);
}

SipKey LedgerStore::key() {
    SipKey key;
    if (read(&key, sizeof key, 0) && key != SipKey()) return key;
    // Cannot fail: the kernel's source is ready long before any httpd starts, and the key is short.
    static_cast<void>(::getrandom(&key, sizeof key, 0));
    static_cast<void>(write(&key, sizeof key, 0));
    return key;
}

bool LedgerStore::save(const Ledger& ledger) {
    if (!memory_) return false;
    buffer_.resize(image_size_max(ledger));
    const std::size_t size = encode(ledger, buffer_);
    if (size == 0) return false;
    const auto contents = std::span(buffer_).first(size);
    const Header header{kLayout, sequence_ + 1, size, sip_hash(kChecksumKey, contents)};
    const off_t half = slot_at(slot_) + (header.sequence % 2 == 0 ? 0 : kHalfSize);
    if (!write(contents.data(), size, half + static_cast<off_t>(sizeof header))) return false;
    if (!write(&header, sizeof header, half)) return false;
    sequence_ = header.sequence;
    return true;
}

bool LedgerStore::adopt(std::size_t slot, Ledger& ledger) {
    if (!memory_ || !load(slot)) return false;
    const auto image = decode_ledger(buffer_);
    if (image) add(*image, ledger);
    if (slot == slot_) return image.has_value();  // the next save() goes over it
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

bool LedgerStore::load(std::size_t slot) {
    std::array<std::pair<off_t, std::optional<Header>>, 2> halves;
    for (std::size_t i = 0; i < halves.size(); ++i) {
        const off_t half = slot_at(slot) + (i == 0 ? 0 : kHalfSize);
        halves[i] = {half, header_at(half)};
    }
    const auto sequence = [](const auto& half) { return half.second ? half.second->sequence : 0; };
    if (sequence(halves[0]) < sequence(halves[1])) std::swap(halves[0], halves[1]);
    for (const auto& [half, header] : halves) {
        if (!header) continue;
        buffer_.resize(header->size);
        if (read(buffer_.data(), buffer_.size(), half + static_cast<off_t>(sizeof *header)) &&
            sip_hash(kChecksumKey, buffer_) == header->checksum) {
            if (slot == slot_) sequence_ = header->sequence;
            return true;
        }
    }
    return false;
}

// The memory goes back to the system with the contents.
void LedgerStore::forget(std::size_t slot) const {
    ::fallocate(memory_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, slot_at(slot),
                2 * kHalfSize);
}

}  // namespace finwait
