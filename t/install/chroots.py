# SPDX-License-Identifier: Apache-2.0
"""Chroots in layers, kept outside the tree: a Debian with what a layer's recipe adds to it, once made, is only read; who
works in one writes into a layer of his own that is gone afterwards."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", "/var/tmp")) / "mod_finwait-chroots"

# In namespaces of its own, which end with it, and all that it started with them.
ENTER = r"""
set -e
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$UPPER/upper,workdir=$UPPER/work" "$UPPER/root"
cd "$UPPER/root"
for bind in $BINDS; do
    mkdir -p ".${bind#*:}"
    mount --bind "${bind%%:*}" ".${bind#*:}"
done
mount -t proc proc proc
mount -t sysfs sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/lock run/old
ip link set lo up
pivot_root . run/old
umount -l run/old
rmdir run/old
exec chroot . "$@"
"""


class Debian:
    """As debootstrap makes it, and nothing else."""

    def __init__(self, suite, arch=None):
        self.suite, self.arch = suite, arch
        self.name = suite + (f"-{arch}" if arch else "")
        self.path = CACHE / self.name

    def lower(self):
        return str(self.path)

    def make(self, _):
        if self.path.exists():
            return
        say(f"making the chroot {self.path}")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="making-") as scratch:
            made = pathlib.Path(scratch) / "made"
            subprocess.run(["debootstrap", "--variant=minbase"] + ([f"--arch={self.arch}"] if self.arch else []) +
                           [self.suite, made, machines_mirror()], check=True, stdout=subprocess.DEVNULL)
            os.rename(made, self.path)


class Layer:
    """What a recipe adds to the layer below: a script, run there with the machine's network."""

    def __init__(self, name, below, recipe):
        self.name, self.below, self.recipe = name, below, recipe
        digest = hashlib.sha256(f"{below.path.name}\n{recipe}".encode()).hexdigest()
        self.path = CACHE / f"{name}-{digest[:8]}"

    def lower(self):
        """The mount option: the uppermost first."""
        return f"{self.path}:{self.below.lower()}"

    def make(self, files):
        """Unless it is there. `files`: what the recipe finds in /root."""
        if self.path.exists():
            return
        self.below.make(files)
        say(f"making the chroot {self.path}")
        with Room(self.below, network=True) as room:
            for file in files:
                shutil.copy(file, room.upper / "root")
            log = CACHE / f"{self.name}.log"
            with log.open("wb") as output:
                made = room.run(["sh", "-eux", "-c", self.recipe], stdout=output, stderr=output)
            if made.returncode != 0:
                sys.exit(f"t/install/all: the chroot {self.name} could not be made, see {log}")
            os.rename(room.upper, self.path)


class Room:
    """A writable layer above another, for as long as it is entered."""

    def __init__(self, layer, network=False):
        self.lower, self.network = layer.lower(), network

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory(dir=CACHE, prefix="room-")
        self.path = pathlib.Path(self.scratch.name)
        self.upper = self.path / "upper"
        for name in "upper/root", "work", "root":
            (self.path / name).mkdir(parents=True)
        (self.path / "upper" / "root").chmod(0o700)
        return self

    def __exit__(self, *_):
        self.scratch.cleanup()

    def run(self, command, environment=None, binds=(), **popen):
        inside = ["/usr/bin/env", "-i", "HOME=/root", "DEBIAN_FRONTEND=noninteractive",
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        inside += [f"{name}={value}" for name, value in (environment or {}).items()]
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child"] + ([] if self.network else ["--net"]) +
            ["sh", "-c", ENTER, "enter"] + inside + command,
            env=os.environ | {"LOWER": self.lower, "UPPER": str(self.path), "BINDS": " ".join(binds)}, **popen)


def say(sentence):
    print(sentence, file=sys.stderr, flush=True)


def machines_mirror():
    """Where the machine's own packages of Debian come from."""
    sites = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Label: Debian"],
                           capture_output=True, text=True, check=True).stdout.split()
    if not sites:
        sys.exit("t/install/all: apt-get names no source of Debian's packages")
    return sites[0]
