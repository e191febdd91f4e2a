// SPDX-License-Identifier: Apache-2.0
//
// What a closer has given up before its first turn, as it says itself: in the message `ready` and
// in the books. A value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "finwait/words.hpp"

namespace finwait {

enum class Restriction : std::uint8_t {
    chroot,
    no_groups,
    no_capabilities,
    no_new_privs,
    not_dumpable,
    landlock,
    seccomp,
};

inline constexpr std::array kRestrictions{
    Word{Restriction::chroot, "chroot", "its root directory is ChrootDir"},
    Word{Restriction::no_groups, "no_groups", "it has no supplementary groups"},
    Word{Restriction::no_capabilities, "no_capabilities", "every set of them is empty"},
    Word{Restriction::no_new_privs, "no_new_privs", "no program that it runs could get any"},
    Word{Restriction::not_dumpable, "not_dumpable",
         "only root may trace it or see its descriptors"},
    Word{Restriction::landlock, "landlock", "it can open no file, nor connect to anything"},
    Word{Restriction::seccomp, "seccomp", "it has the system calls of a turn and no others"},
};
template <>
inline constexpr auto kWordsOf<Restriction> = kRestrictions;
static_assert(table_is_in_enum_order<Restriction>());

struct Confinement {
    std::uint32_t uid = 0;
    std::uint32_t landlock_abi = 0;  // 0: without
    std::uint64_t in_force = 0;      // one bit for each Restriction

    void add(Restriction restriction) { in_force |= bit(restriction); }
    [[nodiscard]] bool has(Restriction restriction) const {
        return (in_force & bit(restriction)) != 0;
    }

  private:
    static constexpr std::uint64_t bit(Restriction restriction) {
        return std::uint64_t{1} << static_cast<unsigned>(restriction);
    }
};

// user 33, no_groups, no_capabilities, landlock 6
[[nodiscard]] std::string confinement_text(const Confinement& confinement);

}  // namespace finwait
