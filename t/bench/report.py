# SPDX-License-Identifier: Apache-2.0
"""finwait-report, DuckDB, mawk and GoAccess on the same log (made by t/bench/report_log and kept under
build/), each on one core and from the page cache, one after the other. DuckDB's figures for every
User-Agent are compared with ours: any difference is an error.

DuckDB is node's (npm @duckdb/node-api, which t/setup puts under build/oracle where npm is), and is left
out where it is not. GoAccess takes minutes for 10 million, so it gets the smaller log only."""

import os
import shutil
import statistics
import subprocess

from httpd import OUT, TREE
from result import Aim, Result, Table

REPORT = OUT / "finwait-report"
ORACLE = TREE / "build/oracle"

MAWK = r"""
{ if (!match($0, /"user_agent\.original":"([^"\\]|\\.)*"/)) next
  agent = substr($0, RSTART + 23, RLENGTH - 24)
  match($0, /"finwait\.fin_wait_2_ms":[0-9]+/)
  closes[agent]++; ms[agent] += substr($0, RSTART + 24, RLENGTH - 24) }
END { for (agent in closes) print ms[agent], closes[agent], agent }
"""
GOACCESS = ('{"@timestamp":"%dT%t.%^","event.name":"%U","network.peer.address":"%h",'
            '"server.address":"%v","user_agent.original":"%u","finwait.fin_wait_2_ms":"%L"}')


def make_log(lines):
    log = OUT / f"report-{lines}.log"
    if not log.exists():
        with open(log, "w", encoding="utf-8") as out:
            subprocess.run([TREE / "t/bench/report_log", str(lines)], stdout=out, check=True)
    return log


def repeated(log, times):
    """The same log so many times over, in one file."""
    big = log.with_name("report-repeated.log")
    with open(big, "wb") as out:
        for _ in range(times):
            subprocess.run(["cat", log], stdout=out, check=True)
    return big


def tools(log, is_small):
    yield "finwait-report", [REPORT, "--no-progress", "--json", "--by", "ua", log], None
    if (ORACLE / "node_modules").exists() and shutil.which("node"):
        yield "DuckDB, 1 thread", ["node", TREE / "t/bench/report_duckdb.mjs", log], ORACLE
    yield "mawk, sums only", ["mawk", MAWK, log], None
    if is_small:
        yield "GoAccess", ["goaccess", log, f"--log-format={GOACCESS}", "--date-format=%Y-%m-%d",
                           "--time-format=%H:%M:%S", "-o", "json", "--no-global-config",
                           "--no-progress"], None


def timed(command, cwd):
    """(CPU seconds, most memory in MB, output). Not the clock's seconds: none of them waits."""
    process = subprocess.Popen(["taskset", "-c", str(max(os.sched_getaffinity(0))), *map(str, command)], cwd=cwd,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{command[0]}: status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output


def compare_with_duckdb(log, answer):
    """As the tests do: raises if any figure of any User-Agent differs."""
    ours = log.with_suffix(".json")
    ours.write_bytes(answer)
    found = subprocess.run(["node", TREE / "t/oracle/report.mjs", log, ours], cwd=ORACLE,
                           capture_output=True, text=True)
    if found.returncode != 0:
        raise RuntimeError(found.stdout + found.stderr)


def compared(log, lines, repeats, is_small):
    """[(name, Records per CPU second, most memory in MB)]"""
    subprocess.run(["cat", log], stdout=subprocess.DEVNULL, check=True)  # into the page cache
    runs, outputs = {}, {}
    for _ in range(repeats):
        for name, command, cwd in tools(log, is_small):
            seconds, megabytes, outputs[name] = timed(command, cwd)
            runs.setdefault(name, []).append((seconds, megabytes))
    if is_small and "DuckDB, 1 thread" in outputs:
        compare_with_duckdb(log, outputs["finwait-report"])
    return [(name, lines / statistics.median(run[0] for run in found), max(run[1] for run in found))
            for name, found in runs.items()]


def run(size):
    lines, times = size(1_000_000, 10_000), size(10, 2)
    log = make_log(lines)
    small = compared(log, lines, 1, True)
    big_log = repeated(log, times)
    try:
        big = compared(big_log, lines * times, 1, False)
    finally:
        big_log.unlink()
    columns = ["", "Records per CPU second", "memory, MB"]
    rates = {name: rate for name, rate, _ in small}
    ours = rates["finwait-report"]
    aims = [Aim("times GoAccess", ours / rates["GoAccess"], 20)]
    if "DuckDB, 1 thread" in rates:
        aims.append(Aim("times DuckDB", ours / rates["DuckDB, 1 thread"], 1))
    return Result([Table(f"{lines:,} Records", columns, small),
                   Table(f"{lines * times:,} Records", columns, big)], aims,
                  ["DuckDB has the same figures for every User-Agent." if len(aims) == 2 else
                   "Without DuckDB: it needs npm."])
