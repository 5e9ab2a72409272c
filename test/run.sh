#!/bin/sh
# usage: test/run.sh [debug|release|asan|tsan|newest] [ARGUMENT OF CTEST...]
#
# Installs what is missing, builds the preset in build/<preset> and runs its tests. The last line is
# "passed N, skipped M, failed K", where M counts programs that could not run and single cases that
# others left out, each named with its reason; the exit status is 0 only when tests ran and none failed.
# PROACTOR_JOBS: how many compilers at once. CI=true: tsan builds and runs the label `threads` only, newest
# (debug with the newest Boost that Debian has) Asio's objects and the libraries on top.

preset=${1:-debug}
[ $# -eq 0 ] || shift

case $preset in
debug | release | asan | tsan | newest) ;;
*)
    echo "test/run.sh: no preset '$preset': debug, release, asan, tsan or newest" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/.." || exit 1
sh tools/install.sh || exit 1

jobs=${PROACTOR_JOBS:-$(nproc)}
target=all
if [ "$preset" = tsan ] && [ "${CI:-}" = true ]; then
    target=threads_tests
    set -- "$@" -L '^threads$'
elif [ "$preset" = newest ] && [ "${CI:-}" = true ]; then
    target=newest_tests
    set -- "$@" -L '^(asio|differential|libraries)$'
fi

build=build/$preset
log=$build/test-run
mkdir -p "$build"

closing() {
    echo "passed $1, skipped $2, failed $3"
}

if [ "$preset" = newest ]; then
    PROACTOR_NEWEST_BOOST=$(sh tools/newest-boost.sh build/boost)
    case $? in
    0) export PROACTOR_NEWEST_BOOST ;;
    77)
        closing 0 1 0
        exit 0
        ;;
    *)
        closing 0 0 1
        exit 1
        ;;
    esac
fi

cmake --preset "$preset" >"$log.configure" 2>&1 || {
    cat "$log.configure"
    echo "test/run.sh: cmake --preset $preset failed"
    closing 0 0 1
    exit 1
}
NINJA_STATUS='[%f/%t, %es] ' cmake --build "$build" --target "$target" -j "$jobs" || {
    echo "test/run.sh: the build of $preset failed"
    closing 0 0 1
    exit 1
}

{
    ctest --test-dir "$build" --output-on-failure --no-tests=error -j 2 "$@"
    echo $? >"$log.status"
} 2>&1 | tee "$log.output"
status=$(cat "$log.status")

# Lines such as " 3/10 Test  #3: asio.typed.io_uring ......   Passed    0.01 sec", and in the log of
# everything the cases that a program left out.
left_out=$(grep -ho 'left out: .*' "$build/Testing/Temporary/LastTest.log" 2>/dev/null)
[ -z "$left_out" ] || echo "$left_out"
set -- $(awk '
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
        if ($0 ~ /\.* +Passed +[0-9.]+ sec/) ++passed
        else if ($0 ~ /\*\*\*Skipped/) ++skipped
        else ++failed
    }
    END { print passed + 0, skipped + 0, failed + 0 }' "$log.output")
passed=$1 skipped=$(($2 + $(printf '%s' "$left_out" | grep -c '^'))) failed=$3

if [ $((passed + skipped + failed)) -eq 0 ]; then
    echo "test/run.sh: no test ran"
    failed=1
elif [ "$status" != 0 ] && [ "$failed" = 0 ]; then
    echo "test/run.sh: ctest ended with status $status"
    failed=1
fi
closing "$passed" "$skipped" "$failed"
[ "$failed" = 0 ]
