// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/notices.hpp"

#include <utility>

namespace finwait {

void Notices::tell(NoticeKind kind, NoticeLevel level, std::string text, Time now) {
    const auto held_back = limits_[static_cast<std::size_t>(kind)].admit(now);
    if (!held_back) return;
    if (*held_back > 0) text += " (and " + std::to_string(*held_back) + " times before)";
    if (text.size() > kNoticeMax) text.resize(kNoticeMax);
    Control notice;
    notice.kind = ControlKind::notice;
    notice.level = level;
    notice.text = text;
    if (!control_.send(notice)) ++unsent_;
    kept_.push_front({now, level, std::move(text)});
    if (kept_.size() > kNoticesKept) kept_.pop_back();
}

}  // namespace finwait
