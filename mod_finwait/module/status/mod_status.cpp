// SPDX-License-Identifier: Apache-2.0
//
// mod_finwait in mod_status' page, from the shared counters and the books: server-status answers at
// once, whatever the closer does.
#include <ap_config.h>  // before the next, which needs it
#include <apr_optional_hooks.h>
#include <http_protocol.h>
#include <mod_status.h>

#include <cctype>
#include <numeric>
#include <string>

#include "finwait/counters.hpp"
#include "module/config/server_config.hpp"
#include "module/guard.hpp"
#include "module/httpd.hpp"
#include "module/status/sources.hpp"
#include "module/status/status_handler.hpp"

namespace finwait {

namespace {

template <std::size_t N>
std::uint64_t sum(const std::array<Counter, N>& counters) {
    return std::accumulate(counters.begin(), counters.end(), std::uint64_t{0},
                           [](std::uint64_t all, const Counter& one) { return all + read(one); });
}

// keepalive_timeout becomes KeepaliveTimeout, as ?auto's other keys are spelled.
std::string key_of(std::string_view word) {
    std::string key;
    bool begins = true;
    for (const char c : word) {
        if (c != '_') key += begins ? static_cast<char>(std::toupper(c)) : c;
        begins = c == '_';
    }
    return key;
}

class Section {
  public:
    Section(request_rec* r, bool is_short) : r_(r), is_short_(is_short) {}

    void add(const std::string& key, std::string_view meaning, std::uint64_t value) {
        if (is_short_)
            ap_rprintf(r_, "FinWait%s: %s\n", key.c_str(), std::to_string(value).c_str());
        else
            ap_rprintf(r_, "<dt>%s: %s</dt>\n", std::string(meaning).c_str(),
                       std::to_string(value).c_str());
    }
    // ?auto names each word; the page, those that occur.
    template <typename Words, std::size_t N>
    void add_words(const char* kind, const Words& words, const std::array<Counter, N>& counters) {
        for (std::size_t i = 0; i < N; ++i)
            if (is_short_ || read(counters[i]) != 0)
                add(kind + key_of(words[i].name),
                    std::string(kind) + " " + std::string(words[i].name), read(counters[i]));
    }

  private:
    request_rec* r_;
    bool is_short_;
};

void add_state(Section& section, const CloserState& state) {
    section.add("Up", state.trouble.empty() ? "closer works" : state.trouble,
                state.trouble.empty() ? 1 : 0);
    section.add("Draining", "sockets draining now", state.draining.all());
    section.add("Waiting", "sockets waiting for their end now", state.waiting.all());
}

void add_module(Section& section, const ModuleCounters& module) {
    section.add("Closes", "closes", read(module.closes));
    section.add("Handoffs", "handed to the closer with their socket", read(module.handoffs));
    section.add("Ended", "ended: nothing was left to drain", read(module.ended));
    section.add("Declined", "left to httpd's own lingering close", sum(module.declined));
}

void add_closer(Section& section, const CloserCounters& closer) {
    section.add("Closers", "closers that run", sum(closer.running));
    section.add("Held", "sockets held now", sum(closer.held));
    section.add("Waiting", "of them, their drain is over and the client's FIN missing",
                sum(closer.waiting));
    section.add("Tallied", "closes counted in tally lines", read(closer.tallied));
    section.add("Records", "Records written", read(closer.records));
    section.add("Unlogged", "closes that no log was to have", read(closer.unlogged));
    section.add("Dropped", "Records dropped: a log's reader was slow", read(closer.dropped));
    section.add("Shed", "sockets shed: FinWaitMaxHeld was reached", read(closer.shed));
    section.add("Lost", "closes in the hands of a closer that died", read(closer.lost));
    section.add_words("Outcome", kOutcomes, closer.outcomes);
    section.add_words("Cause", kCauses, closer.causes);
}

constexpr char kIntroduction[] =
    "<hr />\n<h2>mod_finwait</h2>\n<p>Connections that mod_finwait has taken over to close are "
    "held by its "
    "closer. The \"closing\" column and ConnsAsyncClosing above no longer count them.</p>\n<dl>\n";

void write_section(request_rec* r, const Runtime& runtime, bool is_short) {
    if (!is_short) ap_rputs(kIntroduction, r);
    Section section(r, is_short);
    add_state(section, state_of_closer(sources_of(runtime)));
    add_module(section, *runtime.module_counters);
    add_closer(section, *runtime.closer_counters);
    if (!is_short) ap_rputs("</dl>\n", r);
}

int on_mod_status(request_rec* r, int flags) {
    return guarded("mod_status", DECLINED, [&] {
        const Runtime* runtime = config_of(ap_server_conf).runtime;
        if (!runtime) return DECLINED;
        write_section(r, *runtime, (flags & AP_STATUS_SHORT) != 0);
        return OK;
    });
}

}  // namespace

void hook_into_mod_status() {
    APR_OPTIONAL_HOOK(ap, status_hook, on_mod_status, nullptr, nullptr, APR_HOOK_MIDDLE);
}

}  // namespace finwait
