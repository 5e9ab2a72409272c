#!/bin/bash
# usage: perf/compilation.sh [LIMIT]
#
# What a user pays for each of his files: user CPU of a translation unit with Beast and drop-in,
# against the same unit on plain Asio, without optimisation and without a precompiled header. Fails
# above LIMIT (1.15) times. The compilers take turns, five times, and the medians count. Other
# processes can only add to a ratio, so one above the limit is measured again, at most twice.

limit=${1:-1.15}
cd "$(dirname "$0")/.." || exit 1
export CCACHE_DISABLE=1

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

unit() { # NAMESPACE HEADER
    cat <<END
#include <boost/beast.hpp>
#include <$2>

int main()
{
    $1::io_context context;
    boost::beast::tcp_stream stream(context);
}
END
}
unit boost::asio boost/asio.hpp >"$folder/plain.cpp"
unit proactor proactor.hpp >"$folder/drop_in.cpp"

compile() { # NAME OPTION...: adds "NAME seconds" to the file times
    local TIMEFORMAT="$1 %U" name=$1
    shift
    { time "${CXX:-g++}" -std=c++20 -O0 "$@" -c -o "$folder/object" "$folder/$name.cpp" 2>&3; } \
        3>&2 2>>"$folder/times" || {
        echo "perf/compilation.sh: $name does not compile"
        exit 2
    }
}

for round in 1 2 3; do
    : >"$folder/times"
    for turn in 1 2 3 4 5; do
        compile plain
        compile drop_in -I include/proactor/drop_in -I include
    done
    sort -k 1,1 -k 2n "$folder/times" | awk -v limit="$limit" '
        { seconds[$1, ++turns[$1]] = $2 }
        END {
            plain = seconds["plain", 3]
            drop_in = seconds["drop_in", 3]
            printf "user CPU of one Beast translation unit: " \
                "plain %.2f s, drop-in %.2f s, %.2f times\n", plain, drop_in, drop_in / plain
            exit drop_in > limit * plain
        }' && exit 0
done
echo "perf/compilation.sh: above $limit times"
exit 1
