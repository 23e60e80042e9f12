#!/bin/bash
# report_pages.sh NETSIM: makes reports of synflood.lua and of labs, then tests the page with them
# (web/check.sh). Exit code 77: Node or Chromium is not here, and it said so.
set -u
netsim=$1
web=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../../web
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
reports=("$folder/synflood.html")
"$netsim" run synflood.lua --quiet --no-progress --report "${reports[0]}" 2>/dev/null || exit 1
for lab in 1 13 35; do
    reports+=("$folder/lab-$lab.html")
    "$netsim" lab "$lab" --quiet --no-progress --report "${reports[-1]}" >/dev/null 2>&1 || exit 1
done
bash "$web/check.sh" "${reports[@]}"
