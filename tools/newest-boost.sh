#!/bin/sh
# usage: tools/newest-boost.sh FOLDER
#
# Puts the newest Boost that Debian has into FOLDER (headers and Boost.Context), beside the one that is
# installed, and prints where it is. Only releases that the library knows count. Does nothing, at once, if
# it is there. Exit status 77: it cannot be had here, with the reason on stderr.

newest_known=92

[ $# -eq 1 ] || {
    echo "usage: tools/newest-boost.sh FOLDER" >&2
    exit 2
}
mkdir -p "$1" || exit 1
folder=$(cd "$1" && pwd) || exit 1

leave() {
    echo "tools/newest-boost.sh: $*" >&2
    exit 77
}

if [ ! -e "$folder/complete" ]; then
    command -v apt-get >/dev/null 2>&1 || leave "no apt-get here"
    # Where this system has its own packages from. Other suites have the same key.
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' |
        sed -n 's/ Debian Debian$//p' | head -n 1)
    [ -n "$mirror" ] || leave "this is no Debian"

    mkdir -p "$folder/lists/partial" || exit 1
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$key] $mirror sid main" >"$folder/sources.list"
    apt() {
        command=$1
        shift
        "apt-$command" -q -o Dir::Etc::SourceList="$folder/sources.list" \
            -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$folder/lists" \
            -o Dir::Cache::PkgCache= -o Dir::Cache::SrcPkgCache= -o APT::Sandbox::User=root "$@"
    }
    apt get update >&2 || leave "the lists of packages cannot be had"
    minor=$(apt cache search --names-only '^libboost1\.[0-9]+-dev$' |
        sed -n 's/^libboost1\.\([0-9]*\)-dev.*/\1/p' | sort -n | awk -v known=$newest_known '$1 <= known' |
        tail -n 1)
    [ -n "$minor" ] || leave "no Boost up to 1.$newest_known there"
    (cd "$folder" && apt get download "libboost1.$minor-dev" "libboost-context1.$minor-dev") >&2 ||
        leave "Boost 1.$minor cannot be had"
    for package in "$folder"/*.deb; do
        dpkg-deb -x "$package" "$folder" || leave "$package cannot be unpacked"
    done
    touch "$folder/complete"
fi
echo "$folder/usr"
