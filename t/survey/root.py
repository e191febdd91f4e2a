# SPDX-License-Identifier: Apache-2.0
"""The survey's own Debian, a folder outside the tree that holds all clients: nothing is installed on
the machine and none of its daemons is started. Made once, and brought up to date when clients/ asks for more."""

import os
import pathlib
import shutil
import subprocess

from clients import FOLDER, HERE

STATE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "/var/tmp") / "mod_finwait-survey"
ROOT = STATE / "root"
WWW = ROOT / "srv" / "www"
TLS = STATE / "tls"
DOMAIN = "finwait.test"
SUITE = "bookworm"
# For make_content, for TLS, and for what holds it all.
BASE_PACKAGES = ["ca-certificates", "python3", "git", "createrepo-c", "util-linux", "bsdutils", "curl"]
TOOLS = ("words.sh", "build_rust", "make_content", "calendar.cgi", "qt_network.hpp")


def in_root(*argv, env=None, **options):
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                   "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **(env or {})}
    return subprocess.run(["chroot", str(ROOT), *argv], env=environment, stdin=subprocess.DEVNULL,
                          **options)


def say(text):
    print(f"survey: {text}", flush=True)


def mount_kernel_folders():
    """In this process's own mount namespace: they are gone with it."""
    for kind, folder in (("proc", "proc"), ("sysfs", "sys")):
        subprocess.run(["mount", "-t", kind, kind, str(ROOT / folder)], check=True)
    subprocess.run(["mount", "--rbind", "/dev", str(ROOT / "dev")], check=True)


def sources():
    """The lines of the suite that this machine's own apt has."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "deb $(REPO_URI) $(CODENAME) $(COMPONENT)",
                             "Created-By: Packages"], capture_output=True, text=True).stdout
    lines = sorted({line for line in listed.splitlines() if line.split()[2].startswith(SUITE)})
    if not any(line.split()[2] == SUITE for line in lines):
        raise SystemExit(f"survey: this machine's apt knows no {SUITE}: apt-get update, or give it that source")
    return lines


def make_root():
    if not (ROOT / "etc" / "survey-made").exists():
        if not shutil.which("debootstrap"):
            raise SystemExit("survey: debootstrap is missing: apt-get install debootstrap")
        say(f"makes a Debian of its own in {ROOT}, once")
        shutil.rmtree(ROOT, ignore_errors=True)
        ROOT.mkdir(parents=True)
        mirror = next(line.split()[1] for line in sources() if line.split()[2] == SUITE)
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, str(ROOT), mirror], check=True,
                       stdout=subprocess.DEVNULL)
        (ROOT / "etc/apt/sources.list").write_text("\n".join(sources()) + "\n")
        (ROOT / "etc/dpkg/dpkg.cfg.d/survey").write_text(
            "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n")
        (ROOT / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (ROOT / "usr/sbin/policy-rc.d").chmod(0o755)
        in_root("useradd", "-m", "survey", check=True)
        (ROOT / "etc" / "survey-made").touch()
    shutil.copy("/etc/resolv.conf", ROOT / "etc/resolv.conf")


def installed_packages():
    listed = in_root("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", capture_output=True,
                     text=True).stdout
    return {line.split()[1] for line in listed.splitlines() if line.startswith("installed ")}


def install_packages(clients):
    """Returns {client's name: why it cannot be had}."""
    missing = {package for client in clients for package in client.packages} | set(BASE_PACKAGES)
    missing -= installed_packages()
    if not missing:
        return {}
    say(f"installs {len(missing)} packages there")
    in_root("dpkg", "--configure", "-a", stdout=subprocess.DEVNULL)  # where it was stopped in the midst of it
    in_root("apt-get", "-qq", "update", check=True)
    known = set(in_root("apt-cache", "pkgnames", capture_output=True, text=True).stdout.split())
    install = ("apt-get", "-qq", "install", "-y", "--no-install-recommends")
    with open(STATE / "apt.log", "ab") as log:
        if in_root(*install, *sorted(missing & known), stdout=log, stderr=log).returncode != 0:
            for package in sorted(missing & known):  # one that fails is not to take the others with it
                in_root(*install, package, stdout=log, stderr=log)
    in_root("apt-get", "clean")
    there = installed_packages()
    return {client.name: f"Debian has no {', '.join(sorted(set(client.packages) - there))}"
            for client in clients if not set(client.packages) <= there}


def install_modules(clients):
    """Returns {client's name: why it cannot be had}."""
    wanted = sorted({module for client in clients for module in client.modules})
    listed = ROOT / "survey" / "npm-installed"
    if not wanted or listed.exists() and listed.read_text().split() == wanted:
        return {}
    # By the machine's own npm: it knows how to reach the registry from here.
    run = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix",
                          ROOT / "survey", *wanted], stdout=subprocess.DEVNULL)
    if run.returncode != 0:
        return {client.name: f"npm did not install {client.modules[0]}" for client in clients if client.modules}
    listed.write_text("\n".join(wanted) + "\n")
    return {}


