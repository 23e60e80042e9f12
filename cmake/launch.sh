# shellcheck shell=bash disable=SC2154
# Sourced by ./netsim, ./test and .ci/run: installs missing Debian packages, configures, builds.
# Needs $root. All it says goes to standard error, one line per step; logs are under build/.
# Exit code 2: netsim could not be made ready; nothing was run.

trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf 'netsim: %s\n' "$*" >&2; }

# die WHAT [LOG]: one line, and what the log says of the first failure, or its end.
die() {
    say "$1"
    if [[ -n ${2:-} && -f $2 ]]; then
        if grep -q '^FAILED' -- "$2"; then
            sed -n '/^FAILED/,$p' -- "$2" | head -n 30
        else
            tail -n 30 -- "$2"
        fi | sed 's/^/    /' >&2
        say "the whole log: $2"
    fi
    exit 2
}

# packages SECTION...: the names listed in packages.txt.
packages() {
    local section wanted=" $* " line
    while read -r line; do
        case $line in
            '' | '#'*) ;;
            '['*) section=${line//[\[\]]/} ;;
            *) [[ $wanted == *" $section "* ]] && printf '%s\n' "$line" ;;
        esac
    done <"$root/packages.txt"
    return 0
}

missing_packages() {
    local have
    have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^.i  *//p')
    for package in "$@"; do
        grep -qxF -- "$package" <<<"$have" || printf '%s\n' "$package"
    done
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif [[ -n ${CI:-} ]]; then
        sudo -n "$@"
    else
        sudo "$@"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" \
        >>"$root/build/apt.log" 2>&1 </dev/null
}

update_lists() {
    say "apt-get update"
    apt update || die "apt-get update failed" "$root/build/apt.log"
}

# install_packages SECTION...
install_packages() {
    local names missing
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "this is not Debian: packages.txt says what must be installed (not checked)"
        return 0
    fi
    mapfile -t names < <(packages "$@")
    mapfile -t missing < <(missing_packages "${names[@]}")
    ((${#missing[@]})) || return 0
    if [[ ${NETSIM_NO_INSTALL:-0} != 0 ]]; then
        die "missing Debian packages (NETSIM_NO_INSTALL is set): ${missing[*]}"
    fi
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        die "missing Debian packages; as root: apt-get install ${missing[*]}"
    fi
    mkdir -p "$root/build"
    : >"$root/build/apt.log"
    # Lists that do not know a package, or know one the mirror no longer has, are out of date.
    apt-cache show "${missing[@]}" >/dev/null 2>&1 || update_lists
    say "apt-get install ${missing[*]}"
    if ! apt install -y --no-install-recommends "${missing[@]}"; then
        update_lists
        apt install -y --no-install-recommends "${missing[@]}" ||
            die "apt-get install failed" "$root/build/apt.log"
    fi
}

# lock NAME: one launcher at a time in a build directory; held until unlock, or by what is left of
# a killed launcher's build.
lock() {
    mkdir -p "$root/build" || die "cannot write to $root/build"
    exec 9>"$root/build/.$1.lock"
    if command -v flock >/dev/null && ! flock -n 9; then
        say "waiting for another build of build/$1"
        flock 9
    fi
}

unlock() { exec 9>&-; }

# A build directory configured for another place or with another compiler is of no use.
wipe_if_foreign() {
    local dir=$1 home compiler wanted
    [[ -f $dir/CMakeCache.txt ]] || return 0
    home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$dir/CMakeCache.txt")
    compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$dir/CMakeCache.txt")
    wanted=$(command -v "${CXX:-c++}")
    if [[ $home != "$root" ]]; then
        say "the checkout was moved: building anew"
    elif [[ -n $compiler && $compiler != "$wanted" ]]; then
        say "the compiler changed: building anew"
    else
        return 0
    fi
    rm -rf -- "$dir"
}

# configure PRESET [CMAKE ARGUMENTS]: a failure over an old cache is tried again without it.
configure() {
    local dir=$root/build/$1 log=$root/build/$1.configure.log
    say "configuring build/$1"
    if ! (cd "$root" && cmake --preset "$@") >"$log" 2>&1 </dev/null; then
        [[ -f $dir/CMakeCache.txt ]] || die "cmake failed" "$log"
        rm -rf -- "$dir"
        (cd "$root" && cmake --preset "$@") >"$log" 2>&1 </dev/null || die "cmake failed" "$log"
    fi
}

# compile PRESET TARGET...: the whole output goes to build.log; a terminal sees one moving line.
compile() {
    local dir=$root/build/$1 preset=$1 began=$SECONDS line
    shift
    say "building build/$preset"
    if [[ -t 2 ]]; then
        NINJA_STATUS='[%f/%t] ' ninja -C "$dir" "$@" 2>&1 </dev/null | tee "$dir/build.log" |
            while IFS= read -r line; do
                [[ $line == '['* ]] && printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$line" >&2
            done
        set -- "${PIPESTATUS[0]}"
        printf '\r\033[K' >&2
    else
        ninja -C "$dir" "$@" >"$dir/build.log" 2>&1 </dev/null
        set -- "$?"
    fi
    (($1 == 0)) || die "the build failed" "$dir/build.log"
    say "built in $((SECONDS - began)) s"
}

# Called by ./netsim, whose fresh() says whether anything is to be done, and which names $preset,
# $build and $stamp.
build_netsim() {
    local arguments=() targets=(netsim) sections=(build)
    if [[ $preset == bench ]]; then
        targets+=(netsim_bench)
        sections+=(bench)
    else
        # The tests need packages of their own: ./test switches them on in the same directory.
        arguments=(-DNETSIM_TESTS=OFF)
    fi
    lock "$preset"
    if ! fresh; then # another launcher may have built while this one waited
        install_packages "${sections[@]}"
        wipe_if_foreign "$build"
        mkdir -p "$build"
        if [[ -f $stamp ]]; then
            local old
            IFS= read -r old <"$stamp"
            # Same path, other compiler (an upgrade): ninja would not notice.
            [[ $old == "$(build_key)" ]] || { rm -rf -- "$build" && mkdir -p "$build"; }
        fi
        : >"$build/.building"
        [[ -f $build/build.ninja ]] || configure "$preset" "${arguments[@]}"
        compile "$preset" "${targets[@]}"
        build_key >"$build/.building.key"
        touch -r "$build/.building" "$build/.building.key"
        mv -f "$build/.building.key" "$stamp"
    fi
    unlock
}

# `./netsim bench --peers`: ns-3 from Debian, or the one that NS3 names. Without it, and without the
# rights to install it, the benchmarks are run all the same.
build_peers() {
    lock "$preset"
    if [[ -z ${NS3:-} ]]; then
        (install_packages peers) || say "going on without ns-3"
    fi
    if ! (configure "$preset" -DNETSIM_PEERS=ON -DNS3="${NS3:-}" &&
        compile "$preset" netsim_peer_ns3); then
        rm -f -- "$build/bench/peers/ns3/netsim_peer_ns3"
        say "ns-3's program could not be built: going on without it"
    fi
    unlock
}
