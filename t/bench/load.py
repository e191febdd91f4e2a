# SPDX-License-Identifier: Apache-2.0
"""The load: ab and h2load from packages for clients that behave, our own for those that don't."""

import contextlib
import json
import re
import subprocess

import httpd

CONNECTIONS = 32
SECONDS_MAX = 120


def run(command):
    """Its output. One that does not end is an error: h2load with -D and HTTP/1.1 is known for it."""
    command = [str(word) for word in command]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=SECONDS_MAX)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def number(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise RuntimeError(f"no {pattern} in:\n{text[-2000:]}")
    return float(found[1])


def ab(server, requests, *options):
    scheme = "https" if server.tls else "http"
    text = run(["ab", "-q", "-r", "-n", requests, "-c", CONNECTIONS, *options,
                f"{scheme}://127.0.0.1:{server.port}/index.html"])
    failed = number(r"Failed requests:\s+(\d+)", text)
    if other := re.search(r"Non-2xx responses:\s+(\d+)", text):
        failed += int(other[1])
    return (number(r"Complete requests:\s+(\d+)", text),
            number(r"Time taken for tests:\s+([\d.]+)", text), failed)


def close_per_request(server, requests):
    """A connection for each request, read to the server's FIN: (requests, seconds, failed)."""
    return ab(server, requests)


def keep_alive(server, requests):
    """As many requests on a connection as the server allows, with TLS over h2: the same."""
    if not server.tls:
        return ab(server, requests, "-k")
    text = run(["h2load", "-n", requests, "-c", CONNECTIONS,
                f"https://127.0.0.1:{server.port}/index.html"])
    done = number(r"status codes: (\d+) 2xx", text)
    return (done, requests / number(r"finished in .*, ([\d.]+) req/s", text), requests - done)


def client_command(server, **options):
    command = [str(httpd.OUT / "bench-client")]
    if server.tls:
        command.append("--tls")
    for name, value in options.items():
        if value is True:
            command.append(f"--{name}")
        elif value is not False:
            command += [f"--{name}", str(value)]
    return command + [str(server.port)]


def client(server, **options):
    """One run of our client: {"requests", "errors", "seconds", "p50_ms", "p99_ms"}."""
    return json.loads(run(client_command(server, **options)))


class Crowd:
    """Clients that read the reply to the server's FIN and never close: not before the block ends,
    or leave(). Four processes, each with a source address and a descriptor limit of its own."""

    def __init__(self, server, total, connections=64, seconds=120):
        processes = 4 if total >= 4 else 1
        self.process = subprocess.Popen(
            client_command(server, hold=True, processes=processes, seconds=seconds,
                           connections=connections, total=-(-total // processes)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the clients failed")
        self.result = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()

    def leave(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def misbehave(mode, server, **options):
    """t/bench/misbehave.cpp in the background; its line of JSON comes from finish()."""
    command = [str(httpd.OUT / "bench-misbehave"), mode]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    return subprocess.Popen(command + [str(server.port)], stdout=subprocess.PIPE, text=True)


def finish(process):
    text, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args[0]}: status {process.returncode}")
    return json.loads(text)
