#!/bin/bash
# install_test.sh SOURCE BUILD COMPILER: installs to a folder, moves that folder, and uses what is
# in it from outside: a C++ program through find_package(netsim), and the program with its scripts.
set -euo pipefail
source=$1 build=$2 compiler=$3
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

cmake --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/prefix"

if grep -rnF -e "$source" -e "$work/first" "$work"/prefix/{include,lib,share}/ --include='*.cmake' \
    --include='*.hpp' --include='*.lua'; then
    echo "what is installed names the place it was built or first installed in" >&2
    exit 1
fi

cp -r "$source/tests/install/consumer" "$work/consumer"
headers=$(cd "$work/prefix/include/netsim" && printf '%s;' *.hpp)
cmake -S "$work/consumer" -B "$work/out" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$work/prefix" -DHEADERS="$headers" >"$work/configure.log" ||
    { cat "$work/configure.log" >&2; exit 1; }
ninja -C "$work/out" >"$work/ninja.log" || { cat "$work/ninja.log" >&2; exit 1; }
"$work/out/consumer"

mkdir "$work/elsewhere"
cd "$work/elsewhere"
"$work/prefix/bin/netsim" run handshake.lua >text </dev/null
[[ -s text ]]
echo "installed, found, used"
