// SPDX-License-Identifier: Apache-2.0
//
// FinWaitAuto Off|On [stuck=share] [min=closes] [requests=n] [for=time]
#include <apr_strings.h>

#include <chrono>

#include "module/config/directives.h"
#include "module/config/server_config.hpp"
#include "module/config/times.hpp"
#include "module/config/values.hpp"

namespace {

using finwait::AutoRule;

constexpr char kOptions[] = "stuck=, min=, requests= or for=";

bool set_stuck(AutoRule& rule, const char* value) {
    const auto share = finwait::parse_percent(value);
    rule.stuck_percent = share.value_or(0);
    return share.has_value();
}

bool set_min(AutoRule& rule, const char* value) {
    const auto closes = finwait::parse_number(value, 1, AutoRule::kClosesMax);
    rule.closes_min = closes.value_or(0);
    return closes.has_value();
}

bool set_requests(AutoRule& rule, const char* value) {
    const auto requests = finwait::parse_number(value, 0, AutoRule::kRequestsMax);
    rule.requests = static_cast<std::uint16_t>(requests.value_or(0));
    return requests.has_value();
}

bool set_for(AutoRule& rule, const char* value) {
    using std::chrono::seconds;
    const auto time = finwait::parse_time(value);
    if (!time || *time < seconds(1) || *time > seconds(AutoRule::kForMaxS)) return false;
    rule.for_s = static_cast<std::uint32_t>(std::chrono::ceil<seconds>(*time).count());
    return true;
}

struct Option {
    std::string_view name;
    bool (*set)(AutoRule&, const char*);
    const char* allowed;
};

constexpr Option kTable[] = {
    {"stuck=", set_stuck, "stuck= and a share from 1% to 100%"},
    {"min=", set_min, "min= and a number of closes from 1 to 1000000"},
    {"requests=", set_requests, "requests= and a number from 0 to 1000"},
    {"for=", set_for, "for= and a time from 1s to 24h"},
};

const char* refuse(cmd_parms* cmd, const char* value, const char* allowed) {
    return apr_psprintf(cmd->pool, "%s: '%s' is not %s", cmd->cmd->name, value, allowed);
}

const char* set_option(cmd_parms* cmd, AutoRule& rule, const char* argument) {
    for (const Option& option : kTable) {
        if (!std::string_view(argument).starts_with(option.name)) continue;
        const bool is_well = option.set(rule, argument + option.name.size());
        return is_well ? nullptr : refuse(cmd, argument, option.allowed);
    }
    return refuse(cmd, argument, kOptions);
}

}  // namespace

const char* finwait_set_auto(cmd_parms* cmd, void*, int argc, char* const argv[]) {
    auto& auto_rule = finwait::config_of(cmd->server).auto_rule;
    if (argc == 0) return refuse(cmd, "", "On or Off");
    const bool on = finwait::is_word(argv[0], "on");
    if (!on && !finwait::is_word(argv[0], "off")) return refuse(cmd, argv[0], "On or Off");
    auto_rule.emplace(std::nullopt);
    if (!on) return argc == 1 ? nullptr : refuse(cmd, argv[1], "allowed after Off");
    AutoRule& rule = auto_rule->emplace();
    for (int i = 1; i < argc; ++i)
        if (const char* error = set_option(cmd, rule, argv[i])) return error;
    return nullptr;
}
