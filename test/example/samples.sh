#!/bin/sh
# usage: samples.sh PAGE SOURCE
#
# Fails unless each C++ sample of PAGE stands in SOURCE, line by line, however indented.

awk '
function plain(line) { sub(/^ +/, "", line); sub(/ +$/, "", line); return line "\n" }
FNR == NR { source = source plain($0); next }
/^```cpp$/ { inside = 1; sample = "\n"; first = FNR; next }
inside && /^```$/ {
    inside = 0
    ++samples
    if (!index("\n" source, sample)) {
        print "samples.sh: the sample of line " first " stands not in the source:" sample
        missing = 1
    }
    next
}
inside { sample = sample plain($0) }
END {
    if (!samples) print "samples.sh: no samples"
    exit missing || !samples
}' "$2" "$1"
