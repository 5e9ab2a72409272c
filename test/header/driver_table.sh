#!/bin/sh
# usage: driver_table.sh PROGRAM
#
# Fails when doc/drivers.md does not hold the table that PROGRAM prints, line by line; its status is that
# of PROGRAM when that cannot print it.

page=$(dirname "$0")/../../doc/drivers.md
table=$("$1") || {
    status=$?
    echo "$table"
    exit $status
}
in_page=$(grep '^|' "$page")
[ "$table" = "$in_page" ] && exit 0
echo "driver_table.sh: $page has another table than the drivers themselves:"
echo "$table"
exit 1
