// SPDX-License-Identifier: Apache-2.0
//
// Landlock without a rule: whatever it can restrict is forbidden. What is open already stays so.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "closer/sandbox/steps.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {

namespace {

constexpr unsigned kAskForAbi = 1;  // LANDLOCK_CREATE_RULESET_VERSION

// struct landlock_ruleset_attr (include/uapi/linux/landlock.h), which grows from ABI to ABI: the
// headers that this is built with may know less than the kernel that it runs on.
struct Ruleset {
    std::uint64_t files;    // LANDLOCK_ACCESS_FS_*
    std::uint64_t network;  // LANDLOCK_ACCESS_NET_*
    std::uint64_t scopes;   // LANDLOCK_SCOPE_*
};

// How much of it each ABI has, from 1 on.
struct Abi {
    unsigned files;  // so many bits
    unsigned network;
    unsigned scopes;
    std::size_t size;
};
constexpr std::array kAbis{
    Abi{13, 0, 0, offsetof(Ruleset, network)},
    Abi{14, 0, 0, offsetof(Ruleset, network)},  // LANDLOCK_ACCESS_FS_REFER
    Abi{15, 0, 0, offsetof(Ruleset, network)},  // LANDLOCK_ACCESS_FS_TRUNCATE
    Abi{15, 2, 0, offsetof(Ruleset, scopes)},   // bind and connect of TCP
    Abi{16, 2, 0, offsetof(Ruleset, scopes)},   // LANDLOCK_ACCESS_FS_IOCTL_DEV
    Abi{16, 2, 2, sizeof(Ruleset)},             // abstract unix sockets and signals
};

constexpr std::uint64_t bits(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

long ask_for_abi() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForAbi);
}

}  // namespace

std::uint32_t landlock_abi() {
    return static_cast<std::uint32_t>(std::clamp<long>(ask_for_abi(), 0, kAbis.size()));
}

std::string restrict_by_landlock() {
    if (is_deadly([] { static_cast<void>(ask_for_abi()); })) return kDeadly;
    const std::uint32_t newest = landlock_abi();
    if (newest == 0) return failure("landlock_create_ruleset()");
    const Abi& abi = kAbis[newest - 1];
    const Ruleset ruleset{bits(abi.files), bits(abi.network), bits(abi.scopes)};
    const UniqueFd handled(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &ruleset, abi.size, 0)));
    if (!handled) return failure("landlock_create_ruleset()");
    if (::syscall(SYS_landlock_restrict_self, handled.get(), 0) != 0)
        return failure("landlock_restrict_self()");
    return {};
}

}  // namespace finwait
