#!/bin/bash
# measure.sh [RUNS]: what a report costs and how large it is, and how fast Chromium opens it: of
# synflood.lua, of 100,000 connections, of a series of ten million points, of a hundred cases. Needs
# hyperfine, jq, Node and Chromium, and says what is missing. Times are medians of RUNS (default 5).
set -u
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
root=$here/../..
runs=${1:-5}
for program in hyperfine node npm jq chromium; do
    command -v "$program" >/dev/null || {
        echo "measure.sh: there is no $program (apt-get install $program)" >&2
        exit 2
    }
done
"$root/netsim" version >/dev/null || exit 2
netsim=$root/build/release/bin/netsim
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

run() { "$netsim" run "$@" --quiet --no-progress >/dev/null; }

# Pairs on one core: whatever else the machine does meets both of each, and two cores may differ.
plain="$netsim run synflood.lua --quiet --no-progress"
! command -v taskset >/dev/null || plain="taskset -c $(($(nproc) - 1)) $plain"
for ((pair = 0; pair < 2 * runs; ++pair)); do
    hyperfine -N --style none --runs 1 --export-json "$folder/pair.json" \
        "$plain" "$plain --report $folder/synflood.html" >/dev/null 2>&1 || exit 1
    jq '.results | map(.median)' "$folder/pair.json" >>"$folder/pairs.json"
done
jq -rs 'def median: sort | .[length / 2 | floor];
    "synflood.lua: \(map(.[0]) | median * 100 | round / 100) s, with --report " +
    "\(map(.[1]) | median * 100 | round / 100) s; of \(length) pairs the median has " +
    "\((map(.[1] / .[0]) | median - 1) * 100 | round) % more"' "$folder/pairs.json"

run "$here/connections.lua" --report "$folder/connections.html" || exit 1
run "$here/points.lua" --report "$folder/points.html" || exit 1
run "$here/cases.lua" --report "$folder/cases.html" || exit 1
cd "$root/web" || exit 1
[[ -d node_modules ]] || npm ci --no-audit --no-fund >/dev/null || exit 1
node test/opening.mjs "$runs" "$folder"/{synflood,connections,points,cases}.html
