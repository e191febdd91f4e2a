// SPDX-License-Identifier: Apache-2.0
#include "server/front_proxy.hpp"

#include <signal.h>
#include <unistd.h>

#include <stdexcept>

#include "clients/can.hpp"
#include "server/config.hpp"

namespace finwait::test {

namespace {

// Pooled connections stay as long as httpd leaves them.
constexpr char kHaproxy[] = R"(
global
  nbthread 1
  maxconn 400
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
frontend users
  bind 127.0.0.1:@port@
  option forwardfor
  @via@
  default_backend httpd
backend httpd
  http-reuse always
  server httpd 127.0.0.1:@httpd@ source @address@ pool-purge-delay 600s @proxy_protocol@
)";
constexpr char kNginx[] = R"(
daemon off;
master_process off;
pid @dir@/pid;
error_log @dir@/error.log;
events { worker_connections 400; }
http {
  access_log off;
  client_body_temp_path @dir@; proxy_temp_path @dir@; fastcgi_temp_path @dir@;
  uwsgi_temp_path @dir@; scgi_temp_path @dir@;
  upstream httpd { server 127.0.0.1:@httpd@; keepalive 200; keepalive_timeout 600s; }
  server {
    listen 127.0.0.1:@port@;
    location / {
      proxy_pass http://httpd;
      proxy_bind @address@;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
      @via@
    }
  }
}
)";

std::string filled(std::string text, const std::string& name, const std::string& value) {
    const std::string place = "@" + name + "@";
    for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at))
        text.replace(at, place.size(), value);
    return text;
}

// As t/setup has unpacked it, or as the system has it.
std::string program(const std::string& name) {
    for (const std::string& folder :
         {Suite::build_dir() + "/peers/usr/sbin/", std::string("/usr/sbin/")})
        if (::access((folder + name).c_str(), X_OK) == 0) {
            const Finished version = run({folder + name, "-v"});
            if (version.exit_code == 0) return folder + name;
            cannot_be_tried(name + " does not run: " + version.output);
        }
    cannot_be_tried("no " + name + " in " + Suite::build_dir() +
                    "/peers: t/setup check unpacks it there where Debian's packages can be had");
}

std::string config_of(const ProxyOptions& options) {
    const bool is_haproxy = options.kind == ProxyKind::haproxy;
    const std::string via = is_haproxy ? "http-request set-header Via \"1.1 haproxy\""
                                       : "proxy_set_header Via \"1.1 nginx\";";
    const std::string text =
        filled(is_haproxy ? kHaproxy : kNginx, "via", options.says_via ? via : "");
    return filled(text, "proxy_protocol", options.sends_proxy_protocol ? "send-proxy-v2" : "");
}

}  // namespace

FrontProxy::FrontProxy(const ProxyOptions& options, const std::string& address,
                       std::uint16_t httpd_port)
    : port_(free_ports().plain) {
    const bool is_haproxy = options.kind == ProxyKind::haproxy;
    const std::string executable = program(is_haproxy ? "haproxy" : "nginx");
    const std::string dir = Suite::dir() + "/proxy-" + std::to_string(port_);
    run({"mkdir", "-p", dir});
    std::string text = filled(config_of(options), "port", std::to_string(port_));
    text = filled(filled(text, "httpd", std::to_string(httpd_port)), "address", address);
    write_file(dir + "/proxy.conf", filled(text, "dir", dir));
    process_ = is_haproxy
                   ? Process({executable, "-db", "-f", dir + "/proxy.conf"})
                   : Process({executable, "-p", dir, "-c", "proxy.conf", "-e", dir + "/error.log"});
    const bool listens = wait_until(kPatience, [this] {
        try {
            ::close(connect_tcp("127.0.0.1", port_));
            return true;
        } catch (const std::runtime_error&) {
            return process_.wait(0ms).has_value();
        }
    });
    if (!listens || process_.wait(0ms))
        throw std::runtime_error(executable + " does not serve: " + process_.output());
}

Client FrontProxy::user(const std::string& user_agent, const std::string& source) const {
    return Client(Transport::plain, port_, {.user_agent = user_agent, .source = source});
}

void FrontProxy::freeze() const {
    process_.send_signal(SIGSTOP);
}

void FrontProxy::thaw() const {
    process_.send_signal(SIGCONT);
}

}  // namespace finwait::test
