// SPDX-License-Identifier: Apache-2.0
#include "module/status/status_handler.hpp"

#include <ap_expr.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "module/config/server_config.hpp"
#include "module/guard.hpp"
#include "module/status/render.hpp"
#include "module/status/sources.hpp"

namespace finwait {

namespace {

constexpr char kHandlerName[] = "finwait-status";
constexpr unsigned kRefreshMax = 3600;    // seconds
constexpr unsigned kRefreshDefault = 10;  // ?refresh without a number, as mod_status

enum class StatusFormat : std::uint8_t { html, json, metrics };

struct Wanted {
    StatusFormat format = StatusFormat::html;
    std::optional<unsigned> refresh;
};

unsigned refresh_of(std::string_view value) {
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || end != value.data() + value.size() || seconds < 1)
        return kRefreshDefault;
    return seconds <= kRefreshMax ? seconds : kRefreshMax;
}

// What else the query may say is ignored, as mod_status does.
Wanted wanted_by(const char* query) {
    Wanted wanted;
    std::string_view left = query ? query : "";
    while (!left.empty()) {
        const std::string_view part = left.substr(0, left.find('&'));
        left.remove_prefix(std::min(left.size(), part.size() + 1));
        const std::string_view name = part.substr(0, part.find('='));
        if (name == "json") wanted.format = StatusFormat::json;
        if (name == "metrics") wanted.format = StatusFormat::metrics;
        if (name == "refresh")
            wanted.refresh = refresh_of(part.substr(std::min(part.size(), name.size() + 1)));
    }
    return wanted;
}

const char* content_type_of(StatusFormat format) {
    switch (format) {
        case StatusFormat::html:
            return "text/html; charset=utf-8";
        case StatusFormat::json:
            return "application/json";
        case StatusFormat::metrics:
            return "text/plain; version=0.0.4; charset=utf-8";
    }
    return nullptr;
}

// The page shows every virtual host's clients, so who may only write a .htaccess file must not be
// able to turn it on. What decides is what the server's configuration alone says for this URL: the
// directives outside all sections and the <Location> sections, which a .htaccess file can neither
// hold nor change.
//
// SetHandler's value is an expression (server/core.c, set_sethandler and core_override_type).
bool is_set_by_the_server(request_rec* r) {
    ap_conf_vector_t* const merged = r->per_dir_config;
    r->per_dir_config = r->server->lookup_defaults;
    const int status = ap_location_walk(r);
    const auto* core =
        static_cast<const core_dir_config*>(ap_get_core_module_config(r->per_dir_config));
    r->per_dir_config = merged;
    if (status != OK || !core->expr_handler) return false;
    const char* error = nullptr;
    const char* handler = ap_expr_str_exec(r, core->expr_handler, &error);
    return handler && !error && ap_cstr_casecmp(handler, kHandlerName) == 0;
}

void set_headers(request_rec* r, const Wanted& wanted) {
    ap_set_content_type(r, content_type_of(wanted.format));
    // These also go with an error.
    apr_table_setn(r->err_headers_out, "Content-Security-Policy", kStatusContentPolicy);
    apr_table_setn(r->err_headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    if (wanted.refresh)
        apr_table_setn(r->headers_out, "Refresh", apr_psprintf(r->pool, "%u", *wanted.refresh));
}

std::string render(StatusFormat format, const StatusView& view) {
    switch (format) {
        case StatusFormat::html:
            return render_page(view);
        case StatusFormat::json:
            return render_json(view);
        case StatusFormat::metrics:
            return render_metrics(view);
    }
    return {};
}

int send_page(request_rec* r, const std::string& page) {
    ap_set_content_length(r, static_cast<apr_off_t>(page.size()));
    if (!r->header_only) ap_rwrite(page.data(), static_cast<int>(page.size()), r);
    return OK;
}

apr_status_t on_answered(void*) {
    return guarded("walk over the kernel's table", APR_EGENERAL, [&] {
        walk_for_the_next(*config_of(ap_server_conf).runtime);
        return APR_SUCCESS;
    });
}

int serve(request_rec* r) {
    r->allowed |= AP_METHOD_BIT << M_GET;  // and HEAD
    if (r->method_number != M_GET) return HTTP_METHOD_NOT_ALLOWED;
    if (!is_set_by_the_server(r)) {
        ap_log_rerror(
            APLOG_MARK, APLOG_ERR, 0, r,
            "finwait: handler finwait-status refused: it is accepted in a <Location> section or "
            "outside all sections of the server's configuration, not in .htaccess, <Directory> "
            "or <Files>");
        return HTTP_FORBIDDEN;
    }
    const Wanted wanted = wanted_by(r->args);
    set_headers(r, wanted);
    const Runtime* runtime = config_of(ap_server_conf).runtime;
    if (!runtime) return HTTP_SERVICE_UNAVAILABLE;
    // The pool ends with the End-Of-Request bucket, when all before it is in the kernel's hands
    // (server/eor_bucket.c).
    apr_pool_cleanup_register(r->pool, nullptr, on_answered, apr_pool_cleanup_null);
    return send_page(r, render(wanted.format, collect(sources_with_kernel(*runtime))));
}

}  // namespace

int on_status_request(request_rec* r) {
    if (!r->handler || std::string_view(r->handler) != kHandlerName) return DECLINED;
    return guarded("status page", HTTP_INTERNAL_SERVER_ERROR, [&] { return serve(r); });
}

}  // namespace finwait
