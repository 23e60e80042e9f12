#!/usr/bin/env python3
"""readme.py NETSIM README: what the README shows is so. Its Lua example runs and tells what it is
there to tell; its commands run, in their order, in one folder."""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

# Measured by minutes, or never done: a browser's page, the machine's kernel, a million connections.
# `run NAME.lua` alone is scripts.smoke's.
LEFT_OUT = re.compile(r"netsim (view|bench|calibrate|run scale\.lua|run \w+\.lua$)")


def block(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def run(netsim, words, folder):
    done = subprocess.run([netsim, *words], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"netsim {shlex.join(words)}: {done.returncode}\n{done.stderr}"
    return done.stdout


def example(netsim, script, folder):
    (folder / "example.lua").write_text(script)
    table = run(netsim, ["run", "example.lua"], folder)
    assert "no defence" in table and "syncookies" in table, f"the example prints no table: {table!r}"
    cases = json.loads(run(netsim, ["run", "example.lua", "--json"], folder))["cases"]
    bare, cookies = [case["results"] for case in cases]
    assert bare["first SYN answered"] < 0.5, f"without a defence: {bare}"
    assert cookies["first SYN answered"] > 0.99, f"with cookies: {cookies}"
    assert bare["cookies sent"] == 0 and cookies["cookies sent"] > 100000, f"{bare} {cookies}"


def commands(netsim, lines, folder):
    ran = 0
    for line in lines.splitlines():
        command = line.split("#")[0].strip()
        if command and LEFT_OUT.search(command):
            print(f"left out: {command}")
        elif command:
            words = shlex.split(command)
            assert words[0] == "./netsim", f"the README has another program: {command}"
            run(netsim, words[1:], folder)
            ran += 1
    assert ran >= 10, f"only {ran} commands were found"


def main():
    netsim, readme = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scripts = block(readme, "lua")
        assert len(scripts) == 1, f"{len(scripts)} Lua examples"
        example(netsim, scripts[0], folder)
        commands(netsim, block(readme, "sh")[1], folder)


main()
