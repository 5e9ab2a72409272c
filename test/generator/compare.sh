#!/bin/sh
# usage: compare.sh PROGRAM EXPECTED OUTCOME DIFFERENCES --runners N --seeds A-B
#
# Runs the seeds on the program and compares each outcome with the oracle's in EXPECTED. A seed that
# differs is printed with its difference and its program, unless DIFFERENCES has a line for it; the
# lines that were needed are left in OUTCOME.needed, for differences.sh.

program=$1
expected=$2
outcome=$3
differences=$4
shift 4
runners=$2

[ -s "$expected" ] || {
    echo "compare.sh: no outcome of the oracle in $expected"
    exit 2
}

"$program" "$@" --out "$outcome"
status=$?
[ "$status" -le 1 ] || exit "$status"

# Each outcome is from "[seed N]" to "end".
differing=$(awk '
    function finish() { if (FILENAME == first) want[seed] = text; else got[seed] = text }
    FNR == 1 && first == "" { first = FILENAME }
    /^\[seed [0-9]+\]$/ { seed = substr($2, 1, length($2) - 1); text = ""; next }
    /^end$/ { finish(); next }
    { text = text $0 "\n" }
    END { for (s in got) if (got[s] != want[s] || got[s] ~ /(^|\n)(HANG|CRASH)/) print s }
    ' "$expected" "$outcome" | sort -n)

failed=0
: >"$outcome.needed"
for seed in $differing; do
    if grep -q "^ *$runners  *$seed  *[^ ]" "$differences"; then
        echo "seed $seed differs, as $differences says"
        echo "$runners $seed" >>"$outcome.needed"
        continue
    fi
    failed=$((failed + 1))
    [ "$failed" -le 5 ] || continue
    echo "seed $seed differs:"
    for file in "$expected" "$outcome"; do
        sed -n "/^\[seed $seed\]\$/,/^end\$/p" "$file" >"$outcome.$seed.$(basename "$file")"
    done
    diff -a -U 1 "$outcome.$seed.$(basename "$expected")" "$outcome.$seed.$(basename "$outcome")"
    rm -f "$outcome.$seed".*
    echo "its program (also as a source: $program --runners $runners --seed $seed --source):"
    "$program" --runners "$runners" --seed "$seed"
done
[ "$failed" = 0 ] || echo "$failed seeds differ: $(echo $differing)"
[ "$failed" = 0 ]
