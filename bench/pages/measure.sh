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

median() { jq -r ".results[$1].median" "$folder/times.json"; }

# Paired: the two take turns on the same machine.
hyperfine -N --style none --warmup 1 --runs "$((2 * runs))" --export-json "$folder/times.json" \
    "$netsim run synflood.lua --quiet --no-progress" \
    "$netsim run synflood.lua --quiet --no-progress --report $folder/synflood.html" \
    >/dev/null 2>&1 || exit 1
awk -v plain="$(median 0)" -v seen="$(median 1)" 'BEGIN {
    printf "synflood.lua without and with --report: %.2f s, %.2f s wall, %+.0f %%\n",
        plain, seen, 100 * (seen / plain - 1) }'

run "$here/connections.lua" --report "$folder/connections.html" || exit 1
run "$here/points.lua" --report "$folder/points.html" || exit 1
run "$here/cases.lua" --report "$folder/cases.html" || exit 1
cd "$root/web" || exit 1
[[ -d node_modules ]] || npm ci --no-audit --no-fund >/dev/null || exit 1
node test/opening.mjs "$runs" "$folder"/{synflood,connections,points,cases}.html
