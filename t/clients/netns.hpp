// SPDX-License-Identifier: Apache-2.0
//
// A network namespace for clients that can vanish: joined to the host by a veth pair of its own,
// removed with everything in it by the destructor. Needs root.
#pragma once

#include <string>

#include "clients/client.hpp"

namespace finwait::test {

class Netns {
  public:
    Netns();
    ~Netns();
    Netns(const Netns&) = delete;
    Netns& operator=(const Netns&) = delete;

    // The host's end: what a server must listen on.
    [[nodiscard]] const std::string& server_address() const { return server_address_; }

    // A client whose socket lives in the namespace; it may be used from any thread.
    [[nodiscard]] Client connect(Transport transport, std::uint16_t port,
                                 ClientOptions options = {});

    // From now on nftables drops every packet that comes: what clients ask arrives, and they
    // acknowledge nothing.
    void hear_nothing();
    // And every packet that goes: no FIN, no RST, no ACK.
    void vanish();
    void come_back();

  private:
    void connect_to(const std::string& prefix, int block);
    void remove();

    std::string name_;
    std::string link_;
    std::string server_address_;
};

}  // namespace finwait::test
