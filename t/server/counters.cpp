// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "clients/can.hpp"
#include "server/httpd.hpp"

namespace finwait::test {
namespace {

// Bytes of one page, never written to.
std::shared_ptr<const void> map_page(pid_t pid, const std::string& name) {
    const std::string fds = "/proc/" + std::to_string(pid) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(fds)) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (gone == std::errc::permission_denied) cannot_be_tried(kNoDescriptorsOfOthers);
        if (gone || target.string().find("/memfd:" + name) == std::string::npos) continue;
        const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        void* page = ::mmap(nullptr, kCounterPageSize, PROT_READ, MAP_SHARED, fd, 0);
        ::close(fd);
        if (page == MAP_FAILED) continue;
        return {page, [](void* mapped) { ::munmap(mapped, kCounterPageSize); }};
    }
    throw std::runtime_error("httpd's parent holds no " + name);
}

using Page = std::array<std::uint64_t, kCounterPageSize / sizeof(std::uint64_t)>;

Page copy_of(const void* page) {
    const auto* counters = static_cast<const Counter*>(page);
    Page copy;
    for (std::size_t i = 0; i < copy.size(); ++i) copy[i] = read(counters[i]);
    return copy;
}

template <typename Counters>
std::shared_ptr<const Counters> as(const std::shared_ptr<const void>& page) {
    return std::static_pointer_cast<const Counters>(page);
}

template <typename Range>
std::uint64_t sum(const Range& counters) {
    std::uint64_t total = 0;
    for (const auto& counter : counters) total += read(counter);
    return total;
}

}  // namespace

Counters::Counters(pid_t pid)
    : module_(as<ModuleCounters>(map_page(pid, "finwait-module-counters"))),
      closer_(as<CloserCounters>(map_page(pid, "finwait-closer-counters"))) {}

// Counters only rise: what two looks in a row have found was so between them.
Counters Counters::snapshot() const {
    using Pages = std::array<Page, 2>;
    const auto look = [&] { return Pages{copy_of(module_.get()), copy_of(closer_.get())}; };
    Pages last = look();
    for (Pages next; (next = look()) != last;) last = next;
    const auto pages = std::make_shared<const Pages>(last);
    Counters copy;
    copy.module_ = as<ModuleCounters>({pages, &(*pages)[0]});
    copy.closer_ = as<CloserCounters>({pages, &(*pages)[1]});
    return copy;
}

std::uint64_t Counters::declined() const {
    return sum(module_->declined);
}
std::uint64_t Counters::declined(Decline why) const {
    return read(module_->declined[static_cast<std::size_t>(why)]);
}
std::uint64_t Counters::held() const {
    return sum(closer_->held);
}

std::uint64_t Counters::waiting() const {
    return sum(closer_->waiting);
}

std::uint64_t Counters::unwritten() const {
    return sum(closer_->unwritten);
}

std::uint64_t Counters::known_sockets() const {
    // In the order in which a close passes: what goes on meanwhile is counted twice, and not
    // missed.
    std::uint64_t sum = read(module_->untold);
    const std::uint64_t received = read(closer_->received);
    sum += read(module_->handoffs) + read(module_->ended) - received;
    return sum + held() + read(closer_->lost) + declined();
}

bool Counters::module_is_consistent() const {
    return read(module_->closes) == read(module_->handoffs) + read(module_->ended) + declined();
}

std::uint64_t Counters::not_counted() const {
    const auto sent = read(module_->handoffs) + read(module_->ended);
    const auto done = read(closer_->records) + read(closer_->tallied) + read(closer_->unlogged) +
                      read(closer_->bad_messages) + read(closer_->lost) + read(closer_->dropped);
    return sent - done;
}

bool Counters::all_ended() const {
    return module_is_consistent() && not_counted() == unwritten();
}

bool Counters::settled() const {
    return module_is_consistent() && not_counted() == 0;
}

std::string Counters::text() const {
    std::string out;
    const auto add = [&](std::string_view name, std::uint64_t value) {
        if (value != 0) out += std::string(name) + "=" + std::to_string(value) + " ";
    };
    const auto add_words = [&](const auto& words, const auto& counters) {
        for (std::size_t i = 0; i < words.size(); ++i) add(words[i].name, read(counters[i]));
    };
    add("closes", read(module_->closes));
    add("handoffs", read(module_->handoffs));
    add("ended", read(module_->ended));
    add_words(kDeclines, module_->declined);
    out += "| ";
    add("received", read(closer_->received));
    add("bad_messages", read(closer_->bad_messages));
    add("records", read(closer_->records));
    add("tallied", read(closer_->tallied));
    add("unlogged", read(closer_->unlogged));
    add("dropped", read(closer_->dropped));
    add("shed", read(closer_->shed));
    add("evicted", read(closer_->evicted));
    add("lost", read(closer_->lost));
    add("held", held());
    add("waiting", waiting());
    add("unwritten", unwritten());
    out += "| causes: ";
    add_words(kCauses, closer_->causes);
    out += "| drains: ";
    add_words(kDrains, closer_->drains);
    out += "| outcomes: ";
    add_words(kOutcomes, closer_->outcomes);
    return out;
}

std::ostream& operator<<(std::ostream& out, const Counters& counters) {
    return out << counters.text();
}

}  // namespace finwait::test
