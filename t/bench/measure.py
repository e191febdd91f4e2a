# SPDX-License-Identifier: Apache-2.0
"""Repeated values and what they say; what a process tree has in memory; what the kernel holds."""

import math
import pathlib
import re
import statistics
import subprocess


class Series:
    """Values of the same thing, measured again and again."""

    def __init__(self, values, digits=3, brief=False):
        """`brief`: as text, the median only."""
        self.values, self.digits, self.brief = list(values), digits, brief
        self.median, self.low, self.high = median_with_interval(self.values)

    def __str__(self):
        d = self.digits
        if self.brief or self.low == self.high:
            return f"{self.median:,.{d}f}"
        return f"{self.median:,.{d}f} ({self.low:,.{d}f} to {self.high:,.{d}f})"

    def range(self):
        return f"{min(self.values):,.{self.digits}f}–{max(self.values):,.{self.digits}f}"

    def as_json(self):
        return {"median": self.median, "low": self.low, "high": self.high, "values": self.values}


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


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def private_dirty(pids):
    """Bytes of user memory that these processes have for themselves."""
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += 1024 * int(re.search(r"^Private_Dirty:\s+(\d+) kB", text, re.M)[1])
    return total


def kernel_slab():
    text = pathlib.Path("/proc/meminfo").read_text()
    return 1024 * int(re.search(r"^Slab:\s+(\d+) kB", text, re.M)[1])


def sockets(port, *states, processes=False):
    """The server's sockets in these states, a line each."""
    command = ["ss", "-Htn" + ("p" if processes else "")]
    for state in states:
        command += ["state", state]
    command += ["sport", "=", f":{port}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def lingering(port, **options):
    return sockets(port, "fin-wait-1", "fin-wait-2", **options)


def times_of(pid):
    """(user, system) seconds, by the kernel's ticks."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) / 100, int(fields[12]) / 100
