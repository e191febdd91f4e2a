# SPDX-License-Identifier: Apache-2.0
"""The clients of the survey. Each fetches the URL that is its last argument, keeps its connection if
it is a client that does, and then has nothing to do: the one moment the survey is about."""

import pathlib
import typing

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent.parent / "build" / "survey"
IDLE_SECONDS = 90
NPM = {"axios": "1.7.9", "got": "14.4.5", "undici": "6.21.0"}


class Client(typing.NamedTuple):
    name: str
    argv: list      # without the URL
    version: list   # a command that prints it, among other words
    append_url: int = 1


def debian(package):
    return ["dpkg-query", "-W", "-f", "${Version}", package]


def python(name, package, code):
    program = f"import sys, time\nurl = sys.argv[1]\n{code}\ntime.sleep({IDLE_SECONDS})\n"
    return Client(name, ["/usr/bin/python3", "-c", program], debian(package))


def asyncio_python(name, package, code):
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    program = (f"import asyncio, sys\nurl = sys.argv[1]\nasync def main():\n{lines}"
               f"    await asyncio.sleep({IDLE_SECONDS})\nasyncio.run(main())\n")
    return Client(name, ["/usr/bin/python3", "-c", program], debian(package))


def node(name, code, package=None):
    program = f"const url = process.argv[1];\n{code}\nsetTimeout(() => {{}}, {IDLE_SECONDS * 1000});\n"
    version = ["echo", NPM[package]] if package else ["node", "--version"]
    return Client(name, ["node", "--input-type=commonjs", "-e", program], version)


def script(name, interpreter, package, code):
    return Client(name, [*interpreter, code], debian(package))


CLIENTS = [
    python("python-requests Session", "python3-requests",
           "import requests\ns = requests.Session()\ns.get(url).text"),
    python("urllib3 PoolManager", "python3-urllib3",
           "import urllib3\np = urllib3.PoolManager()\np.request('GET', url)"),
    python("HTTPX Client", "python3-httpx",
           "import httpx\nc = httpx.Client()\nc.get(url).text"),
    asyncio_python("HTTPX AsyncClient", "python3-httpx",
                   "import httpx\nc = httpx.AsyncClient()\n(await c.get(url)).text"),
    asyncio_python("aiohttp ClientSession", "python3-aiohttp",
                   "import aiohttp\ns = aiohttp.ClientSession()\n"
                   "async with s.get(url) as r: await r.text()"),
    python("httplib2", "python3-httplib2", "import httplib2\nh = httplib2.Http()\nh.request(url)"),
    python("Python http.client", "python3",
           "import http.client, urllib.parse\nu = urllib.parse.urlsplit(url)\n"
           "c = http.client.HTTPConnection(u.netloc)\nc.request('GET', u.path)\n"
           "c.getresponse().read()"),
    python("libcurl easy handle", "libcurl3-gnutls",
           "import pycurl\nc = pycurl.Curl()\nc.setopt(c.URL, url)\n"
           "c.setopt(c.WRITEFUNCTION, len)\nc.perform()"),
    python("libcurl multi handle", "libcurl3-gnutls",
           "import pycurl\nm = pycurl.CurlMulti()\nc = pycurl.Curl()\nc.setopt(c.URL, url)\n"
           "c.setopt(c.WRITEFUNCTION, len)\nm.add_handle(c)\nn = 1\n"
           "while n:\n    m.select(1)\n    n = m.perform()[1]\nm.remove_handle(c)\n"
           "end = time.time() + 90\nwhile time.time() < end:\n    m.select(1) or time.sleep(1)\n"
           "    m.perform()"),
    Client("curl --rate", ["curl", "-s", "-o", "/dev/null", "-o", "/dev/null", "--rate", "40/h"],
           debian("curl"), append_url=2),
    Client("Wget --wait", ["wget", "-q", "-O", "/dev/null", f"--wait={IDLE_SECONDS}"],
           debian("wget"), append_url=2),
    node("Node.js http keepAlive",
         "const http = require('http');\nhttp.get(url, {agent: new http.Agent({keepAlive: true})}, "
         "r => r.resume());"),
    node("Node.js fetch", "fetch(url).then(r => r.text());"),
    node("axios keepAlive",
         "require('axios').get(url, {httpAgent: new (require('http').Agent)({keepAlive: true})});",
         "axios"),
    node("got keepAlive",
         "import('got').then(g => g.default(url, "
         "{agent: {http: new (require('http').Agent)({keepAlive: true})}}));", "got"),
    node("undici Agent", "require('undici').request(url).then(r => r.body.text());", "undici"),
    Client("Go net/http", [str(BUILD / "idle_go")], ["go", "version"]),
    Client("Java HttpClient", ["java", str(HERE / "Idle.java"), "client"], ["java", "--version"]),
    Client("Java HttpURLConnection", ["java", str(HERE / "Idle.java"), "url"],
           ["java", "--version"]),
    script("Ruby Net::HTTP", ["ruby", "-rnet/http", "-e"], "ruby",
           "u = URI(ARGV[0]); Net::HTTP.start(u.host, u.port) { |h| h.get(u.path); "
           f"sleep {IDLE_SECONDS} }}"),
    script("PHP curl", ["php", "-r"], "php8.2-curl",
           "$c = curl_init($argv[1]); curl_setopt($c, CURLOPT_RETURNTRANSFER, true); "
           f"curl_exec($c); sleep({IDLE_SECONDS});"),
    script("Perl LWP keep_alive", ["perl", "-e"], "libwww-perl",
           "use LWP::UserAgent; my $u = LWP::UserAgent->new(keep_alive => 1); "
           f"$u->get($ARGV[0]); sleep {IDLE_SECONDS};"),
    script("Perl HTTP::Tiny", ["perl", "-e"], "perl",
           f"use HTTP::Tiny; my $u = HTTP::Tiny->new; $u->get($ARGV[0]); sleep {IDLE_SECONDS};"),
    script("Perl Mojo::UserAgent loop", ["perl", "-e"], "libmojolicious-perl",
           "use Mojo::UserAgent; my $u = Mojo::UserAgent->new; $u->get_p($ARGV[0]); "
           f"Mojo::IOLoop->timer({IDLE_SECONDS} => sub {{ Mojo::IOLoop->stop }}); "
           "Mojo::IOLoop->start;"),
    Client("libsoup GLib loop", ["/usr/bin/python3", "-c", "import sys, gi\n"
           "gi.require_version('Soup', '3.0')\nfrom gi.repository import Soup, GLib\n"
           "s = Soup.Session()\n"
           "s.send_and_read_async(Soup.Message.new('GET', sys.argv[1]), 0, None, "
           "lambda s, r: s.send_and_read_finish(r))\nGLib.MainLoop().run()\n"],
           debian("libsoup-3.0-0")),
    Client("Chromium headless",
           ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
            f"--user-data-dir={BUILD}/chromium"], debian("chromium")),
    Client("Firefox headless",
           ["firefox-esr", "--headless", "--no-remote", "--profile", str(BUILD / "firefox")],
           debian("firefox-esr")),
]
