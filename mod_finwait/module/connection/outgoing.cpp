// SPDX-License-Identifier: Apache-2.0
#include "module/connection/outgoing.hpp"

#include <mod_proxy.h>

#include "module/config/server_config.hpp"
#include "module/connection/backend_url.hpp"
#include "module/guard.hpp"
#include "module/parent/runtime.hpp"

namespace finwait {

namespace {

// Of a backend on a Unix socket mod_proxy leaves a URL that nothing is connected to
// (fixup_uds_filename).
int on_proxied(int*, request_rec* r) {
    return guarded("proxy_request_status", DECLINED, [&] {
        const Runtime* runtime = config_of(ap_server_conf).runtime;
        if (!runtime || !r->filename || apr_table_get(r->notes, "uds_path")) return DECLINED;
        for (const Endpoint& end : ends_of_proxied(r->filename))
            runtime->module_counters->outgoing.note(end);
        return DECLINED;
    });
}

}  // namespace

void note_connection(OutgoingEnds& ends, const conn_rec* c) {
    ends.note(endpoint_from(reinterpret_cast<const sockaddr*>(&c->client_addr->sa)));
}

void hook_into_mod_proxy() {
    APR_OPTIONAL_HOOK(proxy, request_status, on_proxied, nullptr, nullptr, APR_HOOK_MIDDLE);
}

}  // namespace finwait
