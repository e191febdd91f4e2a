// SPDX-License-Identifier: Apache-2.0
#include "module/parent/auto_rules.hpp"

#include <algorithm>

#include "module/config/server_config.hpp"

namespace finwait {

std::vector<AutoRule> auto_rules(const server_rec* main_server) {
    std::vector<AutoRule> rules;
    for (const server_rec* server = main_server; server; server = server->next) {
        const auto& rule = config_of(server).settings.auto_rule;
        if (!rule || std::ranges::find(rules, *rule) != rules.end()) continue;
        if (rules.size() < kAutoRulesMax) {
            rules.push_back(*rule);
            continue;
        }
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server,
                     "finwait: FinWaitAuto of virtual host %s is one too many: of more than %d "
                     "different ones the others have no effect",
                     server->server_hostname, static_cast<int>(kAutoRulesMax));
        break;
    }
    return rules;
}

}  // namespace finwait
