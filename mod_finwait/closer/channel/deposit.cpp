// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/deposit.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

namespace finwait {

void Deposit::on_event(std::uint32_t events, Time now) {
    is_abandoned_ = (events & EPOLLHUP) != 0;
    if (is_abandoned_)
        due_ = now;
    else if (holds_something())
        due_ = std::min(due_, now + within_);
}

void Deposit::on_configuration(Time now) {
    due_ = holds_something() ? now + within_ : kNever;
}

bool Deposit::expire(Time now) {
    if (now < due_) return false;
    due_ = kNever;
    if (!is_abandoned_ && !holds_something()) return false;
    char byte;  // of descriptors that nobody asks for: the kernel closes them
    while (::recv(end_.get(), &byte, sizeof byte, MSG_DONTWAIT) > 0) continue;
    leave();
    return true;
}

void Deposit::leave() {
    end_.reset();
    due_ = kNever;
}

bool Deposit::holds_something() const {
    char byte;
    return end_ && ::recv(end_.get(), &byte, sizeof byte, MSG_DONTWAIT | MSG_PEEK) > 0;
}

}  // namespace finwait
