#!/bin/bash
# report_pages.sh NETSIM: makes reports of synflood.lua and of labs, then tests the page with them
# and netsim view with the live one (web/check.sh). Exit code 77: Node or Chromium is not here, and it said so.
set -u
netsim=$1
web=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../../web
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
reports=()

make_report() { # make_report NAME WORDS...: netsim WORDS... --report
    reports+=("$folder/$1.html")
    if ! "$netsim" "${@:2}" --quiet --no-progress --report "${reports[-1]}" >"$folder/log" 2>&1; then
        printf 'netsim %s --report failed:\n' "${*:2}" >&2
        cat "$folder/log" >&2
        exit 1
    fi
}

make_report synflood run synflood.lua
for lab in 1 13 35; do
    make_report "lab-$lab" lab "$lab"
done
NETSIM_BINARY=$netsim bash "$web/check.sh" "${reports[@]}"
