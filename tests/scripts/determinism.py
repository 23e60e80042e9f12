#!/usr/bin/env python3
"""The shipped scripts are repeatable: determinism.py NETSIM [--update] [SCRIPT...]

Each script runs twice in processes that differ in address layout, locale, time zone, environment
and working directory. What --json prints, less what a wall clock or the machine's memory decides,
must be the same, and its digest the one in digests.txt. After a change that means to change what
happens: determinism.py build/release/bin/netsim --update, and say in the commit why.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "digests.txt"
HEADER = ("# What tests/scripts/determinism.py expects of each shipped script with its defaults.\n"
          "# Update: python3 tests/scripts/determinism.py build/release/bin/netsim --update\n")
# The machine's, not the model's.
MACHINE = {"wall_seconds", "events_per_second", "handshakes_per_wall_second", "peak_rss_bytes"}


def model_only(value):
    if isinstance(value, dict):
        return {k: model_only(v) for k, v in value.items() if k not in MACHINE}
    if isinstance(value, list):
        return [model_only(v) for v in value]
    return value


def run(netsim, script, other):
    """`other`: no address randomisation, another locale, time zone, folder; a fuller environment."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
    command = [netsim, "run", script, "--json"]
    if other:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8", "COLUMNS": "33",
                       "TZ": "Asia/Kathmandu", "FILLER": "x" * 5000}
        if subprocess.run(["setarch", "-R", "true"], capture_output=True, check=False).returncode == 0:
            command = ["setarch", "-R", *command]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd="/" if other else folder, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{script} ended with {done.returncode}:\n{done.stderr}")
    return model_only(json.loads(done.stdout))


def golden():
    lines = [line for line in GOLDEN.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split() for line in lines)


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [d for k in a for d in differences(a[k], b[k], f"{path}/{k}")]
    return [] if a == b else [f"{path}: {a!r:.80} and {b!r:.80}"]


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    update = "--update" in sys.argv
    netsim = os.path.abspath(arguments[0])
    scripts = arguments[1:] or sorted(
        p.name for p in (HERE.parent.parent / "lua").glob("*.lua") if not p.name.endswith(".d.lua"))
    expected = golden() if GOLDEN.exists() else {}
    failures = 0
    for script in scripts:
        first, second = run(netsim, script, False), run(netsim, script, True)
        if first != second:
            failures += 1
            print(f"{script}: two runs differ", *differences(first, second)[:10], sep="\n  ")
        if update:
            expected[script] = str(first["digest"])
        elif expected.get(script) != str(first["digest"]):
            failures += 1
            print(f"{script}: digest {first['digest']}, digests.txt has {expected.get(script)}")
    if update:
        GOLDEN.write_text(HEADER + "".join(f"{k} {v}\n" for k, v in sorted(expected.items())))
    sys.exit(1 if failures else 0)


main()
