#!/bin/sh
# usage: perf/instructions.sh
#
# Installs what is missing, builds what it needs in build/release, and prints how many instructions
# an echo server runs in user space for a round trip of 64 bytes, on each peer and with each kind of
# session; then, for the callback session, the functions that most of them belong to. It takes half
# a minute after the build.
#
# callgrind counts, and counts what the server does alone: perf/instructions/echo_rounds.cpp. So the
# figures depend on the compiler and not on the machine's mood; each is taken twice, to show it.
# They say nothing of the kernel's part, nor how long an instruction takes: perf/run.sh does.
#
# The peers are those of perf/run.sh, on io_uring. Instructions belong to the function they were
# compiled into, what was inlined there included; instances of one template count as one function.
#
# Exit status 1: something could not be installed, built or run; 2: wrong arguments.
# PROACTOR_JOBS: how many compilers at once.

if [ $# -gt 0 ]; then
    echo "perf/instructions.sh: no argument '$1': it takes none" >&2
    echo "usage: perf/instructions.sh" >&2
    exit 2
fi

export LC_ALL=C # a point in a number, whoever prints it
export PROACTOR_DRIVER=io_uring # not what a program would fall back to

peers="proactor proactor_typed asio_epoll"
rounds=200
dearest=10

fail() {
    echo "perf/instructions.sh: $*" >&2
    exit 1
}

install_valgrind() {
    command -v valgrind >/dev/null 2>&1 && return
    command -v apt-get >/dev/null 2>&1 || fail "no valgrind and no apt-get here: install valgrind"
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        command -v sudo >/dev/null 2>&1 || fail "neither root nor sudo here, and missing: valgrind"
    fi
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y update &&
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -q -y install --no-install-recommends valgrind ||
        fail "apt-get could not install valgrind"
}

cd "$(dirname "$0")/.." || exit 1
build=$PWD/build/release
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

{
    sh tools/install.sh || exit 1
    install_valgrind
    cmake --preset release -DPROACTOR_PERF=ON &&
        cmake --build "$build" -j "${PROACTOR_JOBS:-$(nproc)}" --target \
            $(printf 'echo_rounds_%s ' $peers) || exit 1
} >&2

# Leaves callgrind's profile in $work/profile, and prints the instructions of a round trip.
measure() { # PEER SESSION
    valgrind --tool=callgrind --collect-atstart=no --toggle-collect=poll_counted \
        --compress-strings=no --compress-pos=no --callgrind-out-file="$work/profile" \
        "$build/perf/bin/echo_rounds_$1" "$2" "$rounds" >"$work/said" 2>"$work/log" || {
        cat "$work/log" >&2
        fail "echo_rounds_$1 $2 has failed under callgrind"
    }
    round_trips=$(sed -n 's/^round_trips //p' "$work/said")
    instructions=$(sed -n 's/^totals: //p' "$work/profile")
    [ "${round_trips:-0}" -gt 0 ] && [ "${instructions:-0}" -gt 0 ] ||
        fail "callgrind has counted nothing of echo_rounds_$1 $2"
    awk "BEGIN { printf \"%.1f\\n\", $instructions / $round_trips }"
}

# The functions with the most instructions of their own. After a line "calls=" stands what the
# callee used up, which is not the caller's.
list_dearest() { # PEER SESSION
    printf '\n%s, %s: of its own, instructions a round trip\n' "$1" "$2"
    awk -v round_trips="$(sed -n 's/^round_trips //p' "$work/said")" '
        # Without template arguments, parameters and what else makes it long.
        function short(name,    depth, result, i, c) {
            gsub(/\(anonymous namespace\)::/, "", name)
            gsub(/ \[clone [^]]*\]/, "", name)
            sub(/@@.*/, "", name)
            gsub(/operator\(\)/, "operator\001", name)
            gsub(/operator /, "operator\002", name)
            gsub(/->/, "\003", name)
            for (i = 1; i <= length(name); ++i) {
                c = substr(name, i, 1)
                if (c ~ /[<(]/)
                    ++depth
                else if (c ~ /[>)]/)
                    --depth
                else if (depth == 0)
                    result = result c
            }
            sub(/ const$/, "", result)
            sub(/^.* /, "", result)
            sub(/\001/, "()", result)
            sub(/\002/, " ", result)
            sub(/\003/, "->", result)
            return result
        }
        /^fn=/ { function_name = short(substr($0, 4)); next }
        /^calls=/ { getline; next }
        /^[0-9+*-]/ && NF == 2 { own[function_name] += $2 }
        END {
            for (each in own)
                printf "%10.1f  %s\n", own[each] / round_trips, each
        }
    ' "$work/profile" | sort -k 1,1nr -k 2 | head -n "$dearest"
}

echo "user-space instructions per echo round trip, server only: 64 bytes, 64 connections"
printf '%-10s %-16s %10s %10s\n' session peer first again
for session in callback coroutine; do
    for peer in $peers; do
        first=$(measure "$peer" "$session") || exit 1
        again=$(measure "$peer" "$session") || exit 1
        printf '%-10s %-16s %10s %10s\n' "$session" "$peer" "$first" "$again"
        case $session/$peer in
        callback/proactor | callback/asio_epoll)
            list_dearest "$peer" "$session" >>"$work/dearest"
            ;;
        esac
    done
done
cat "$work/dearest"
