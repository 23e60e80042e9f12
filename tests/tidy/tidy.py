#!/usr/bin/env python3
"""Style gates: what a reader of the tree may rely on, checked by reading its text.

tidy.py [--root DIR] [--list] [CHECK...]     all checks by default; exit code 1 on a finding
tidy.py --files FILE...                      the findings in these files only (the commit hook)

What a check finds can be excepted in exceptions.txt, with a reason. The list only shrinks: an
exception that excepts nothing is itself a finding.
"""

import os
import re
import subprocess
import sys
from collections import namedtuple

# `what` names the finding in exceptions.txt; `text` explains it.
Finding = namedtuple("Finding", "check path line what text")

SOURCE = (".cpp", ".hpp")

# Public headers belong to a layer too: a layer sees those of the layers below it. These are plain
# values that name types of the API; any layer may use them.
PUBLIC_VALUES = {"address", "capture", "cpu", "elements", "ladder", "lesson", "link", "options", "process", "result", "rng",
                 "segment", "series", "socket", "time", "udp"}
PUBLIC_LAYER = {"apps": "app", "shell": "shell", "network": "api"}

# Arrows that must never be drawn, whatever src/CMakeLists.txt says.
NEVER = [("tcp", "sim"), ("tcp", "net"), ("net", "tcp"), ("model", "wire"), ("base", "wire")]

# Heavy or foreign headers, each at home in one place.
EXTERNAL = [
    (r"<(lua|lualib|lauxlib)\.(h|hpp)>", {"lua"}, "Lua"),
    (r"<CLI/", {"cli"}, "CLI11"),
    (r"<(Eigen|unsupported/Eigen)/", {"model"}, "Eigen"),
    (r"<boost/(?!asio/|beast/|system/)", {"net"}, "Boost.Graph"),
    (r"<boost/(asio|beast|system)/", {"cli"}, "Boost.Beast"),
    (r"<sys/random", {"cli"}, "real randomness"),
]

# (name, pattern, folders it may stay in, why)
BANNED = [
    ("rand", r"\b(s?rand|[dl]rand48)\(|std::random_device|std::mt19937|std::random_shuffle",
     [], "draws come from netsim::Rng"),
    ("getrandom", r"\bget(random|entropy)\(", ["src/cli/view_server.cpp"], "draws come from netsim::Rng"),
    ("distribution", r"std::\w+_distribution\b", [], "std:: distributions differ between libraries"),
    ("clock", r"\b(system_clock|steady_clock|high_resolution_clock)\b|\bgettimeofday\(|"
     r"\bclock_gettime\(|\bstd::(time|clock)\(",
     ["src/cli/", "bench/"], "the model knows virtual time only"),
    ("libm", r"\bstd::(log|log2|log10|log1p|exp|exp2|expm1|pow|sin|cos|tan|a?tan2?|asin|acos)\(",
     ["src/model/", "src/observe/", "bench/", "tests/"], "libm differs between machines: det_log, det_exp"),
    ("print", r"\bstd::(cout|cerr|clog)\b|\bf?printf\(|\bputs\(",
     ["src/cli/", "src/lua/", "src/base/check.", "bench/", "tests/"], "only the edge prints"),
    ("using", r"\busing namespace std;", [], "name what you use"),
]
BANNED_ANYWHERE = [
    ("later", r"\b(TODO|FIXME|XXX|HACK)\b", "do it, or open an issue"),
    ("place", r"(?<![\w.}~-])/(home|root|work|Users)/\w", "a path of one machine"),
    ("RFC", r"\bRFC-?[0-9]", 'written "RFC 9293 §3.10"'),
    ("DIVERGES", r"\bDIVERGES\b(?!: \S)", 'a divergence says why: "DIVERGES: reason"'),
]

# tests/tidy names what it bans.
SELF = "tests/tidy/"
MADE = ("src/report/page.html",)  # by a tool from sources that are checked; libraries are in it
LINES_MAX = 500  # of src, include and bench; tests are lists


