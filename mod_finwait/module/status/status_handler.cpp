// SPDX-License-Identifier: Apache-2.0
#include "module/status/status_handler.hpp"

#include <ap_expr.h>
#include <ap_listen.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "finwait/question.hpp"
#include "module/config/server_config.hpp"
#include "module/guard.hpp"
#include "module/parent/channel.hpp"
#include "module/parent/runtime.hpp"
#include "module/status/ask.hpp"
#include "module/status/kernel_table.hpp"

namespace finwait {

namespace {

constexpr char kHandlerName[] = "finwait-status";
constexpr unsigned kRefreshMax = 3600;    // seconds
constexpr unsigned kRefreshDefault = 10;  // ?refresh without a number, as mod_status
constexpr unsigned kRetryAfter = 1;       // a closer that died is started again within a second

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

// The text is ours and needs no escaping.
const char* excuse(request_rec* r, StatusFormat format, const char* why) {
    switch (format) {
        case StatusFormat::html:
            return apr_psprintf(
                r->pool,
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                "<title>mod_finwait status</title><style>:root{color-scheme:light dark}"
                "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem "
                "auto;padding:0 1rem}"
                "</style></head><body><h1>No answer from the closer</h1><p>%s.</p><p>httpd goes on "
                "serving, and closes connections by its own lingering close meanwhile. The error "
                "log "
                "says more.</p></body></html>\n",
                why);
        case StatusFormat::json:
            return apr_psprintf(r->pool, "{\"version\": 1, \"error\": \"%s\"}\n", why);
        case StatusFormat::metrics:
            return apr_psprintf(r->pool, "# %s\n", why);
    }
    return "";
}

int say_unavailable(request_rec* r, const Wanted& wanted, const char* why) {
    r->status = HTTP_SERVICE_UNAVAILABLE;
    apr_table_setn(r->headers_out, "Retry-After", apr_psprintf(r->pool, "%u", kRetryAfter));
    ap_rputs(excuse(r, wanted.format, why), r);
    return OK;
}

int send_page(request_rec* r, int page, std::size_t size) {
    ap_set_content_length(r, static_cast<apr_off_t>(size));
    if (r->header_only) return OK;
    std::array<char, 16 * 1024> buffer;
    for (std::size_t at = 0; at < size;) {
        const ssize_t got = ::pread(page, buffer.data(), std::min(buffer.size(), size - at),
                                    static_cast<off_t>(at));
        if (got <= 0) return HTTP_INTERNAL_SERVER_ERROR;
        if (ap_rwrite(buffer.data(), static_cast<int>(got), r) < 0)
            return OK;  // the client has gone
        at += static_cast<std::size_t>(got);
    }
    return OK;
}

// Nothing where the kernel does not say (SELinux, seccomp).
std::optional<SocketCounts> count_on_ports() {
    std::vector<std::uint16_t> ports;
    for (const ap_listen_rec* listener = ap_listeners; listener; listener = listener->next)
        ports.push_back(listener->bind_addr->port);
    std::ranges::sort(ports);
    const KernelTable table = read_kernel_table(ports);
    return table.error == 0 ? std::optional(table.on_ports) : std::nullopt;
}

Answer ask_closer(const StatusFormat format) {
    Runtime* runtime = config_of(ap_server_conf).runtime;
    const CloserProcess* closer = runtime ? current_closer(*runtime) : nullptr;
    // httpd -X has no loop that would start another closer.
    if (!closer || (runtime->one_process && has_hung_up(closer->control)))
        return {-1, "no closer runs"};
    return ask(closer->channel_send,
               {format, totals_of(*runtime->module_counters), count_on_ports()}, kAnswerWait);
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
    const Answer answer = ask_closer(wanted.format);
    if (answer.descriptor < 0) return say_unavailable(r, wanted, answer.why_not.c_str());
    const std::size_t size = size_of_answer(answer.descriptor);
    const int status = size != 0 ? send_page(r, answer.descriptor, size)
                                 : say_unavailable(r, wanted, "the closer's answer makes no sense");
    ::close(answer.descriptor);
    return status;
}

}  // namespace

int on_status_request(request_rec* r) {
    if (!r->handler || std::string_view(r->handler) != kHandlerName) return DECLINED;
    return guarded("status page", HTTP_INTERNAL_SERVER_ERROR, [&] { return serve(r); });
}

}  // namespace finwait
