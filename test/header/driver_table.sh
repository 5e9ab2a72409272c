#!/bin/sh
# usage: driver_table.sh PROGRAM
#
# Fails when the first table of doc/drivers.md is not what PROGRAM prints, line by line; its status is that
# of PROGRAM when that cannot print it.

page=$(dirname "$0")/../../doc/drivers.md
table=$("$1") || {
    status=$?
    echo "$table"
    exit $status
}
in_page=$(awk '/^\|/ { print; inside = 1; next } inside { exit }' "$page")
[ "$table" = "$in_page" ] && exit 0
echo "driver_table.sh: $page has another table than the drivers themselves:"
echo "$table"
exit 1
