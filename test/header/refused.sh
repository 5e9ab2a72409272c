#!/bin/sh
# usage: refused.sh FILE COMPILER [ARGUMENT...]
#
# The compiler must refuse FILE, with a message in which each text stands that a line "// expect: TEXT" of
# FILE names, and accept a FILE without such a line.

file=$1
shift
message=$(LC_ALL=C "$@" -fsyntax-only "$file" 2>&1)
status=$?
expected=$(sed -n 's|^// expect: ||p' "$file")

fail() {
    echo "$message"
    echo "$file: $1"
    exit 1
}

if [ -z "$expected" ]; then
    [ $status = 0 ] || fail "was refused"
    exit 0
fi
[ $status != 0 ] || fail "was accepted"
echo "$expected" | while IFS= read -r text; do
    echo "$message" | grep -qF -e "$text" || fail "the message does not say '$text'"
done
