#!/bin/sh
# usage: if_driver.sh DRIVER_AVAILABLE COMMAND...
#
# Runs the command if the driver that PROACTOR_DRIVER names can be opened; else the exit status is that
# of the program DRIVER_AVAILABLE, 77 for "skipped".

available=$1
shift
"$available" "$PROACTOR_DRIVER" || exit
exec "$@"
