// SPDX-License-Identifier: Apache-2.0
#include "closer/channel/notices.hpp"

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
    if (books_ != nullptr) book(level, text, now);
}

void Notices::book(NoticeLevel level, std::string_view text, Time now) {
    books_->write([&](BookedNotices& notices) {
        BookedNotice& notice =
            notices.ring[static_cast<std::size_t>(notices.told++ % kNoticesKept)];
        notice.at_ns = static_cast<std::uint64_t>(now.count());
        notice.level = static_cast<std::uint8_t>(level);
        notice.text.set(text);
    });
}

}  // namespace finwait
