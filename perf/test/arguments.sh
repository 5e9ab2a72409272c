#!/bin/sh
# usage: arguments.sh HARNESS RUN_SH
#
# Both refuse the same wrong arguments with status 2 and a message, before they do anything else.

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failures=0

refused() { # MESSAGE ARGUMENT...
    message=$1
    shift
    for command in "$harness" "sh $run_sh"; do
        said=$($command "$@" 2>&1)
        status=$?
        case $status:$said in
        "2:"*"$message"*) ;;
        *)
            echo "$command $*: status $status, expected 2 and '$message'; it said: $said"
            failures=$((failures + 1))
            ;;
        esac
    done
    if [ -e "$work/f.json" ]; then
        echo "$*: left a file behind"
        failures=$((failures + 1))
    fi
}

harness=$1
run_sh=$2
refused "--json FILE is missing"
refused "--json FILE is missing" --quick
refused "--json: its value is missing" --json
refused "--only: its value is missing" --json "$work/f.json" --only
refused "no option '--fast'" --fast --json "$work/f.json"
refused "no option 'f.json'" f.json
refused "no scenario 'files'" --only files --json "$work/f.json"
refused "cannot write '$work/none/f.json'" --json "$work/none/f.json"
refused "cannot write '$work'" --json "$work"
[ "$failures" = 0 ]
