# SPDX-License-Identifier: Apache-2.0
"""As much of a container engine as conf/packages/Containerfile needs: each stage is a room above the layer that stands for
the official image."""

import re
import shutil
import subprocess

import chroots


def instructions(path):
    """(word, the rest) of each; lines that go on are one, comments are none."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    for line in re.sub(r"\\\n", "", "\n".join(lines)).splitlines():
        if line.strip():
            yield line.split(None, 1)


class Failed(Exception):
    pass


class Build:
    """`stack` (contextlib.ExitStack) keeps the rooms; the last one is the image."""

    def __init__(self, image, release, environment, binds, stack):
        self.image, self.release, self.environment, self.binds, self.stack = image, release, environment, binds, stack
        self.stages, self.room, self.folder = {}, None, "/"

    def make(self, containerfile):
        do = {"ARG": lambda _: None, "FROM": self.begin, "WORKDIR": self.enter, "COPY": self.copy, "RUN": self.run}
        for word, rest in instructions(containerfile):
            do[word](rest)
        return self.room

    def begin(self, rest):
        self.room = self.stack.enter_context(chroots.Room(self.image, network=True))
        self.folder = "/usr/local/apache2"
        if " AS " in rest:
            self.stages[rest.split(" AS ")[1]] = self.room

    def enter(self, rest):
        self.folder = rest

    def copy(self, rest):
        source, target = rest.split()[-2:]
        inside = self.room.upper / target.lstrip("/")
        if source == ".":
            inside.mkdir(parents=True)
            subprocess.run(["tar", "xzf", self.release, "--no-same-owner", "--strip-components=1", "-C", inside], check=True)
        else:
            stage = self.stages[re.search(r"--from=(\w+)", rest)[1]]
            shutil.copytree(stage.upper / source.lstrip("/"), inside, symlinks=True, dirs_exist_ok=True)

    def run(self, command):
        ran = self.room.run(["sh", "-euc", f"cd {self.folder}; {command}"], self.environment, self.binds,
                            capture_output=True, text=True)
        if ran.returncode != 0:
            raise Failed(f"RUN {command}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
