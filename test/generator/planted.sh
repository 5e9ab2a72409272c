#!/bin/sh
# usage: planted.sh ORACLE PLANTED DIRECTORY
#
# PLANTED runs programs on the library with a fault. Shows that compare.sh fails for it and prints a
# program; that the source which it names compiles; and that this source alone makes the difference:
# Asio and the library give the oracle's outcome, the library with the fault the other one.
#
# In the environment: CXX, how to compile; ON_LIBRARY, how on the library in the place of Asio; LIBRARY,
# how to link that, and WITH_FAULT, what to add for the fault.

oracle=$1
planted=$2
directory=$3

fail() {
    echo "planted.sh: $1"
    [ ! -f "$directory/said.txt" ] || cat "$directory/said.txt"
    exit 1
}

rm -rf "$directory"
mkdir -p "$directory" || exit 1
set -- --runners 1 --seeds 1-20
"$oracle" "$@" --out "$directory/oracle.txt" || fail "the oracle fails"
sh "$(dirname "$0")/compare.sh" "$planted" "$directory/oracle.txt" "$directory/planted.txt" \
    /dev/null "$@" >"$directory/said.txt" 2>&1
status=$?
[ "$status" = 1 ] || fail "with a fault, compare.sh ends with $status"

cd "$directory" || exit 1
seed=$(sed -n 's/^seed \([0-9]*\) differs:$/\1/p' said.txt | head -n 1)
command=$(sed -n 's/^its program (also as a source: \(.*\)):$/\1/p' said.txt | head -n 1)
[ -n "$seed" ] && [ -n "$command" ] || fail "no seed, or no source"

# Behind that, the steps. What they are does not depend on the library.
"$oracle" --runners 1 --seed "$seed" >steps.txt
sed -n '/^its program/,$p' said.txt | tail -n +2 | head -n "$(wc -l <steps.txt)" >printed.txt
[ -s steps.txt ] && cmp steps.txt printed.txt || fail "these are not the steps of seed $seed"

$command >program.cpp || fail "no source from: $command"
# Two words each: shellcheck disable=SC2086
{
    $CXX -c program.cpp -o program.o &&
    $CXX program.o -pthread -o on_asio &&
    $CXX $ON_LIBRARY -c program.cpp -o program.o &&
    $CXX program.o $LIBRARY -o on_library &&
    $CXX program.o $WITH_FAULT $LIBRARY -o with_fault
} || fail "the source of seed $seed does not compile"

for program in on_asio on_library with_fault; do
    "./$program" >"$program.txt" || fail "$program ends with $?"
done
for runner in oracle planted; do
    sed -n "/^\[seed $seed\]\$/,/^end\$/p" "$runner.txt" | sed '1d;$d' >"$runner.$seed.txt"
done
cmp oracle."$seed".txt on_asio.txt || fail "on Asio the source does not do what the oracle does"
cmp oracle."$seed".txt on_library.txt || fail "on the library it differs without a fault"
! cmp -s on_library.txt with_fault.txt || fail "it does not reproduce the difference"
cmp planted."$seed".txt with_fault.txt || fail "it makes another difference"
echo "seed $seed differs, and so does its source"