def copy_if_newer(source, target):
    if not target.exists() or source.read_bytes() != target.read_bytes():
        shutil.copy(source, target)
        return True
    return False


def build_clients(clients):
    """Returns {client's name: why it cannot be had}."""
    folder = ROOT / "survey"
    failed = {}
    for client in clients:
        is_new = copy_if_newer(client.file, folder / client.file.name)
        built = folder / f".{client.slug}.built"
        if not client.language.build or (built.exists() and not is_new):
            continue
        built.unlink(missing_ok=True)
        say(f"builds {client.name}")
        words = f"cd /survey && {client.words(client.language.build)}"
        run = in_root("sh", "-c", words, capture_output=True, text=True)
        if run.returncode == 0:
            built.touch()
        else:
            (STATE / f"build-{client.slug}.log").write_text(run.stdout + run.stderr)
            failed[client.name] = f"does not build: see {STATE}/build-{client.slug}.log"
    return failed


def make_certificates():
    """One authority, kept, which the clients' Debian trusts; one certificate for all names."""
    trusted = ROOT / "usr/local/share/ca-certificates/finwait-survey.crt"
    if not (TLS / "server.pem").exists():
        make_authority()
    shutil.copy(TLS / "ca.pem", trusted)
    in_root("update-ca-certificates", "--fresh", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for program in ("firefox", "thunderbird"):
        policies = ROOT / "etc" / program / "policies"
        policies.mkdir(parents=True, exist_ok=True)
        (policies / "policies.json").write_text(
            '{"policies": {"Certificates": {"Install": ["/%s"]}}}\n' % trusted.relative_to(ROOT))


def make_authority():
    TLS.mkdir(parents=True, exist_ok=True)
    (TLS / "names").write_text(f"subjectAltName=DNS:*.{DOMAIN},DNS:{DOMAIN}\n")
    for command in (
            "req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ca.key -out ca.pem -subj /CN=finwait-survey",
            f"req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN={DOMAIN}",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 390 -extfile names "
            "-out server.pem"):
        subprocess.run(["openssl", *command.split()], cwd=TLS, check=True, capture_output=True)


def prepare(clients):
    """All that can be had; {client's name: why not} of the others."""
    make_root()
    mount_kernel_folders()
    (ROOT / "survey").mkdir(exist_ok=True)
    for tool in TOOLS:
        copy_if_newer(HERE / tool, ROOT / "survey" / tool)
    missing = install_packages(clients)
    there = [client for client in clients if client.name not in missing]
    missing |= install_modules(there) | build_clients(there)
    make_certificates()
    in_root("sh", "/survey/make_content", "/srv/www", check=True)
    return missing


def version_of(client):
    if client.modules:
        return client.modules[0].rpartition("@")[2]
    version = in_root("dpkg-query", "-W", "-f", "${Version}", client.packages[0], capture_output=True,
                      text=True).stdout
    return version.rpartition(":")[2]  # without Debian's epoch
