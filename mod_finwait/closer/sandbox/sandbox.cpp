// SPDX-License-Identifier: Apache-2.0
#include "closer/sandbox/sandbox.hpp"

#include <unistd.h>

#include "closer/sandbox/steps.hpp"

namespace finwait {

namespace {

struct Step {
    Restriction restriction;
    std::string (*take)();
    bool hinders_instruments = false;
};

// A child that is_deadly() loses dumps no core from the third on.
constexpr Step kSteps[]{
    {Restriction::no_capabilities, drop_capabilities},
    {Restriction::no_new_privs, forbid_new_privileges},
    {Restriction::not_dumpable, forbid_tracing, true},
    {Restriction::landlock, restrict_by_landlock, true},
};

std::string become(const Identity& identity) {
    if (::setresgid(identity.gid, identity.gid, identity.gid) != 0) return failure("setresgid()");
    if (::setresuid(identity.uid, identity.uid, identity.uid) != 0) return failure("setresuid()");
    if (identity.uid != 0 && (::setuid(0) == 0 || ::seteuid(0) == 0))
        return "root was given up and could be regained";
    return {};
}

}  // namespace

std::string Sandbox::give_up_root(const std::optional<Identity>& identity,
                                  const std::string& chroot_dir) {
    if (!identity && ::geteuid() == 0) return "started as root, it needs --uid and --gid";
    if (identity && ::geteuid() != 0) return "only root can become another user";
    if (!chroot_dir.empty()) note(Restriction::chroot, change_root(chroot_dir.c_str()));
    drop_bounding_set();
    if (identity) {
        note(Restriction::no_groups, drop_groups());
        const std::string refused = become(*identity);
        if (!refused.empty()) return refused;
    }
    confinement_.uid = ::getuid();
    return {};
}

void Sandbox::close_in() {
    for (const Step& step : kSteps)
        if (!kIsInstrumented || !step.hinders_instruments) note(step.restriction, step.take());
    if (confinement_.has(Restriction::landlock)) confinement_.landlock_abi = landlock_abi();
}

void Sandbox::filter_calls() {
    if (!kIsInstrumented) note(Restriction::seccomp, filter_by_seccomp());
}

void Sandbox::note(Restriction restriction, const std::string& why_not) {
    if (why_not.empty()) return confinement_.add(restriction);
    refused_.push_back("it goes on without " + std::string(name_of(restriction)) + ": " + why_not);
}

}  // namespace finwait
