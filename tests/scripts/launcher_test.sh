#!/bin/bash
# launcher_test.sh ROOT: ./netsim with stand-ins for cmake, ninja and Debian's tools. What they are
# asked to do is written to $calls.
set -u
root=$1
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
calls=$work/calls
export calls
failures=0

expect() { # expect WHAT ACTUAL WANTED
    if [[ $2 != "$3" ]]; then
        printf 'FAILED: %s\n  wanted: %s\n  got:    %s\n' "$1" "$3" "$2"
        failures=$((failures + 1))
    fi
}

tool() { # tool NAME: a stand-in; its body comes from standard input
    printf '#!/bin/bash\n%s\n' "$(cat)" >"$work/tools/$1"
    chmod +x "$work/tools/$1"
}

fresh_clone() {
    rm -rf -- "$work/clone" "$work/tools" "$work/installed" "$calls"
    mkdir -p "$work/clone/"{cmake,src,include,bench/kernel} "$work/tools"
    cp "$root/netsim" "$root/packages.txt" "$root/CMakeLists.txt" "$root/CMakePresets.json" \
        "$work/clone/"
    cp "$root/cmake/launch.sh" "$work/clone/cmake/"
    touch "$calls" "$work/installed"
    tool cmake <<'T'
echo "cmake $*" >>"$calls"
mkdir -p "build/$2"
printf 'CMAKE_HOME_DIRECTORY:INTERNAL=%s\n' "$PWD" >"build/$2/CMakeCache.txt"
touch "build/$2/build.ninja"
T
    tool ninja <<'T'
echo ninja "$(printf '%s\n' "${@:3}" | grep -vx netsim)" | sed 's/ $//' >>"$calls"
[[ -z ${BREAK:-} ]] || { echo "error: no such thing"; exit 1; }
mkdir -p "$2/bin"
printf '#!/bin/bash\nprintf "[%%s]" "$@"\nexit 7\n' >"$2/bin/netsim"
chmod +x "$2/bin/netsim"
T
    tool dpkg-query <<T
cat "$work/installed"
T
    tool apt-cache </dev/null
    tool apt-get <<T
echo "apt-get \$*" >>"\$calls"
if [[ \$* == *install* ]]; then
    for name; do echo "ii  \$name"; done >>"$work/installed"
fi
T
    tool sudo <<'T'
[[ $1 != -n ]] || shift
exec "$@"
T
}

install_all() { sed -n 's/^[a-z].*/ii  &/p' "$root/packages.txt" >"$work/installed"; }

run() { PATH=$work/tools:$PATH CI='' CXX='' "$@" 2>"$work/err" </dev/null; }

fresh_clone
out=$(NETSIM_NO_INSTALL=1 run "$work/clone/netsim" run x.lua)
expect "NETSIM_NO_INSTALL=1 exits 2" "$?" 2
expect "... prints nothing on standard output" "$out" ""
expect "... one line on standard error" "$(wc -l <"$work/err")" 1
expect "... that names the packages" "$(grep -c 'libboost-graph-dev' "$work/err")" 1
expect "... and calls nobody" "$(cat "$calls")" ""

out=$(run "$work/clone/netsim" run "a b" '' '*')
expect "the program's exit code is the launcher's" "$?" 7
expect "arguments arrive as they were" "$out" '[run][a b][][*]'
expect "packages are installed once" "$(grep -c 'apt-get.* install .*ninja-build' "$calls")" 1
expect "packages of the tests are not" "$(grep -c 'libgtest-dev' "$calls")" 0
expect "no update when apt knows the packages" "$(grep -c 'apt-get.* update' "$calls")" 0

: >"$calls"
out=$(cd / && run "$work/clone/netsim" again)
expect "a second start runs the program" "$out" '[again]'
expect "... and nothing else" "$(cat "$calls")" ""
expect "... in silence" "$(cat "$work/err")" ""

ln -s "$work/clone/netsim" "$work/link"
expect "it starts through a symlink" "$(run "$work/link" z)" '[z]'

echo >"$work/clone/src/new.cpp"
run "$work/clone/netsim" >/dev/null
expect "a new source is built, without cmake" "$(cat "$calls")" "ninja"
: >"$calls"
rm "$work/clone/src/new.cpp"
run "$work/clone/netsim" >/dev/null
expect "so is a removed one" "$(cat "$calls")" "ninja"

: >"$calls"
echo >"$work/clone/src/bad.cpp"
out=$(BREAK=1 run "$work/clone/netsim" x)
expect "a failed build exits 2" "$?" 2
expect "... does not run the old program" "$out" ""
expect "... shows the end of the log" "$(grep -c 'no such thing' "$work/err")" 1
expect "after the failure it builds again" "$(run "$work/clone/netsim" x)" '[x]'

: >"$calls"
expect "bench runs the program built with the benchmarks" \
    "$(run "$work/clone/netsim" bench --quick)" '[bench][--quick]'
expect "... which it configures and builds" "$(grep -v apt-get "$calls")" \
    $'cmake --preset bench\nninja netsim_bench'
expect "... with packages of its own" "$(grep -o 'recommends.*' "$calls")" \
    "recommends $(sed '1,/^\[bench\]/d;/^\[/,$d' "$root/packages.txt" | xargs)"
: >"$calls"
echo >"$work/clone/bench/new.cpp"
run "$work/clone/netsim" >/dev/null
expect "a new benchmark is no reason to build netsim" "$(cat "$calls")" ""
run "$work/clone/netsim" bench >/dev/null
expect "... but to build the benchmarks" "$(cat "$calls")" "ninja netsim_bench"
: >"$calls"
expect "--peers runs" "$(run "$work/clone/netsim" bench --peers)" '[bench][--peers]'
expect "... with ns-3 installed" "$(grep -o 'recommends.*' "$calls")" "recommends libns3-dev"
expect "... and its program built" "$(grep -v apt-get "$calls")" \
    $'cmake --preset bench -DNETSIM_PEERS=ON -DNS3=\nninja netsim_peer_ns3'
sed -i '/libns3/d' "$work/installed"
expect "--peers without ns-3 and without rights runs all the same" \
    "$(NETSIM_NO_INSTALL=1 run "$work/clone/netsim" bench --peers)" '[bench][--peers]'
expect "... and says so" "$(grep -c 'going on without ns-3' "$work/err")" 1

: >"$calls"
mv "$work/clone" "$work/moved"
expect "a moved checkout works" "$(run "$work/moved/netsim" x)" '[x]'
expect "... configured anew" "$(grep -c '^cmake' "$calls")" 1
mv "$work/moved" "$work/clone"

fresh_clone
install_all
tool apt-cache <<<'exit 100'
run "$work/clone/netsim" >/dev/null
expect "with all packages there apt is not called" "$(grep -c apt-get "$calls")" 0
sed -i '/ccache/d' "$work/installed"
touch "$work/clone/src/x.cpp"
run "$work/clone/netsim" >/dev/null
expect "lists that do not know a package are updated" "$(grep -c 'apt-get.* update' "$calls")" 1
expect "... and only the missing one installed" \
    "$(grep -o 'recommends.*' "$calls")" 'recommends ccache'

fresh_clone
install_all
run "$work/clone/netsim" one >"$work/one" &
run "$work/clone/netsim" two >"$work/two" &
wait
expect "two at once both run" "$(cat "$work/one" "$work/two")" '[one][two]'
expect "... and build once" "$(grep -c ninja "$calls")" 1

((failures == 0)) && echo "the launcher does what it should"
exit $((failures > 0))
