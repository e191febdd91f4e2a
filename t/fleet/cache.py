# SPDX-License-Identifier: Apache-2.0
"""Programs that the fleet's tests run and that no machine should have to install: unpacked into a cache
outside the tree (FINWAIT_FLEET, else finwait-fleet in the user's cache), fetched once."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

CACHE = pathlib.Path(os.environ.get("FINWAIT_FLEET")
                     or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "finwait-fleet")


class NotHad(Exception):
    """Why something cannot be had here."""


def _fetched(name, fetch):
    """CACHE/name, filled by fetch(folder), where nothing that is half there ever stands."""
    place = CACHE / name
    if place.exists():
        return place
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=name + ".", dir=CACHE))
    try:
        fetch(folder)
        folder.chmod(0o755)
        try:
            folder.rename(place)
        except OSError:  # somebody else was faster
            if not place.exists():
                raise
    except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise NotHad(f"{name} cannot be had: {said.strip()[-200:]}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return place


def _run(command, folder):
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=300)


def debian_package(name):
    """The folder that Debian's package is unpacked in, without those that it depends on."""
    def fetch(folder):
        _run(["apt-get", "-qq", "download", name], folder)
        for package in folder.glob("*.deb"):
            _run(["dpkg-deb", "-x", package.name, "."], folder)
            package.unlink()
    return _fetched(name, fetch)


def npm_packages(wanted):
    """The node_modules with what the folder `wanted` has a package.json and a package-lock.json for."""
    lock = (wanted / "package-lock.json").read_bytes()

    def fetch(folder):
        for name in "package.json", "package-lock.json":
            shutil.copy(wanted / name, folder)
        _run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--fetch-retries=1"], folder)
    return _fetched(f"npm-{wanted.name}-{hashlib.sha256(lock).hexdigest()[:16]}", fetch) / "node_modules"
