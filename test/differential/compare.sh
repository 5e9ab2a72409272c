#!/bin/sh
# usage: compare.sh PROGRAM EXPECTED OUTCOME
#
# Runs all bodies of the program, which leaves its outcome in OUTCOME, and compares that with the
# oracle's in EXPECTED. A difference is printed with the name of its body at the head of each hunk.

program=$1
expected=$2
outcome=$3

[ -s "$expected" ] || {
    echo "compare.sh: no outcome of the oracle in $expected"
    exit 2
}

"$program" --out "$outcome"
status=$?
[ "$status" -le 1 ] || exit "$status"

if cmp -s "$expected" "$outcome"; then
    # A hang or a crash that both share is none of the comparison's business, but it is no pass.
    exit "$status"
fi
echo "expected: $expected"
echo "outcome:  $outcome"
diff -a -U 4 -F '^\[' "$expected" "$outcome"
exit 1
