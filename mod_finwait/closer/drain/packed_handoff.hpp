// SPDX-License-Identifier: Apache-2.0
//
// What a held socket keeps of its Handoff: everything its Record will say and FinWaitAuto goes by,
// and no Policy. The texts share one allocation of exactly their size, because there may be 100,000
// of these.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "finwait/handoff.hpp"

namespace finwait {

class PackedHandoff {
  public:
    PackedHandoff() = default;
    explicit PackedHandoff(const Handoff& handoff);

    // The texts of the result point into this object.
    [[nodiscard]] Handoff unpack() const;

    [[nodiscard]] std::string_view vhost() const { return {texts_.get(), vhost_size_}; }
    [[nodiscard]] std::string_view user_agent() const {
        return {texts_.get() + vhost_size_, user_agent_size_};
    }
    [[nodiscard]] const Endpoint& peer() const { return peer_; }

  private:
    std::unique_ptr<char[]> texts_;
    std::uint16_t vhost_size_ = 0;
    std::uint16_t user_agent_size_ = 0;
    std::uint16_t client_address_size_ = 0;
    Cause cause_ = Cause::other;
    HttpVersion http_ = HttpVersion::none;
    TlsVersion tls_ = TlsVersion::none;
    Mpm mpm_ = Mpm::unknown;
    Remedy remedy_ = Remedy::none;
    LogIds logs_;
    std::optional<AutoRule> auto_rule_;
    std::uint32_t requests_ = 0;
    Endpoint peer_;
    Endpoint local_;
};

}  // namespace finwait
