# SPDX-License-Identifier: Apache-2.0
"""A GoogleTest program, run a part at a time: which tests it has, and what became of each."""

import collections
import os
import re
import shutil
import subprocess
import time

SECONDS_MAX = 600  # a part that takes longer is ended

Result = collections.namedtuple("Result", "name outcome seconds output")  # outcome: OK, FAILED, SKIPPED

EVENT = re.compile(r"\[ +(RUN|OK|FAILED|SKIPPED) +\] ([\w/]+\.[\w/]+)(?:.* \((\d+) ms\))?$")
OWN_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def own_network():
    """What runs a command in a network of its own, [] where that is not allowed. There no part meets
    another's ports, TIME_WAIT sockets or /proc/net."""
    if not shutil.which("unshare"):
        return []
    probe = subprocess.run(OWN_NETWORK + ["true"], stdin=subprocess.DEVNULL, capture_output=True)
    return OWN_NETWORK if probe.returncode == 0 else []


def tests_of(program, pattern="*"):
    """{suite: [test, ...]}"""
    listing = subprocess.run([program, "--gtest_list_tests", f"--gtest_filter={pattern}"],
                             check=True, capture_output=True, text=True).stdout
    suites = collections.defaultdict(list)
    for line in listing.splitlines():
        name = line.split("#")[0].strip()
        if line.startswith("  "):
            suites[suite].append(f"{suite}.{name}")
        elif name.endswith("."):
            suite = name[:-1]
    return {suite: tests for suite, tests in suites.items()
            if not all("DISABLED_" in test for test in tests)}


class Part:
    """Some tests of a program in a process of its own. Its whole output is in a file."""

    def __init__(self, program, tests, log):
        self.program, self.tests, self.log = program, tests, log
        self.name = tests[0].rsplit(".", 1)[0]
        self.results = []
        self.status = None
        self.running = None  # the test
        self.text = ""  # of it, or what stands outside of every test

    def start(self, prefix, number):
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, self.program, f"--gtest_filter={':'.join(self.tests)}"],
            env=os.environ | {"FINWAIT_PART": str(number), "GTEST_COLOR": "no", "no_proxy": "*"},
            stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT)
        self.file = open(self.log, errors="replace")
        self.half_line = ""

    def poll(self):
        """The results that have come since the last time."""
        self.status = self.process.poll()
        if self.status is None and time.monotonic() - self.begin > SECONDS_MAX:
            self.process.terminate()
        lines = (self.half_line + self.file.read()).split("\n")
        self.half_line = lines.pop()
        results = [result for line in lines for result in self.read(line)]
        self.results += results
        if self.status is None:
            return results
        self.file.close()
        missed = list(self.end({result.name for result in self.results}))
        self.results += missed
        return results + missed

    def read(self, line):
        event = EVENT.search(line)
        if not event:
            self.text += line + "\n"
            return
        kind, name, milliseconds = event.groups()
        if kind == "RUN":
            self.running, self.text = name, ""
        elif name == self.running:
            # A test's output need not end with a line's end.
            yield Result(name, kind, int(milliseconds) / 1000, self.text + line[:event.start()])
            self.running, self.text = None, ""

    def end(self, told):
        """What a program says nothing of: a test that ended it, those it did not come to, and what
        was wrong after the last test."""
        seconds = time.monotonic() - self.begin
        why = f"{self.program.name} ended after {seconds:.0f} s with status {self.status}\n"
        for test in self.tests:
            if test == self.running:
                yield Result(test, "FAILED", seconds, self.text + self.half_line + why)
            elif test not in told:
                yield Result(test, "FAILED", 0, f"not run: {why}" + ("" if self.running else self.text))
        if self.status and not self.running and told >= set(self.tests) and \
                all(result.outcome != "FAILED" for result in self.results):
            yield Result(f"{self.name} (after its tests)", "FAILED", 0, self.text + why)
