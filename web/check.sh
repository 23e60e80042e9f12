#!/bin/bash
# The page is what its sources make, and works: check.sh [REPORT.html...]. Exit code 77: what it needs
# is not here, and it said so; 1: something is wrong.
set -u
web=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
cd "$web" || exit 1

skip() {
    printf '\n*** SKIPPED: %s.\n*** The page of the report was NOT rebuilt and NOT tested.\n\n' "$1" >&2
    exit 77
}

step() {
    printf -- '-- %s\n' "$*"
    "$@" || exit 1
}

command -v node >/dev/null || skip "there is no node (apt-get install nodejs npm)"
command -v npm >/dev/null || skip "there is no npm (apt-get install npm)"
(($(node -p 'process.versions.node.split(".")[0]') >= 18)) || skip "node is older than 18"

# What is installed is kept while it fits the lock file.
stamp=node_modules/.netsim-lock
if ! cmp -s package-lock.json "$stamp"; then
    if ! npm ci --no-audit --no-fund >/dev/null 2>build.log; then
        cat build.log >&2
        rm -f build.log
        skip "npm ci could not install what the lock file names"
    fi
    rm -f build.log
    cp package-lock.json "$stamp"
fi
if grep -n '"resolved": "[a-z+]*://' package-lock.json; then
    echo "package-lock.json names a registry (npm config omit-lockfile-registry-resolved)" >&2
    exit 1
fi

step npm run --silent check
mkdir -p build
step node build.mjs build/page.html
if ! cmp build/page.html ../src/report/page.html; then
    echo "src/report/page.html is not what web/ makes: npm run build" >&2
    exit 1
fi
echo "-- node test/run.mjs $*"
exec node test/run.mjs "$@"
