# SPDX-License-Identifier: Apache-2.0
"""The clients of the survey: a file each in clients/, whose first lines say in comments who it is.

    client: its name in the table
    kind: library, program, browser, monitor or proxy
    debian: its packages; the version of the first one is the client's
    npm: its packages with their versions, instead or besides
    build: what the compiler is told besides, as one shell word list
    heavy: anything, for one that takes much memory or time to start
    user: root, for one that mounts a file system
    pattern: the BrowserMatch pattern of its User-Agent, if it is to get a remedy
    note: a sentence for the table

Called with URL TIMES BYTES it fetches the URL TIMES times, the last time only BYTES of it if that is not
0, and then goes on running with nothing to do. What it cannot do it says in a line, with status 77."""

import pathlib
import re
import typing

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "clients"
KEYS = ("client", "kind", "debian", "npm", "build", "heavy", "user", "pattern", "note")
KINDS = ("library", "program", "browser", "monitor", "proxy")
HEAD_LINES = 12

JAVA_PATH = "/usr/share/java/*:."
GO_ENV = "GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=/var/cache/survey-go"


class Language(typing.NamedTuple):
    run: str         # {file}: where the client's file is; {base}: its name without the ending
    build: str = ""  # in the folder of the file; {build}: what the file adds
    debian: str = ""


LANGUAGES = {
    ".py": Language("/usr/bin/python3 {file}", debian="python3"),
    ".sh": Language("sh {file}"),
    ".js": Language("node {file}", debian="nodejs npm"),
    ".mjs": Language("node {file}", debian="nodejs npm"),
    ".rb": Language("ruby {file}", debian="ruby"),
    ".pl": Language("perl {file}", debian="perl"),
    ".php": Language("php {file}", debian="php-cli"),
    ".lua": Language("lua5.2 {file}", debian="lua5.2"),
    ".tcl": Language("tclsh {file}", debian="tcl"),
    ".R": Language("Rscript {file}", debian="r-base-core"),
    ".erl": Language("escript {file}", debian="erlang-base"),
    ".el": Language("emacs --batch -l {file}", debian="emacs-nox"),
    ".java": Language(f"java -XX:TieredStopAtLevel=1 -cp '{JAVA_PATH}' {{base}}",
                      f"javac -cp '{JAVA_PATH}' {{file}}", "default-jdk-headless"),
    ".go": Language("./{base}", f"{GO_ENV} go build {{build}} -o {{base}} {{file}}", "golang-go"),
    ".c": Language("./{base}", "gcc -o {base} {file} {build}", "gcc libc6-dev pkgconf"),
    ".cpp": Language("./{base}", "g++ -O1 -fPIC -o {base} {file} {build}", "g++ pkgconf"),
    ".hs": Language("./{base}", "ghc -v0 -threaded -o {base} {file} {build}", "ghc"),
    ".ml": Language("./{base}", "ocamlfind ocamlopt -thread -linkpkg {build} -o {base} {file}",
                    "ocaml-nox ocaml-findlib"),
    ".rs": Language("./{base}", "sh /survey/build_rust {file} {build}", "cargo"),
}


class Client(typing.NamedTuple):
    name: str
    file: pathlib.Path
    kind: str
    head: dict

    @property
    def slug(self):
        return self.file.stem.lower().replace("_", "-")

    @property
    def language(self):
        return LANGUAGES[self.file.suffix]

    @property
    def packages(self):
        return self.head.get("debian", "").split() + self.language.debian.split()

    @property
    def modules(self):
        return self.head.get("npm", "").split()

    @property
    def user(self):
        return self.head.get("user", "survey")

    @property
    def is_heavy(self):
        return "heavy" in self.head

    def words(self, command):
        return command.format(file=self.file.name, base=self.file.stem,
                              build=self.head.get("build", ""))


def client_of(file):
    found = {}
    for line in file.read_text().splitlines()[:HEAD_LINES]:
        match = re.match(r"^\W{1,4}(\w+): (.+?)( \*[/)])?$", line)
        if match and match[1] in KEYS:
            found[match[1]] = match[2]
    if "client" not in found or found.get("kind") not in KINDS:
        raise SystemExit(f"{file}: its first lines must say 'client: NAME' and 'kind: "
                         f"{'|'.join(KINDS)}', see t/survey/clients.py")
    if file.suffix not in LANGUAGES:
        raise SystemExit(f"{file}: nobody knows how to run '*{file.suffix}'; say so in LANGUAGES of "
                         "t/survey/clients.py")
    return Client(found["client"], file, found["kind"], found)


def all_clients():
    clients = [client_of(file) for file in sorted(FOLDER.iterdir()) if file.suffix in LANGUAGES]
    slugs = [client.slug for client in clients]
    twice = {slug for slug in slugs if slugs.count(slug) > 1}
    if twice:
        raise SystemExit(f"t/survey/clients: two files are called {', '.join(sorted(twice))}")
    return clients
