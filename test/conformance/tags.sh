#!/bin/sh
# usage: tags.sh [DIRECTORY]
#
# Each promise in include/proactor/driver.hpp carries a tag such as [D7], and each test of the
# conformance suite names those that it asserts. Exit status 1 when no test names a promise, or a
# test names one that is not made. DIRECTORY: another tree than this one.

root=${1:-$(dirname "$0")/../..}
cd "$root" || exit 1
contract=include/proactor/driver.hpp

tags() { # of the files, one a line
    grep -ohE '\[D[0-9]+\]' "$@" | sort -u
}

promised=$(tags "$contract")
[ -n "$promised" ] || {
    echo "tags.sh: no promise in $contract"
    exit 1
}
asserted=$(tags test/conformance/*.cpp)

bad=0
for tag in $promised; do
    echo "$asserted" | grep -qF "$tag" || {
        echo "$contract: $tag: no test in test/conformance names it"
        bad=1
    }
done
for file in test/conformance/*.cpp test/unit/*.cpp; do
    for tag in $(tags "$file"); do
        echo "$promised" | grep -qF "$tag" || {
            echo "$file: $tag: $contract promises nothing by that tag"
            bad=1
        }
    done
done
[ $bad = 0 ] && echo "$(echo "$promised" | wc -l) promises, each named by a test"
exit $bad
