#!/bin/sh
# Installs what the project needs and the system lacks (Debian, Ubuntu). Does nothing, at once, if
# nothing is missing. Exit status 1: something is missing and could not be installed.

fail() {
    echo "tools/install.sh: $*" >&2
    exit 1
}

# Those of the packages that are not installed.
missing_of() {
    for package in "$@"; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed$' ||
            printf '%s ' "$package"
    done
}

# The highest minor version, from 81 on, among the lines "libboost1.<minor>-dev ..." of stdin.
newest_boost() {
    sed -n 's/^libboost1\.\([0-9][0-9]*\)-dev.*/\1/p' | sort -n | awk '$1 >= 81' | tail -n 1
}

boost_packages() {
    echo "libboost1.$1-dev libboost-context1.$1-dev libboost-date-time1.$1-dev libboost-test1.$1-dev"
}

command -v dpkg >/dev/null 2>&1 || fail "no dpkg here. Install by hand: Boost 1.81 or newer" \
    "(headers, context, date_time, test), liburing 2.3, OpenSSL, g++ 12, clang 16 with its" \
    "sanitizer runtimes, cmake 3.25, ninja, curl, wrk, gdb"

missing=$(missing_of \
    liburing-dev libssl-dev g++ clang-16 libclang-rt-16-dev cmake ninja-build curl wrk gdb)

boost=$(dpkg-query -W -f '${Package} ${Status}\n' 'libboost1.*-dev' 2>/dev/null |
    grep ' ok installed$' | newest_boost)
if [ -n "$boost" ]; then
    missing="$missing$(missing_of $(boost_packages "$boost"))"
    [ -n "$missing" ] || exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    [ -n "$boost" ] || missing="${missing}Boost (1.81 or newer) "
    command -v sudo >/dev/null 2>&1 || fail "neither root nor sudo here, and missing: $missing"
    [ -n "$boost" ] || missing=${missing%Boost*}
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@"
}

apt update || fail "apt-get update failed; missing: $missing"

if [ -z "$boost" ]; then
    boost=$(apt-cache search --names-only '^libboost1\.[0-9]+-dev$' | newest_boost)
    [ -n "$boost" ] || fail "no Boost from 1.81 on, neither installed nor among the packages of" \
        "this system: add a source that has one"
    missing="$missing$(missing_of $(boost_packages "$boost"))"
fi

echo "tools/install.sh: installing $missing"
apt install --no-install-recommends $missing || fail "apt-get could not install: $missing"

still=$(missing_of $missing)
[ -z "$still" ] || fail "still missing: $still"

# Make builds faster; nothing needs them.
for package in ccache lld; do
    apt install --no-install-recommends "$package" ||
        echo "tools/install.sh: no $package; going on without"
done
exit 0
