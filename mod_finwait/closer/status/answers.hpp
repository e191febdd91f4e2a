// SPDX-License-Identifier: Apache-2.0
//
// Answers questions for the status page: renders into a sealed memfd and passes that on. Never
// blocks; an answer that the asker cannot take at once is not given. The same answer serves every
// question of its format for kAnswerAge, so that however many ask, the held sockets' deadlines stay
// exact.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "closer/status/collect.hpp"
#include "closer/unique_fd.hpp"
#include "finwait/question.hpp"

namespace finwait {

inline constexpr Time kAnswerAge = std::chrono::milliseconds(100);
// Beyond it a question is not answered, and counted.
inline constexpr std::size_t kWaitingMax = 64;

class Answers {
  public:
    // `asker` is the descriptor that came with the question; it is closed in any case.
    void ask(const Question& question, UniqueFd asker);

    [[nodiscard]] bool has_questions() const { return !waiting_.empty(); }
    void answer_all(const StatusSources& sources, Moment now);

    [[nodiscard]] std::uint64_t unanswered() const { return unanswered_; }

  private:
    struct Answer {
        UniqueFd page;
        Time made{};
    };

    struct Waiting {
        Question question;
        UniqueFd asker;
    };

    void answer(const Waiting& waiting, const StatusSources& sources, Moment now);

    std::vector<Waiting> waiting_;  // in the order they came
    std::array<Answer, kStatusFormats> answers_;
    std::uint64_t unanswered_ = 0;
};

[[nodiscard]] std::string render(StatusFormat format, const StatusView& view);

// A memfd with exactly these bytes, which nobody can change any more; empty if there is no memory.
[[nodiscard]] UniqueFd sealed_memory(std::string_view bytes);

}  // namespace finwait
