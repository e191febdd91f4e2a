# SPDX-License-Identifier: Apache-2.0
"""Another version of the module, built from git, measured in turns with this tree's. Its rows and
ratios are in the tables where there is one."""

import os
import pathlib
import re
import subprocess
import time

import httpd
import servers
from measure import Series
from result import Aim

ROUNDS = 6  # fewer would make no interval


def build(revision):
    """Adds it to servers.BUILDS, by the short name of its commit. Built once."""
    commit = subprocess.check_output(
        ["git", "-C", httpd.TREE, "rev-parse", "--short", "--verify", f"{revision}^{{commit}}"],
        text=True).strip()
    folder = httpd.TREE / "build/beside" / commit
    folder.mkdir(parents=True, exist_ok=True)
    files = subprocess.check_output(["git", "-C", httpd.TREE, "archive", commit])
    subprocess.run(["tar", "-x", "-C", folder], input=files, check=True)
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "build/mod_finwait.so", "build/finwait-closer"],
                   cwd=folder, check=True)
    servers.BUILDS[commit] = folder / "build"


def other():
    """The name of the other build, None without one."""
    return next((name for name in servers.BUILDS if name != "module"), None)


def wait_for_room(count):
    """Version 0.1 leaves sockets that wait to the kernel, which keeps them with those in TIME_WAIT
    under one bound, and beyond it forgets them at once."""
    bound = int(pathlib.Path("/proc/sys/net/ipv4/tcp_max_tw_buckets").read_text())
    for _ in range(65 if other() else 0):
        kept = re.search(r" tw (\d+)", pathlib.Path("/proc/net/sockstat").read_text())
        if int(kept[1]) + 2 * count < bound:
            break
        time.sleep(1)


def turns(size, once, alone=1, rounds=ROUNDS):
    """{build: [what once(build) found, in each round]}. The builds take turns in who begins.
    `alone`: how many rounds are enough without another build."""
    found = {name: [] for name in servers.BUILDS}
    for turn in range(size(rounds if other() else alone, 1)):
        for name in order(turn):
            found[name].append(once(name))
    return found


def order(turn):
    return list(servers.BUILDS)[::-1 if turn % 2 else 1]


def rows(prefix, found, digits):
    """Of what turns() found, a number for each of the columns: a row for each build, and one of ratios."""
    for name, rounds in found.items():
        yield [f"{prefix}{name}", *(Series(values, d) for values, d in zip(zip(*rounds), digits))]
    if other() in found:
        yield [f"{prefix}module/{other()}", *(ratio(found, column) or "" for column in range(len(digits)))]


def ratio(found, column):
    """Of this tree's to the other's in the same round; None where the other's is 0."""
    mine, others = ([values[column] for values in found[name]] for name in ("module", other()))
    return Series(a / b for a, b in zip(mine, others)) if all(others) else None


def aims(what, found, column, at_most=True):
    """No worse than the other, where there is one."""
    value = ratio(found, column) if other() else None
    return [Aim(f"{what}, module/{other()}", value, 1, at_most)] if value else []
