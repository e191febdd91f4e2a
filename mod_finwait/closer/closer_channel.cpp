// SPDX-License-Identifier: Apache-2.0
//
// What comes by the channel: closes, and what a hostile child sends.
#include <sys/epoll.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "closer/closer.hpp"

namespace finwait {

namespace {

constexpr std::size_t kRescuesPerMessage = 4;

}  // namespace

// The last look at the channel, at the stop, is not put off.
bool Closer::is_held_up() const {
    return strays_.are_too_many() && !is_finishing_;
}

void Closer::hold_up(Time now) {
    held_up_since_ = std::min(held_up_since_, now);
    if (now - held_up_since_ < kStrayHangs || std::exchange(is_held_up_told_, true)) return;
    count(counters_.held_up);
    notices_.tell(NoticeKind::stray, NoticeLevel::error,
                  std::to_string(kStraysMax) +
                      " descriptors of the channel or more are no TCP connections, and close() of "
                      "one does not return: until it does no more closes are taken, and httpd "
                      "lingers by itself. No child of httpd's sends such, unless it was taken over",
                  now);
}

void Closer::serve_channel(Moment now) {
    if (is_held_up()) return hold_up(now.monotonic);
    held_up_since_ = kNever;
    is_held_up_told_ = false;
    const Lanes to_look_at = is_finishing_ ? Lanes().set() : readable_ | full_;
    full_.reset();
    for (std::size_t lane = 0; lane < channel_.lanes() && !is_held_up(); ++lane)
        if (to_look_at[lane] && !ended_[lane]) serve_lane(lane, now);
}

void Closer::serve_lane(std::size_t lane, Moment now) {
    for (std::size_t i = 0; i < kBatchesPerTurn; ++i) {
        const ReceivedBatch batch = channel_.receive(lane);
        count(counters_.received, batch.messages.size());
        for (ReceivedMessage& message : batch.messages) accept(message, now);
        drainer_.close_ended();
        full_[lane] = batch.is_full;
        if (batch.has_ended) {
            ended_.set(lane);
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, channel_.descriptor(lane), nullptr);
        }
        if (!batch.is_full || is_held_up()) return;
    }
}

void Closer::accept(ReceivedMessage& message, Moment now) {
    std::optional<AutoRule>& rule = message.handoff.close.auto_rule;
    if (rule && !rules_.has(*rule)) rule.reset();  // an older configuration's, or a forged one
    if (message.refused.empty() && message.handoff.kind == MessageKind::ended)
        return drainer_.take_ended(message.handoff, now);
    if (message.refused.empty()) {
        ++came_;
        if (drainer_.take(message.socket, message.handoff, now)) return;
        message.refused = "its descriptor is not a TCP socket";
        strays_.close(std::move(message.socket));
    }
    refuse(message, now);
}

// Its client has done nothing wrong: it gets its reply.
void Closer::refuse(ReceivedMessage& message, Moment now) {
    std::size_t rescued = 0;
    const auto take = [&](UniqueFd& passed) {
        if (rescued < kRescuesPerMessage && passed && speaks_tcp(passed.get())) {
            // Each is a close, one was counted.
            if (rescued > 0) count(counters_.received);
            if (!drainer_.rescue(passed, now)) count(counters_.bad_messages);
            ++rescued;
        }
        strays_.close(std::move(passed));
    };
    take(message.socket);
    for (UniqueFd& other : message.others) take(other);
    count(rescued == 0 ? counters_.bad_messages : counters_.rescued,
          std::max<std::size_t>(rescued, 1));
    notices_.tell(NoticeKind::bad_message, NoticeLevel::error,
                  "refused a message of the channel: " + std::string(message.refused),
                  now.monotonic);
}

}  // namespace finwait
