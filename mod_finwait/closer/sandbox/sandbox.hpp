// SPDX-License-Identifier: Apache-2.0
//
// What the closer gives up before it touches a client's socket, in this order: root, in
// give_up_root(); everything that a turn does not need, in close_in(), while it has one thread, so
// that later ones inherit it; all system calls but those of a turn, in filter_calls(), when its
// threads run and everything is open. Only main() calls these: they cannot be taken back, and tests
// run the rest of the closer in their own process.
//
// But for root, which it must give up, a step that the system refuses is told and costs nothing
// else.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "finwait/confinement.hpp"

namespace finwait {

struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
};

class Sandbox {
  public:
    // Without an identity it must not be root. `chroot_dir` may be empty. Empty on success, else a
    // sentence without its full stop.
    [[nodiscard]] std::string give_up_root(const std::optional<Identity>& identity,
                                           const std::string& chroot_dir);
    void close_in();
    void filter_calls();

    [[nodiscard]] const Confinement& confinement() const { return confinement_; }
    // What was refused: a sentence each, without its full stop.
    [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }

  private:
    void note(Restriction restriction, const std::string& why_not);

    Confinement confinement_;
    std::vector<std::string> refused_;
};

}  // namespace finwait
