# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: the client, and the statistics of repeated measurements."""

import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import httpd

CLIENT = httpd.OUT / "bench-client"


def client_command(port, **options):
    command = [str(CLIENT)]
    for name, value in options.items():
        if value is True:
            command.append(f"--{name}")
        elif value is not False:
            command += [f"--{name}", str(value)]
    return command + [str(port)]


def load(port, **options):
    """One run of the client: {"requests", "errors", "seconds", "p50_ms", "p99_ms"}."""
    run = subprocess.run(client_command(port, **options), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout)


def median_with_interval(values):
    """(median, low, high): the order statistics that hold the median with at least 95 %.

    Distribution-free: the number of values below the true median is binomial with p = 1/2. With
    fewer than six values no pair of them does it; then the interval is their whole range."""
    values = sorted(values)
    n = len(values)
    rank, tail = 0, 0.5 ** n
    while tail + math.comb(n, rank + 1) * 0.5 ** n <= 0.025:
        rank += 1
        tail += math.comb(n, rank) * 0.5 ** n
    return statistics.median(values), values[rank], values[n - 1 - rank]


def machine():
    """What a figure must be read with: CPUs, kernel, Apache, limits."""
    version = subprocess.run([httpd.APACHE, "-v"], capture_output=True, text=True).stdout
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), "?")
    wmem_max = pathlib.Path("/proc/sys/net/core/wmem_max").read_text().strip()
    return (f"{os.cpu_count()} CPUs ({cpu}), Linux {os.uname().release}, "
            f"{version.splitlines()[0].split(': ')[1]}, wmem_max {wmem_max}")
