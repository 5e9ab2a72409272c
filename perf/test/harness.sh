#!/bin/sh
# usage: harness.sh HARNESS CHECKER OPEN_PROACTOR
#
# One short round of everything, and a look at the file that comes of it.

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

absent=
PROACTOR_DRIVER=epoll "$3" context 1
case $? in
0) ;;
77) absent=proactor_epoll ;;
*) exit 1 ;;
esac

# No program of ours works on this one: the harness has to name another for each.
PROACTOR_DRIVER=none "$1" --rounds 1 --milliseconds 50 --json "$work/figures.json" || exit 1
"$2" "$work/figures.json" $absent
