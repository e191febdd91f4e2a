// SPDX-License-Identifier: Apache-2.0
#include "report/analysis/judge.hpp"

#include <algorithm>

namespace finwait::report {

namespace {

Share stuck_share(const Tally& tally) {
    return {std::min(tally.stuck, tally.closes), tally.closes};
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

bool is_suspect(const Peer& peer, std::uint64_t sample_min) {
    return peer.closes >= sample_min && is_notable({peer.stuck, peer.closes});
}

// What each client left behind no suspect.
using Elsewhere = absl::flat_hash_map<const Group*, Tally>;

Elsewhere elsewhere_of(const PeersToBlame& suspects) {
    Elsewhere elsewhere;
    for (const auto* suspect : suspects)
        for (const auto& [client, through] : suspect->second.clients)
            elsewhere.try_emplace(client, client->tally).first->second -= through.tally;
    return elsewhere;
}

// Stuck behind the peer, clean elsewhere. Where tallies tell of the client's good closes, some of
// them may have come through the peer, too: then it must be a suspect with all of them.
bool is_witness(const Group& client, const Tally& through, const Share& elsewhere,
                std::uint64_t sample_min) {
    if (client.tallied > 0 && !is_notable(stuck_share(client.tally))) return false;
    return elsewhere.whole >= sample_min && !is_notable(elsewhere) &&
           is_worse(stuck_share(through), elsewhere, sample_min);
}

}  // namespace

PeersToBlame peers_to_blame(const Peers& peers, std::uint64_t sample_min) {
    PeersToBlame blamed;
    for (const auto& entry : peers.by_address())
        if (is_suspect(entry.second, sample_min)) blamed.push_back(&entry);
    const Elsewhere elsewhere = elsewhere_of(blamed);
    std::erase_if(blamed, [&](const auto* suspect) {
        std::size_t witnesses = 0;
        for (const auto& [client, through] : suspect->second.clients)
            witnesses +=
                is_witness(*client, through.tally, stuck_share(elsewhere.at(client)), sample_min);
        return witnesses < kWitnesses;
    });
    return blamed;
}

Share judge(std::vector<Row>& rows, std::uint64_t sample_min) {
    std::vector<Row*> suspects;
    Share all, usual;  // usual: clients without a notable share, so many culprits hide nobody
    for (Row& row : rows) {
        if (row.judgement == Judgement::not_judged) continue;
        const bool is_enough = row.tally.closes >= sample_min;
        row.judgement = is_enough ? Judgement::like_others : Judgement::too_few;
        all += row.stuck();
        if (!is_notable(row.stuck())) usual += row.stuck();
        if (is_enough && is_notable(row.stuck())) suspects.push_back(&row);
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
            others += row.stuck();
    return others;
}

}  // namespace finwait::report
