// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/judge.hpp"

#include <algorithm>

namespace finwait::report {

namespace {

void add(Share& to, const Share& from) {
    to.part += from.part;
    to.whole += from.whole;
}

bool is_notable(const Row& row) {
    return row.stuck().interval().low > kNotable;
}

bool is_worse(const Share& one, const Share& others, std::uint64_t sample_min) {
    const double low = one.interval().low;
    if (others.whole < sample_min) return low > kNotableAlone;
    return low > kNotable && low > kTimesOthers * others.value() && low > others.interval().high;
}

// Where every client has a notable share, the worst is compared with all others; it is taken out
// first, so that it does not make the second worst look usual.
void judge_without_baseline(std::vector<Row*>& suspects, Share all, std::uint64_t sample_min) {
    std::stable_sort(suspects.begin(), suspects.end(), [](const Row* a, const Row* b) {
        return a->stuck().interval().low > b->stuck().interval().low;
    });
    for (Row* row : suspects) {
        const Share rest{all.part - row->stuck().part, all.whole - row->stuck().whole};
        if (!is_worse(row->stuck(), rest, sample_min)) return;
        row->judgement = Judgement::culprit;
        all = rest;
    }
}

}  // namespace

Share judge(std::vector<Row>& rows, std::uint64_t sample_min) {
    std::vector<Row*> suspects;
    Share all, usual;  // usual: clients without a notable share, so many culprits hide nobody
    for (Row& row : rows) {
        if (row.judgement == Judgement::not_judged) continue;
        const bool is_enough = row.tally.closes >= sample_min;
        row.judgement = is_enough ? Judgement::like_others : Judgement::too_few;
        add(all, row.stuck());
        if (!is_notable(row)) add(usual, row.stuck());
        if (is_enough && is_notable(row)) suspects.push_back(&row);
    }
    if (usual.whole < sample_min) {
        judge_without_baseline(suspects, all, sample_min);
    } else {
        for (Row* row : suspects)
            if (is_worse(row->stuck(), usual, sample_min)) row->judgement = Judgement::culprit;
    }
    Share others;
    for (const Row& row : rows)
        if (row.judgement == Judgement::like_others || row.judgement == Judgement::too_few)
            add(others, row.stuck());
    return others;
}

}  // namespace finwait::report
