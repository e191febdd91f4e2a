# SPDX-License-Identifier: Apache-2.0
"""A web server's log and the two that ship it, by the files of conf/fleet/ with addresses of their own."""

import os
import re
import subprocess
import threading
import time

from servers import CONF, PASSWORDS, Server

HEAD = """\
@version: 3.38
@module http
@module disk-buffer
options {{ keep-hostname(yes); stats-freq(0); log-msg-size(65536); create-dirs(yes); use-dns(no); }};
"""


class SyslogNg(Server):
    def __init__(self, place, name, log, urls, batch_ms=1000, timeout=60):
        super().__init__(place, name)
        defines = {"finwait-log": log, "finwait-url-1": urls[0], "finwait-url-2": urls[1], "finwait-password": PASSWORDS["ship"],
                   "finwait-host": name, "finwait-buffer": self.root / "buffer"}
        text = (CONF / "syslog-ng/finwait.conf").read_text().replace('@include "scl.conf"\n', "")
        text = text.replace("batch-timeout(5000)", f"batch-timeout({batch_ms})").replace("timeout(60)", f"timeout({timeout})")
        for key, value in defines.items():
            text = re.sub(f'@define {key} ".*"', f'@define {key} "{value}"', text)
        (self.root / "buffer").mkdir()
        (self.root / "syslog-ng.conf").write_text(HEAD.format() + text)

    def command(self, *more):
        lib = self.place.debian / "usr/lib/syslog-ng/3.38"
        return [str(self.place.debian / "usr/sbin/syslog-ng"), "-F", "-e", "--no-caps", "-f", "syslog-ng.conf", "-R", "persist",
                "-c", "ctl", "-p", "pid", f"--module-path={lib}", *more]

    def is_up(self):
        return (self.root / "ctl").exists()

    def start(self, wait=True):
        (self.root / "ctl").unlink(missing_ok=True)
        return super().start(wait)


def ship_spool(spool, host, urls, quiet=0):
    """One run; whether all was taken."""
    return subprocess.run([CONF / "spool/finwait-ship", spool, str(quiet), *urls], capture_output=True, text=True,
                          env=os.environ | {"FINWAIT_CLICKHOUSE_PASSWORD": PASSWORDS["ship"], "FINWAIT_HOST": host}).returncode == 0


class Spooler(threading.Thread):
    """Ships again and again, as a timer does."""

    def __init__(self, spool, host, urls):
        super().__init__(daemon=True)
        self.spool, self.host, self.urls, self.ended = spool, host, urls, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.5):
            ship_spool(self.spool, self.host, self.urls, quiet=2)

    def stop(self):
        self.ended.set()
        self.join()


class Writer(threading.Thread):
    """Appends lines at a rate, whole ones as the closer does, to a log that is rotated by renaming, or to a spool as rotatelogs does."""

    def __init__(self, lines, rate, log=None, spool=None, rotate_s=0):
        super().__init__(daemon=True)
        self.lines, self.rate, self.log, self.spool, self.rotate_s, self.sent = lines, rate, log, spool, rotate_s, 0
        self.start()

    def run(self):
        begun, rotations = time.monotonic(), 0
        out = self.open(begun)
        reopen_at = None
        while self.sent < len(self.lines):
            age = time.monotonic() - begun
            due = min(int(age * self.rate), len(self.lines))
            out.write(b"".join(self.lines[self.sent:due]))
            out.flush()
            self.sent = due
            if self.rotate_s and age > (rotations + 1) * self.rotate_s:
                rotations += 1
                if self.spool:
                    out = self.open(age, out)
                else:  # the server goes on writing to the renamed one until its graceful restart
                    os.rename(self.log, f"{self.log}.{rotations}")
                    reopen_at = age + 1
            if reopen_at and age > reopen_at:
                out, reopen_at = self.open(age, out), None
            time.sleep(0.02)
        out.close()

    def open(self, number, before=None):
        if before:
            before.close()
        path = self.spool / f"{number:015.3f}.log" if self.spool else self.log
        return open(path, "ab")
