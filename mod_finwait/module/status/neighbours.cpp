// SPDX-License-Identifier: Apache-2.0
#include "module/status/neighbours.hpp"

#include <ap_listen.h>
#include <mod_proxy.h>

#include "module/connection/backend_url.hpp"

namespace finwait {

namespace {

// As mod_proxy resolved the name, if it has: DNS is not asked for a page. The lock is the one under
// which mod_proxy replaces an address.
void add_resolved(Neighbours& neighbours, proxy_worker& worker) {
    if (!worker.cp) return;
    if (worker.tmutex) apr_thread_mutex_lock(worker.tmutex);
    for (const apr_sockaddr_t* each = worker.cp->addr; each; each = each->next) {
        Endpoint address = endpoint_from(reinterpret_cast<const sockaddr*>(&each->sa));
        address.port = worker.s->port;
        if (address.family != Endpoint::Family::none)
            neighbours.backends.emplace(address, worker.s->name);
    }
    if (worker.tmutex) apr_thread_mutex_unlock(worker.tmutex);
}

void add_worker(Neighbours& neighbours, proxy_worker& worker) {
    if (!worker.s || worker.s->port == 0) return;
    for (const Endpoint& address : ends_of(worker.s->hostname, worker.s->port))
        neighbours.backends.emplace(address, worker.s->name);
    add_resolved(neighbours, worker);
}

// By the array's own element size: httpd may be newer or older than the headers here.
void add_workers(Neighbours& neighbours, const apr_array_header_t* workers) {
    for (int i = 0; workers && i < workers->nelts; ++i)
        add_worker(neighbours,
                   *reinterpret_cast<proxy_worker*>(workers->elts + i * workers->elt_size));
}

void add_members(Neighbours& neighbours, const apr_array_header_t* balancers) {
    for (int i = 0; balancers && i < balancers->nelts; ++i) {
        const auto& balancer =
            *reinterpret_cast<const proxy_balancer*>(balancers->elts + i * balancers->elt_size);
        for (int j = 0; balancer.workers && j < balancer.workers->nelts; ++j)
            add_worker(neighbours, **reinterpret_cast<proxy_worker**>(
                                       balancer.workers->elts + j * balancer.workers->elt_size));
    }
}

}  // namespace

Neighbours neighbours_of(server_rec* main_server) {
    Neighbours neighbours;
    for (const ap_listen_rec* listener = ap_listeners; listener; listener = listener->next)
        neighbours.ports.insert(listener->bind_addr->port);
    const module* proxy = ap_find_linked_module("mod_proxy.c");
    for (server_rec* server = proxy ? main_server : nullptr; server; server = server->next) {
        const auto* conf = static_cast<const proxy_server_conf*>(
            ap_get_module_config(server->module_config, proxy));
        if (!conf) continue;
        add_workers(neighbours, conf->workers);
        add_members(neighbours, conf->balancers);
    }
    return neighbours;
}

}  // namespace finwait
