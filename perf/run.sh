#!/bin/sh
# usage: perf/run.sh [--quick] [--only NAME] --json FILE
#
# Installs what is missing, builds the measured programs in build/release, runs them, writes the
# figures to FILE and prints tables. It takes 25 minutes; --quick measures for three minutes at
# most.
# NAME: echo, receive_stream, accept_churn, send_large, copy, file_read, file_read_fixed, post, timer
# or idle.
#
# Each figure is the median of at least five rounds, with the least and the greatest beside it. In a
# round, the peers of a variant run one after the other, in another order each time:
#   proactor          drop-in: Asio's own objects on a proactor::io_context, on io_uring
#   proactor_typed    objects whose executor type is the context's
#   proactor_epoll    drop-in again, on the epoll driver; left out where that is refused
#   asio_epoll        the same program on boost::asio::io_context
#   asio_io_uring     the same, with Asio's io_uring backend in the place of epoll
#   floor             no library: a loop around io_uring_enter(2) (floor_epoll: epoll_wait(2);
#                     floor_preadv2: files, one read at a time). receive_stream: by multishot receives;
#                     floor_stream, accept_churn: by a multishot accept; floor_zc, send_large: by SEND_ZC
#   asio_io_uring_file_each  files: with an object for each of the reads in flight
#   proactor_plain, floor_plain  file_read_fixed: without files and buffers that are registered;
#                     proactor_file: file_read's program, whose file the driver registers by itself
#   proactor_plain    receive_stream, send_large: without a stream, without a wish not to copy
#   proactor_stream   accept_churn: by an accept_stream; proactor accepts one at a time
#   proactor_zc       send_large: not copied even where that is dearer; proactor chooses
#   proactor_read_write  copy: by reads and writes; proactor is async_copy
#   cp                copy: cp --reflink=never (floor: copy_file_range(2), floor_read_write)
#   thread_pool_1, _2, _4, _32  files: pread(2) in a boost::asio::thread_pool of so many threads
# Programs with one thread stay on one processor. The figures are only as good as the machine is
# quiet: compare within a run, not between runs.
#
# Exit status 1: something that should have been measured was not; 2: wrong arguments.
# PROACTOR_JOBS: how many compilers at once.

refuse() {
    echo "perf/run.sh: $*" >&2
    echo "usage: perf/run.sh [--quick] [--only NAME] --json FILE" >&2
    exit 2
}

names="echo receive_stream accept_churn send_large copy file_read file_read_fixed post timer idle"
quick= only= json=
while [ $# -gt 0 ]; do
    case $1 in
    --quick)
        quick=--quick
        shift
        ;;
    --only | --json)
        [ -n "${2:-}" ] || refuse "$1: its value is missing"
        case $1 in
        --only) only=$2 ;;
        --json) json=$2 ;;
        esac
        shift 2
        ;;
    *)
        refuse "no option '$1'"
        ;;
    esac
done

[ -n "$json" ] || refuse "--json FILE is missing"
case " $names " in
*" ${only:-echo} "*) ;;
*) refuse "--only: no scenario '$only': $names" ;;
esac
case $json in
/*) ;;
*) json=$PWD/$json ;;
esac
there=
[ ! -e "$json" ] || there=yes
(: >>"$json") 2>/dev/null || refuse "--json: cannot write '$json'"
[ -n "$there" ] || rm -f "$json"

cd "$(dirname "$0")/.." || exit 1
build=$PWD/build/release
{
    sh tools/install.sh &&
        cmake --preset release -DPROACTOR_PERF=ON &&
        cmake --build "$build" -j "${PROACTOR_JOBS:-$(nproc)}" --target perf
} >&2 || exit 1

exec "$build/perf/bin/perf_harness" $quick ${only:+--only "$only"} --json "$json"
