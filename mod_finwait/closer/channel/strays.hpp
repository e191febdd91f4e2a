// SPDX-License-Identifier: Apache-2.0
//
// Strays: descriptors that came by the channel and are no TCP connection. Only a child that was
// taken over sends any, and close() of one takes as long as that child likes: of a file whose file
// system does not answer (FUSE, NFS), of a terminal, of another kind of socket that lingers. So a
// thread closes them that does nothing else: not even log lines wait for it.
#pragma once

#include <cstddef>
#include <memory>

#include "closer/moment.hpp"
#include "closer/unique_fd.hpp"

namespace finwait {

// So many may wait; meanwhile nothing is read of the channel (Closer).
inline constexpr std::size_t kStraysMax = 16;
// Where they do so for this long, one hangs.
inline constexpr Time kStrayHangs = std::chrono::seconds(1);

class Strays {
  public:
    Strays();
    // Leaves the thread to itself if it hangs.
    ~Strays();
    Strays(const Strays&) = delete;
    Strays& operator=(const Strays&) = delete;

    // Until then, and if it fails (an errno), close() does the thread's work.
    [[nodiscard]] int start();

    void close(UniqueFd stray);
    [[nodiscard]] bool are_too_many() const;
    // Until they are no longer, or `time` has passed.
    void wait_until_fewer(Time time) const;

  private:
    struct State;

    std::shared_ptr<State> state_;  // outlives us if the thread hangs
};

}  // namespace finwait