class Tree:
    """The files of the project, tracked or about to be."""

    def __init__(self, root):
        self.root = root
        self._text = {}
        try:
            out = subprocess.run(
                ["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                check=True, capture_output=True).stdout.decode()
            names = [n for n in out.split("\0") if n]
        except (OSError, subprocess.CalledProcessError):  # an unpacked archive
            names = []
            for folder, folders, files in os.walk(root):
                folders[:] = [f for f in folders if f not in (".git", "build", ".cache")]
                names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
        self.files = sorted(n for n in set(names) if os.path.isfile(os.path.join(root, n)))

    def text(self, path):
        if path not in self._text:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
                self._text[path] = f.read()
        return self._text[path]

    def lines(self, path):
        return enumerate(self.text(path).splitlines(), 1)

    def under(self, *prefixes, ends=SOURCE):
        return [f for f in self.files if f.startswith(prefixes) and f.endswith(ends)]

    def exists(self, path):
        return os.path.exists(os.path.join(self.root, path))

    def layers(self):
        """Layer -> all it may include, from the link lines of src/CMakeLists.txt."""
        direct = {}
        for match in re.finditer(r"^netsim_layer\((\w+)([^)]*)\)", self.text("src/CMakeLists.txt"),
                                 re.M):
            direct[match[1]] = {w[7:] for w in match[2].split() if w.startswith("netsim_")}
        direct["cli"] = {"lua", "packetdrill", "replay"}

        def closure(layer):
            below = set()
            for next_layer in direct.get(layer, ()):
                below |= {next_layer} | closure(next_layer)
            return below

        return {layer: closure(layer) for layer in direct}


def includes(tree, path):
    for number, line in tree.lines(path):
        match = re.match(r'\s*#\s*include\s+([<"][^">]+[">])', line)
        if match:
            yield number, match[1]


def strip_comment(line):
    return re.sub(r"//.*", "", re.sub(r'"(\\.|[^"\\])*"', '""', line))


def check_layers(tree):
    """Includes point down only, as src/CMakeLists.txt links."""
    layers = tree.layers()
    for upper, lower in NEVER:
        if lower in layers.get(upper, ()):
            yield Finding("layers", "src/CMakeLists.txt", 1, f"{upper}->{lower}",
                          f"{upper} must never reach {lower}")
    for path in tree.under("src/"):
        layer = path.split("/")[1]
        for number, name in includes(tree, path):
            target = name[1:-1].split("/")[0]
            if name[0] == '"' and target == "netsim":
                header = os.path.splitext(os.path.basename(name[1:-1]))[0]
                target = layer if header in PUBLIC_VALUES else PUBLIC_LAYER.get(header, header)
            elif name[0] == "<":
                for pattern, homes, what in EXTERNAL:
                    if re.match(pattern, name) and layer not in homes:
                        yield Finding("layers", path, number, name,
                                      f"{what} is included from {', '.join(sorted(homes))} only")
                continue
            if target != layer and target not in layers.get(layer, ()):
                yield Finding("layers", path, number, name[1:-1],
                              f"{layer} may include {', '.join(sorted(layers.get(layer, ())))} "
                              f"and itself, not {target}")


def check_public(tree):
    """include/netsim needs nothing from src/."""
    for path in tree.under("include/"):
        for number, name in includes(tree, path):
            if name[0] == '"' and not name.startswith('"netsim/'):
                yield Finding("public", path, number, name[1:-1],
                              "a public header includes public headers only")


def check_words(tree):
    """No entropy, wall clock, printing or leftovers where they do not belong."""
    for path in tree.under("src/", "include/", "bench/", "tests/"):
        if path.startswith(SELF):
            continue
        for number, line in tree.lines(path):
            code = strip_comment(line)
            for name, pattern, homes, why in BANNED:
                match = re.search(pattern, code)
                if match and not path.startswith(tuple(homes)):
                    yield Finding("words", path, number, name, f"{match[0].strip('(')}: {why}")
    for path in tree.files:
        if path.startswith(SELF) or path in MADE or path.endswith((".svg", ".png", ".pcapng", ".pcap")):
            continue
        for number, line in tree.lines(path):
            for name, pattern, why in BANNED_ANYWHERE:
                match = re.search(pattern, line)
                if match:
                    yield Finding("words", path, number, name, f"{match[0]}: {why}")


def check_heads(tree):
    """Each source file says in one to five lines what it is; headers have #pragma once."""
    for path in tree.under("src/", "include/", "bench/", "tests/"):
        lines = tree.text(path).splitlines()
        head = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
        if not 1 <= head <= 5:
            yield Finding("heads", path, 1, "comment",
                          f"begins with {head} comment lines, not with one to five")
        if path.endswith(".hpp") and "#pragma once" not in lines:
            yield Finding("heads", path, 1, "pragma", "no #pragma once")
        if len(lines) > LINES_MAX and not path.startswith("tests/"):
            yield Finding("heads", path, len(lines), "length",
                          f"{len(lines)} lines; {LINES_MAX} is the most")


def anchors(text):
    for heading in re.findall(r"^#+ +(.*)$", text, re.M):
        heading = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        yield heading.replace(" ", "-")


def check_links(tree):
    """Links and the paths in backticks lead somewhere, in every .md."""
    for path in [f for f in tree.files if f.endswith(".md")]:
        folder = os.path.dirname(path)
        for number, line in tree.lines(path):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                full = os.path.normpath(os.path.join(folder, name)) if name else path
                if not tree.exists(full):
                    yield Finding("links", path, number, target, "leads nowhere")
                elif anchor and anchor not in anchors(tree.text(full)):
                    yield Finding("links", path, number, target, "no such heading")
            for name in re.findall(r"`((?:src|include|tests|lua|topologies|bench|docs|cmake)/[\w./-]+)`",
                                   line):
                if not tree.exists(name):
                    yield Finding("links", path, number, name, "no such file")


def check_readmes(tree):
    """Each layer's folder has a README.md."""
    for layer in sorted({f.split("/")[1] for f in tree.under("src/")}):
        if not tree.exists(f"src/{layer}/README.md"):
            yield Finding("readmes", f"src/{layer}", 1, layer, "no README.md")


def check_orphans(tree):
    """Each header is included by something; each .cpp lies where CMake looks for it."""
    used = {name[1:-1] for path in tree.under("src/", "include/", "tests/", "bench/")
            for _, name in includes(tree, path)}
    for path in tree.under("src/", "include/", "tests/", ends=".hpp"):
        # By its name from the include root, or from its own folder or one above.
        parts = path.split("/")
        names = {"/".join(parts[i:]) for i in range(1, len(parts))}
        if not names & used:
            yield Finding("orphans", path, 1, path, "nothing includes it")
    for path in tree.under("src/", ends=".cpp"):
        if path.count("/") != 2:
            yield Finding("orphans", path, 1, path, "sources lie in src/<layer>/, not deeper")


def test_words(tree):
    words = set()
    for path in tree.under("tests/", ends=(".cpp", ".hpp", ".lua", ".pkt")):
        if not path.startswith(SELF):
            words |= set(re.findall(r"\w+", tree.text(path)))
    return words


def check_counters(tree):
    """Each counter of src/tcp/mib.def is named by a test."""
    words = test_words(tree)
    for number, line in tree.lines("src/tcp/mib.def"):
        match = re.match(r"MIB\((\w+), (\w+),", line)
        if match:
            group, name = match.groups()
            if not words & {group + name, "k" + group + name, name}:
                yield Finding("counters", "src/tcp/mib.def", number, group + name,
                              "no test names this counter")


def check_drops(tree):
    """Each reason for a drop is named by a test."""
    words = test_words(tree)
    for path in tree.under("src/", "include/", ends=".hpp"):
        body = re.search(r"enum class DropReason[^{]*\{(.*?)\};", tree.text(path), re.S)
        for name in re.findall(r"^\s*(k\w+)", body[1], re.M) if body else ():
            if name not in words | {"kCount", "kNone"}:
                yield Finding("drops", path, 1, name, "no test names this reason")
    quoted = "".join(tree.text(p) for p in tree.under("tests/", ends=(".cpp", ".hpp", ".lua", ".pkt")))
    for path in tree.under("src/", ends="drop.def"):
        for number, line in tree.lines(path):
            match = re.match(r'DROP\((\w+), "(.*)"\)', line)
            if match and "k" + match[1] not in words and f'"{match[2]}"' not in quoted:
                yield Finding("drops", path, number, match[1], "no test names this reason")


CHECKS = {name[6:]: f for name, f in list(globals().items()) if name.startswith("check_")}


def exceptions(tree):
    """(check, path, what) -> line, of exceptions.txt: `check path what: reason`."""
    result = {}
    path = SELF + "exceptions.txt"
    if path in tree.files:
        for number, line in tree.lines(path):
            if line.strip() and not line.startswith("#"):
                match = re.match(r"(\w+) (\S+) (\S+): \S", line)
                if not match:
                    sys.exit(f"{path}:{number}: expected `check path what: reason`")
                result[match[1], match[2], match[3]] = number
    return result


def run(tree, names):
    found, used = [], set()
    excepted = exceptions(tree)
    for name in names:
        for finding in CHECKS[name](tree):
            key = (finding.check, finding.path, finding.what)
            if key in excepted:
                used.add(key)
            else:
                found.append(finding)
    for key, number in excepted.items():
        if key[0] not in CHECKS or (key[0] in names and key not in used):
            found.append(Finding(key[0], SELF + "exceptions.txt", number, key[2],
                                 "excepts nothing any more: remove it"))
    return found


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    only = None
    if arguments[:1] == ["--root"]:
        root, arguments = arguments[1], arguments[2:]
    if arguments == ["--list"]:
        for name, check in CHECKS.items():
            print(f"{name:10} {check.__doc__}")
        return 0
    if arguments[:1] == ["--files"]:
        only, arguments = set(arguments[1:]), []
    unknown = [a for a in arguments if a not in CHECKS]
    if unknown:
        print(f"tidy: no check {unknown[0]}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    found = run(Tree(root), arguments or list(CHECKS))
    if only is not None:
        found = [f for f in found if f.path in only]
    for f in found:
        print(f"{f.path}:{f.line}: {f.check}: {f.what}: {f.text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
