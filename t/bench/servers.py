# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: Apache without the module (stock) and with it, nginx with
lingering_close always, HAProxy. All listen on 127.0.0.1, serve one file of 1 KiB and log it."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import httpd

MPMS = ("event", "worker", "prefork")
BODY = b"x" * 1024
UPLOAD_MAX = 1_000_000
PEERS = httpd.TREE / "build/peers/usr/sbin"  # t/setup unpacks them there and installs no service
KEY, CERTIFICATE = (httpd.OUT / "bench" / name for name in ("key.pem", "certificate.pem"))

# No process comes or goes during a measurement.
POOL = {
    "event": """\
StartServers 2
ServerLimit 2
ThreadsPerChild {half}
MaxRequestWorkers {workers}
MinSpareThreads 1
MaxSpareThreads {workers}
""",
    "prefork": """\
StartServers {workers}
ServerLimit {workers}
MaxRequestWorkers {workers}
MinSpareServers 1
MaxSpareServers {workers}
"""}
POOL["worker"] = POOL["event"]
APACHE = """\
LimitRequestBody {upload_max}
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
CustomLog "{root}/access.log" combined
"""
APACHE_TLS = """\
LoadModule socache_shmcb_module "{modules}/mod_socache_shmcb.so"
LoadModule ssl_module "{modules}/mod_ssl.so"
LoadModule http2_module "{modules}/mod_http2.so"
Protocols h2 http/1.1
SSLEngine on
SSLCertificateFile "{certificate}"
SSLCertificateKeyFile "{key}"
"""
NGINX = """\
{user}
worker_processes {processes};
worker_rlimit_nofile {descriptors};
pid {root}/pid;
error_log {root}/error.log;
events {{ worker_connections {connections}; }}
http {{
  access_log {root}/access.log combined;
  client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
  {lingering}
  client_max_body_size {upload_max};
  server {{ listen 127.0.0.1:{port} backlog=4096 {tls}; root {root}/htdocs; {certificates} }}
}}
"""
HAPROXY = """\
global
  maxconn 4000
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend all
  bind 127.0.0.1:{port}
  http-request return status 413 if {{ req.hdr(content-length),sub({upload_max}) -m int gt 0 }}
  http-request return status 200 content-type text/plain file {root}/htdocs/index.html
"""


# The builds of the module that are measured: beside.py adds another version's.
BUILDS = {"module": httpd.OUT}


def apache(mpm, name, workers=64, tls=False, extra=""):
    """`name`: of a build, or "stock" or "stock again"."""
    finwait = not name.startswith("stock")
    server = httpd.Apache(mpm, finwait, body=BODY, out=BUILDS[name] if finwait else None)
    server.tls = tls
    server.extra += POOL[mpm].format(workers=workers, half=(workers + 1) // 2)
    server.extra += APACHE.format(root=server.root, upload_max=UPLOAD_MAX)
    if tls:
        make_certificate()
        server.extra += APACHE_TLS.format(modules=httpd.MODULES, certificate=CERTIFICATE, key=KEY)
    if finwait:
        server.extra += f'FinWaitLog "{server.root}/finwait.log"\n'
    server.extra += extra
    return server


@contextlib.contextmanager
def running(all_servers):
    """{name: server}, all up at once."""
    with contextlib.ExitStack() as stack:
        for server in all_servers.values():
            stack.callback(server.stop)
            server.start()
        yield all_servers


class Nginx(httpd.Server):
    def __init__(self, tls=False, lingering="lingering_close always;"):
        super().__init__(BODY)
        self.tls, self.lingering = tls, lingering
        if tls:
            make_certificate()

    def command(self):
        descriptors = int(subprocess.check_output(["sh", "-c", "ulimit -Hn"]))
        self.path("nginx.conf").write_text(NGINX.format(
            root=self.root, port=self.port, processes=os.cpu_count(), descriptors=descriptors,
            connections=descriptors - 1000, lingering=self.lingering, upload_max=UPLOAD_MAX,
            user="user www-data;" if httpd.IS_ROOT else "", tls="ssl http2" if self.tls else "",
            certificates=f"ssl_certificate {CERTIFICATE}; ssl_certificate_key {KEY};"
            if self.tls else ""))
        return [program("nginx"), "-p", str(self.root), "-c", str(self.path("nginx.conf")),
                "-e", str(self.path("error.log"))]

    def is_up(self):
        return bool(httpd.children_of(self.pid))


class Haproxy(httpd.Server):
    tls = False

    def __init__(self):
        super().__init__(BODY)

    def command(self):
        self.path("haproxy.cfg").write_text(HAPROXY.format(
            root=self.root, port=self.port, upload_max=UPLOAD_MAX))
        return [program("haproxy"), "-D", "-p", str(self.path("pid")), "-f",
                str(self.path("haproxy.cfg"))]

    def is_up(self):
        return httpd.stat_of(self.pid) is not None


def program(name):
    """A peer's executable: as t/setup has unpacked it, or as the system has it."""
    path = f"{PEERS}:{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = shutil.which(name, path=path)
    if not found:
        raise RuntimeError(f"{name} is not there: t/setup bench")
    return found


def make_certificate():
    if not KEY.exists():
        KEY.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj",
                        "/CN=localhost", "-keyout", KEY, "-out", CERTIFICATE],
                       check=True, capture_output=True)


def versions():
    """What the figures must be read with, as (what, value)."""
    def first(*command):
        run = subprocess.run(command, capture_output=True, text=True)
        return (run.stdout + run.stderr).splitlines()[0]

    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), "?")
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) // 1024
    version = (httpd.TREE / "include/finwait/version.hpp").read_text().split('"')[1]
    yield "mod_finwait", version + "".join(f", beside {name}" for name in BUILDS if name != "module")
    yield "machine", f"{os.cpu_count()} CPUs ({cpu}), {memory} MB"
    yield "kernel", f"Linux {os.uname().release}"
    yield "wmem_max", pathlib.Path("/proc/sys/net/core/wmem_max").read_text().strip()
    yield "Apache", first(httpd.APACHE, "-v").split(": ")[1]
    yield "nginx", first(program("nginx"), "-v").split(": ")[1]
    yield "HAProxy", first(program("haproxy"), "-v")
    yield "ab", first("ab", "-V")
    yield "h2load", first("h2load", "--version")
