// SPDX-License-Identifier: Apache-2.0
#include "closer/status/answers.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <utility>

#include "closer/status/json.hpp"
#include "closer/status/metrics.hpp"
#include "closer/status/page.hpp"
#include "contract/rights.hpp"

namespace finwait {

namespace {

bool send_descriptor(int to, int descriptor) {
    std::byte byte{};
    iovec payload{&byte, sizeof byte};
    msghdr message{};
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    Rights rights;
    rights.attach(message, descriptor);
    return ::sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace

std::string render(StatusFormat format, const StatusView& view) {
    switch (format) {
        case StatusFormat::html:
            return render_page(view);
        case StatusFormat::json:
            return render_json(view);
        case StatusFormat::metrics:
            return render_metrics(view);
    }
    return {};
}

UniqueFd sealed_memory(std::string_view bytes) {
    UniqueFd memory(::memfd_create("finwait-status", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory) return {};
    while (!bytes.empty()) {
        const ssize_t written = ::write(memory.get(), bytes.data(), bytes.size());
        if (written <= 0) return {};
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) return {};
    return memory;
}

void Answers::ask(const Question& question, UniqueFd asker) {
    if (waiting_.size() < kWaitingMax)
        waiting_.push_back({question, std::move(asker)});
    else
        ++unanswered_;
}

void Answers::answer_all(const StatusSources& sources, Moment now) {
    for (const Waiting& waiting : waiting_) answer(waiting, sources, now);
    waiting_.clear();
}

void Answers::answer(const Waiting& waiting, const StatusSources& sources, Moment now) {
    const StatusFormat format = waiting.question.format;
    Answer& answer = answers_[static_cast<std::size_t>(format)];
    if (!answer.page || now.monotonic - answer.made >= kAnswerAge) {
        const StatusView view = collect(sources, waiting.question, now);
        answer = {sealed_memory(render(format, view)), now.monotonic};
    }
    if (!answer.page || !send_descriptor(waiting.asker.get(), answer.page.get())) ++unanswered_;
}

}  // namespace finwait
