#!/bin/sh
# usage: harness.sh HARNESS CHECKER
#
# One short round of everything, and a look at the file that comes of it.

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

"$1" --rounds 1 --milliseconds 50 --json "$work/figures.json" || exit 1
"$2" "$work/figures.json"
