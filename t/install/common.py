# SPDX-License-Identifier: Apache-2.0
"""What t/install/all and t/install/debs begin and end with: the release, the machine's ccache, a table."""

import os
import pathlib
import shutil
import subprocess
import sys

import chroots

TREE = pathlib.Path(__file__).resolve().parent.parent.parent


def need(*programs):
    missing = [program for program in programs if not shutil.which(program)]
    if os.geteuid() != 0 or missing:
        sys.exit(f"{sys.argv[0]}: it needs root and {' and '.join(programs)} (apt-get install {' '.join(programs)})")


def make_release():
    made = subprocess.run(["make", "--no-print-directory", "-s", "dist"], cwd=TREE, stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit(f"{sys.argv[0]}: make dist failed")
    return TREE / made.stdout.split()[-1]


def ccache_folder():
    """The machine's, so that a chroot's compiler does nothing twice."""
    asked = shutil.which("ccache") and subprocess.run(["ccache", "-k", "cache_dir"], capture_output=True, text=True)
    folder = pathlib.Path(asked.stdout.strip()) if asked else chroots.CACHE / "ccache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def table_of(steps, rows):
    """`rows`: {name: {step: result}}."""
    lines = [["environment", *steps]] + [[name, *(row.get(step, "-") for step in steps)] for name, row in rows.items()]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)
