// SPDX-License-Identifier: Apache-2.0
#include "module/connection/remedy.hpp"

#include <apr_network_io.h>
#include <http_connection.h>
#include <http_core.h>

#include "contract/utf8.hpp"
#include "finwait/remedy.hpp"
#include "finwait/remedy_table.hpp"
#include "module/config/server_config.hpp"
#include "module/connection/connection.hpp"
#include "module/parent/runtime.hpp"

namespace finwait {

namespace {

constexpr char kVariable[] = "finwait-remedy";
constexpr char kNoKeepAlive[] = "nokeepalive";

// Of the TCP peer, whose socket it is: not of mod_remoteip's or a PROXY header's client.
Network network_of_peer(const request_rec* r) {
    apr_socket_t* socket = ap_get_conn_socket(primary_of(r));
    apr_sockaddr_t* address = nullptr;
    if (!socket || apr_socket_addr_get(&address, APR_REMOTE, socket) != APR_SUCCESS || !address)
        return Network::none;
    return network_of(endpoint_from(reinterpret_cast<const sockaddr*>(&address->sa)));
}

Remedy look_up(const request_rec* r, const RemedyTable& table, const VhostSettings& vhost) {
    const char* user_agent = apr_table_get(r->headers_in, "User-Agent");
    const std::uint64_t client =
        table.key_of(vhost.name, bounded(user_agent ? user_agent : "", kUserAgentMax));
    const auto now_s = static_cast<std::uint64_t>(apr_time_sec(r->request_time));
    const Remedy remedy = table.find(client, now_s);
    if (remedy != Remedy::none) return remedy;
    return table.find(table.key_of(client, network_of_peer(r)), now_s);
}

}  // namespace

void apply_remedy(request_rec* r) {
    const ServerConfig& config = config_of(r->server);
    if (!config.settings.auto_rule || !config.runtime || !config.settings.engine) return;
    const RemedyTable* table = config.runtime->remedies;
    if (!table || table->is_empty()) return;
    const bool heeds = heeds_nokeepalive(
        r->connection->master ? HttpVersion::http_2 : HttpVersion::http_1_1, false);
    if (heeds && apr_table_get(r->subprocess_env, kNoKeepAlive)) return;
    Remedy remedy = look_up(r, *table, config.settings);
    if (remedy == Remedy::none || came_through_proxy(r)) return;
    if (remedy == Remedy::nokeepalive && !heeds) remedy = Remedy::cut_short;
    apr_table_setn(r->subprocess_env, kVariable, name_of(remedy).data());
    if (remedy == Remedy::nokeepalive) apr_table_setn(r->subprocess_env, kNoKeepAlive, "1");
}

Remedy remedy_of(const request_rec* r) {
    const char* name = apr_table_get(r->subprocess_env, kVariable);
    return name ? word_named<Remedy>(name).value_or(Remedy::none) : Remedy::none;
}

}  // namespace finwait
