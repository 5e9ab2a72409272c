#!/bin/sh
# usage: scan.sh ODR-SCAN FILES.SH
#
# Scans files of each kind; FILES.SH says where they are.

scan=$1
. "$2"
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
failed=0

expect() { # STATUS TEXT FILE...
    status=$1 text=$2
    shift 2
    output=$(sh "$scan" "$@" 2>&1)
    found=$?
    if [ "$found" != "$status" ] || ! printf '%s\n' "$output" | grep -qF -- "$text"; then
        printf "%s: expected %s and '%s', got %s and:\n%s\n" \
            "$*" "$status" "$text" "$found" "$output"
        failed=1
    fi
}

# Object files
expect 0 "$plain: plain" "$plain"
expect 0 "$plain_optimised: plain" "$plain_optimised"
expect 0 "$typed: typed" "$typed"
expect 0 "$drop_in: drop_in" "$drop_in"
expect 0 "$precompiled: drop_in" "$precompiled"
expect 0 "$typed: typed" "$typed" "$plain"
expect 1 "two definitions" "$plain" "$drop_in"
expect 1 "two definitions" "$drop_in" "$plain_optimised"
expect 1 "two definitions" "$typed" "$drop_in"
[ -z "${at_link-}" ] || expect 3 "$at_link: unknown: compiled at the link" "$at_link" "$drop_in"

# Static libraries
expect 0 "(engine.cpp.o): neither" "$proactor"
expect 0 "(engine.cpp.o): neither" "$proactor" "$drop_in"
expect 1 "two definitions" "$archive"
expect 1 "(session.cpp.o): plain" "$archive"
expect 1 "(session.cpp.o) no. 2: drop_in" "$archive"

# Programs
expect 0 "$program_plain: plain" "$program_plain"
expect 0 "$program_drop_in: drop_in" "$program_drop_in"
expect 1 "$program_mixed: mixed" "$program_mixed"
expect 1 "$program_mixed_optimised: mixed" "$program_mixed_optimised"
expect 1 "$program_two_widths: mixed" "$program_two_widths"

# Shared libraries
expect 0 "$shared: plain" "$shared"
expect 1 "two definitions" "$shared" "$program_drop_in"
expect 0 "$shared_hidden: hidden" "$shared_hidden" "$program_drop_in"

# Stripped: the marks are all that is left, or what a library shows.
for name in program_plain program_drop_in program_two_widths shared; do
    eval "file=\$$name"
    "$strip" -o "$folder/$name" "$file" || exit 2
done
expect 3 "program_plain: unknown: stripped" "$folder/program_plain"
expect 3 "program_drop_in: unknown: stripped, with parts of width drop_in" "$folder/program_drop_in"
expect 1 "program_two_widths: mixed" "$folder/program_two_widths"
expect 1 "two definitions" "$folder/shared" "$program_drop_in"
expect 1 "two definitions" "$folder/program_plain" "$plain" "$drop_in"

# Bad input: nothing is scanned, and every file is named.
: >"$folder/empty"
echo text >"$folder/text"
head -c 100 "$plain" >"$folder/cut"
expect 2 "usage: odr-scan FILE..."
expect 2 "$folder/absent: no such file" "$folder/absent" "$plain"
expect 2 "$folder: cannot be read" "$folder"
for name in empty text cut; do
    expect 2 "$folder/$name: neither an object file" "$plain" "$folder/$name"
done
expect 2 "$folder/text: neither" "$folder/empty" "$folder/text"
cp "$drop_in" "$folder/-a name with spaces.o"
(cd "$folder" && sh "$scan" -- "-a name with spaces.o") >"$folder/output" 2>&1
grep -qxF -- "-a name with spaces.o: drop_in" "$folder/output" || {
    echo "a file of an odd name:"
    cat "$folder/output"
    failed=1
}
exit "$failed"
