#!/bin/bash
# smoke.sh NETSIM SCRIPT: a shipped script ends with 0, as text and as --json, from any folder.
set -euo pipefail
netsim=$(readlink -f -- "$1")
script=$2
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"

"$netsim" run "$script" >text </dev/null
[[ -s text ]] || { echo "$script printed nothing" >&2; exit 1; }
if grep -q $'\x1b' text; then
    echo "$script printed terminal escapes to a file" >&2
    exit 1
fi

"$netsim" run "$script" --json >json </dev/null
python3 - "$script" <<'PY'
import json, sys
run = json.load(open("json"))
for key in ("script seed simulated_seconds wall_seconds events events_per_second handshakes "
            "handshakes_per_simulated_second handshakes_per_wall_second peak_rss_bytes digest "
            "cases").split():
    assert key in run, f"--json of {sys.argv[1]} has no {key}"
for case in run["cases"]:
    for key in "name", "results", "hosts":
        assert key in case, f"a case of {sys.argv[1]} has no {key}"
    for name, host in case["hosts"].items():
        assert "counters" in host, f"host {name} has no counters"
PY
left=$(find . -mindepth 1 ! -name text ! -name json)
[[ -z $left ]] || { echo "$script left files behind: $left" >&2; exit 1; }
