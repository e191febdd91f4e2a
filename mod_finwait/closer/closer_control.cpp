// SPDX-License-Identifier: Apache-2.0
//
// The closer and the parent: what it is told, and obeys.
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "closer/closer.hpp"
#include "contract/loss_text.hpp"

namespace finwait {

void Closer::serve_signal(Moment now) {
    signalfd_siginfo signal;
    if (::read(signals_.get(), &signal, sizeof signal) > 0)
        finish_within(Time::zero(), now.monotonic);
}

// Before the channel: a new closer needs its limits and logs before it serves what is queued.
void Closer::serve_control(Moment now) {
    for (std::size_t i = 0; i < kControlsPerTurn; ++i) {
        Control control;
        UniqueFd descriptor;
        switch (control_.receive(control, descriptor)) {
            case ControlChannel::Received::message:
                obey(control, std::move(descriptor), now);
                break;
            case ControlChannel::Received::refused:
                notices_.tell(NoticeKind::bad_control, NoticeLevel::error,
                              "a message of the control channel was not understood", now.monotonic);
                break;
            case ControlChannel::Received::nothing:
                return;
            case ControlChannel::Received::ended:
                // The parent is gone, or has no more to say to a closer it replaced. Children may
                // still live: the channel's end says when there is nothing left to do.
                begin_serving();
                return;
        }
    }
}

void Closer::obey(const Control& control, UniqueFd descriptor, Moment now) {
    switch (control.kind) {
        case ControlKind::setup:
            return set_up(control, now);
        case ControlKind::log_open:
            logs_.open(control.log_id, std::move(descriptor), control.text, control.log_mode);
            return drainer_.set_max(held_max());
        case ControlKind::auto_rule:
            return rules_.add(control.auto_rule);
        case ControlKind::log_close:
            return records_.close_log(control.log_id, now);
        case ControlKind::finish:
            return finish_within(control.grace_ms == kGraceUnbounded
                                     ? kNever
                                     : Time(std::chrono::milliseconds(control.grace_ms)),
                                 now.monotonic);
        case ControlKind::retire:
            // Nothing changes but that no replacement will be started: the senders of this channel
            // end one by one, and its end is the sign to drain what is left and exit.
            deposit_.leave();
            return begin_serving();
        case ControlKind::ready:
        case ControlKind::notice:
            return;
    }
}

void Closer::set_up(const Control& setup, Moment now) {
    deposit_.on_configuration(now.monotonic);
    max_held_ = setup.max_held;
    rules_.settle();
    drainer_.set_max(held_max());
    Control ready;
    ready.kind = ControlKind::ready;
    ready.max_held = static_cast<std::uint32_t>(held_max());
    ready.descriptor_limit = descriptor_limit_;
    ready.confinement = confinement_;
    static_cast<void>(control_.send(ready));
    tell_confinement(now.monotonic);
    records_.ledger().set_size(setup.ledger_size);
    begin_serving();
    const Loss loss = std::exchange(loss_, {});
    if (loss.closes > 0)
        notices_.tell(NoticeKind::lost, NoticeLevel::warning, loss_text(loss), now.monotonic);
}

void Closer::set_confinement(const Confinement& confinement, std::vector<std::string> refused) {
    confinement_ = confinement;
    refused_ = std::move(refused);
}

void Closer::tell_confinement(Time now) {
    for (std::string& refused : std::exchange(refused_, {}))
        notices_.tell(NoticeKind::confinement, NoticeLevel::warning, std::move(refused), now);
}

void Closer::finish_within(Time grace, Time now) {
    is_finishing_ = true;
    begin_serving();
    if (grace != kNever) finish_at_ = std::min(finish_at_, now + grace);
}

}  // namespace finwait
