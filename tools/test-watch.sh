#!/bin/sh
# usage: test-watch.sh SECONDS COMMAND [ARGUMENT...]
#
# Runs COMMAND and exits with its status. If it is still running after SECONDS, prints the stacks
# of all its threads and those of its child processes, kills them and exits 1.

seconds=$1
shift

state=$(mktemp -d) || exit 1
trap 'rm -rf "$state"' EXIT

family() { # the process and everything it started
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        family "$child"
    done
}

watch() {
    trap 'kill "$sleeper" 2>/dev/null; exit 0' TERM
    sleep "$seconds" </dev/null >/dev/null 2>&1 &
    sleeper=$!
    wait "$sleeper"

    program=$(cat "$state/pid") && kill -0 "$program" 2>/dev/null || return
    : >"$state/expired"
    processes=$(family "$program")
    echo "test-watch: not done after $seconds s: $command"
    for process in $processes; do
        if command -v gdb >/dev/null 2>&1; then
            timeout 8 gdb -nx -q -batch -iex 'set debuginfod enabled off' -p "$process" \
                -ex 'thread apply all backtrace' 2>&1 </dev/null | grep -v '^\[New LWP'
        else
            echo "test-watch: no gdb, no stacks of process $process"
        fi
    done
    kill -KILL $processes 2>/dev/null
}

command=$*
watch &
watcher=$!

# In the foreground, because a shell makes its background commands ignore SIGINT.
sh -c 'echo $$ >"$0"; exec "$@"' "$state/pid" "$@"
status=$?

if [ -e "$state/expired" ]; then
    wait "$watcher"
    exit 1
fi
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$status"
