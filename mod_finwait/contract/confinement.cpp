// SPDX-License-Identifier: Apache-2.0
#include "finwait/confinement.hpp"

namespace finwait {

std::string confinement_text(const Confinement& confinement) {
    std::string text = "user " + std::to_string(confinement.uid);
    for (const auto& word : kRestrictions) {
        if (!confinement.has(word.value)) continue;
        text += ", ";
        text += word.name;
        if (word.value == Restriction::landlock)
            text += ' ' + std::to_string(confinement.landlock_abi);
    }
    return text;
}

}  // namespace finwait
