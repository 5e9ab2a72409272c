#!/bin/sh
# usage: differences.sh DIFFERENCES NEEDED...
#
# Fails for each line of DIFFERENCES that is in none of the files NEEDED, which compare.sh has left: its
# seed differs nowhere any more. Skips where a width or driver has left none.

differences=$1
shift
for file; do
    [ -e "$file" ] || {
        echo "not compared: $file"
        exit 77
    }
done

sed 's/#.*//' "$differences" | awk 'NF { print $1, $2 }' | {
    stale=0
    while read -r entry; do
        cat "$@" | grep -qx "$entry" || {
            echo "$differences: no width and driver needs the line of runners and seed $entry"
            stale=1
        }
    done
    exit $stale
}
