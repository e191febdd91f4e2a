// SPDX-License-Identifier: Apache-2.0
#include "closer/drain/clients.hpp"

namespace finwait {

Clients::Place Clients::keep(const ClientFacts& facts) {
    auto place = known_.find(facts);
    if (place == known_.end()) place = known_.emplace(facts).first;
    ++place->closes;
    return place;
}

void Clients::drop(Place place) {
    if (--place->closes == 0) known_.erase(place);
}

}  // namespace finwait
