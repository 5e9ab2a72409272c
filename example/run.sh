#!/bin/sh
# usage: example/run.sh [--build-dir DIR]
#
# Installs what is missing, builds the examples in build/release, serves files over HTTP to curl and
# wrk, stops the server with SIGINT, and shows the migration of an Asio program. Exit status 0: every
# check held; the checks that did not are on stderr.
#
# --build-dir DIR: takes the programs of that build tree as they are; installs and builds nothing.
# EXAMPLE_LARGE_MIB (64): size of the large file. EXAMPLE_LOAD_SECONDS (2): how long wrk runs; 0: not.

large_mib=${EXAMPLE_LARGE_MIB:-64}
load_seconds=${EXAMPLE_LOAD_SECONDS:-2}
small_files=1000
build=

while [ $# -gt 0 ]; do
    case $1 in
    --build-dir)
        build=$(cd "${2:?--build-dir: its value is missing}" && pwd) || exit 2
        shift 2
        ;;
    *)
        echo "usage: example/run.sh [--build-dir DIR]" >&2
        exit 2
        ;;
    esac
done

cd "$(dirname "$0")/.." || exit 1
if [ -z "$build" ]; then
    build=$PWD/build/release
    sh tools/install.sh || exit 1
    cmake --preset release || exit 1
    cmake --build "$build" -j "${PROACTOR_JOBS:-$(nproc)}" \
        --target file_server migrate_before migrate_after || exit 1
fi
server=$build/example/file_server/file_server

work=$(mktemp -d) || exit 1
keeper=
clean_up() {
    if [ -n "$keeper" ] && [ ! -s "$work/status" ]; then # something went wrong: the server still runs
        wait_for 2 test -s "$work/pid" && kill -KILL "$(cat "$work/pid")" 2>/dev/null
        wait "$keeper" # it writes the status
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- checks -----------------------------------------------------------------------------------

failures=0
held() { echo "ok      $1"; }
failed() {
    echo "FAILED  $1${2:+: $2}" >&2
    failures=$((failures + 1))
}
check() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then held "$what"; else failed "$what" "$*"; fi
}
check_equal() { # WHAT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then held "$1"; else failed "$1" "expected '$2', got '$3'"; fi
}
sha() { sha256sum <"$1" | cut -d ' ' -f 1; }
check_same_file() { # WHAT EXPECTED ACTUAL
    if [ -f "$3" ]; then check_equal "$1" "$(sha "$2")" "$(sha "$3")"; else failed "$1" "no file"; fi
}
wait_for() { # SECONDS COMMAND...
    tenths=$(($1 * 10))
    shift
    until "$@"; do
        [ "$tenths" -gt 0 ] || return 1
        tenths=$((tenths - 1))
        sleep 0.1
    done
}
give_up() {
    failed "$@"
    cat "$work/server.out" "$work/server.err" >&2
    exit 1
}

# --- the server -------------------------------------------------------------------------------

root=$work/root
mkdir -p "$root/small" "$root/folder" "$work/got/small"
head -c $((large_mib * 1024 * 1024)) /dev/urandom >"$root/large.bin"
printf x >"$root/one.bin"
: >"$root/empty.bin"
echo '<p>index' >"$root/folder/index.html"
echo 'not for you' >"$work/secret.txt"
ln -s ../secret.txt "$root/link.txt"
ln -s .. "$root/linked"
i=1
while [ $i -le $small_files ]; do
    echo "small file $i" >"$root/small/$i.txt"
    i=$((i + 1))
done

for arguments in "" "--root $work/missing" "--root $root --port 65536" "--root $root --prot 1"; do
    # shellcheck disable=SC2086
    timeout 10 "$server" $arguments >/dev/null 2>"$work/usage"
    status=$?
    check_equal "bad arguments '$(echo "$arguments" | sed "s|$work/||")' are refused" 2 $status
    check "... with a message" grep -q '^file_server: ' "$work/usage"
done

{
    sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" \
        "$server" --root "$root" --port 0 --port-file "$work/port"
    echo $? >"$work/status"
} >"$work/server.out" 2>"$work/server.err" </dev/null &
keeper=$!

started() { [ -s "$work/port" ] || [ -s "$work/status" ]; }
ended() { [ -s "$work/status" ]; }
wait_for 20 started && ! ended || give_up "the server starts"
port=$(cat "$work/port")
url=http://127.0.0.1:$port
check "it says where it listens" grep -q "^listening on 127.0.0.1:$port\$" "$work/server.out"
check "it names its driver" grep -q '^driver: .' "$work/server.out"

# --- fetching ---------------------------------------------------------------------------------

unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
got=$work/got
fetch() { curl -q -sS --no-progress-meter --path-as-is --max-time 60 "$@" 2>>"$work/curl.err"; }

# Sends the decoded argument and a line end as they are and prints what comes back: gopher is the
# one protocol of curl's that adds nothing of its own.
send_raw() { fetch -o - "gopher://127.0.0.1:$port/_$1"; }

for name in large one empty; do
    fetch -o "$got/$name.bin" "$url/$name.bin"
    check_same_file "$name.bin arrives, $(wc -c <"$root/$name.bin") bytes" \
        "$root/$name.bin" "$got/$name.bin"
done

connections=$(fetch -Z --parallel-max 8 -w '%{num_connects}\n' -o "$got/small/#1.txt" \
    "$url/small/[1-$small_files].txt" | awk '{ sum += $1 } END { print sum + 0 }')
(cd "$root/small" && sha256sum -- *.txt) >"$work/small.sha256"
same_small_files() { (cd "$got/small" && sha256sum -c --status "$work/small.sha256"); }
check "$small_files small files arrive" same_small_files
check "... over $connections connections that are kept alive" \
    test "$connections" -ge 1 -a "$connections" -le 40

first=1000003
last=$((first + 300000))
status=$(fetch -r $first-$last -D "$work/headers" -o "$got/part.bin" -w '%{http_code}' "$url/large.bin")
tail -c +$((first + 1)) "$root/large.bin" | head -c $((last - first + 1)) >"$work/part.bin"
check_equal "a byte range is answered with 206" 206 "$status"
check "... with its place in the file" grep -qi \
    "^content-range: bytes $first-$last/$((large_mib * 1024 * 1024))" "$work/headers"
check_same_file "... with these bytes" "$work/part.bin" "$got/part.bin"

fetch -I -o "$work/headers" "$url/large.bin"
check "HEAD tells the length" grep -qi \
    "^content-length: $((large_mib * 1024 * 1024))" "$work/headers"
check_equal "a folder is its index.html" 200 \
    "$(fetch -o "$got/index.html" -w '%{http_code}' "$url/folder/")"

send_raw "GET%20/one.bin%20HTTP/1.1%0d%0aHost:%20a%0d%0a%0d%0aGET%20/small/7.txt%20HTTP/1.1%0d%0a\
Host:%20a%0d%0aConnection:%20close%0d%0a" >"$work/pipelined"
check_equal "two requests in one packet have two answers" 2 "$(grep -c '200 OK' "$work/pipelined")"
check "... in their order" sh -c 'tail -n 1 "$1" | grep -q "^small file 7$"' sh "$work/pipelined"

# --- what it refuses --------------------------------------------------------------------------

check_status() { # EXPECTED WHAT CURL-ARGUMENT...
    expected=$1 what=$2
    shift 2
    check_equal "$what: $expected" "$expected" "$(fetch -o "$work/refused" -w '%{http_code}' "$@")"
    if grep -q 'not for you' "$work/refused" 2>/dev/null; then
        failed "$what" "the file outside of the root was served"
    fi
    rm -f "$work/refused"
}

check_status 404 "a missing file" "$url/missing"
check_status 404 "a folder without an index" "$url/small/"
check_status 404 "a path below a file" "$url/one.bin/x"
check_status 405 "POST" -d 'some body' "$url/one.bin"
check_status 405 "DELETE" -X DELETE "$url/one.bin"
check_status 416 "a range behind the end" -r 5- "$url/one.bin"
fetch -r 5- -D "$work/headers" -o /dev/null "$url/one.bin"
check "... which tells the size" grep -qi '^content-range: bytes \*/1' "$work/headers"
check_status 400 "a target without a slash" --request-target one.bin "$url/"
check_status 400 "a broken escape" "$url/one%zz.bin"
check_status 400 "a request without a host" -H 'Host:' "$url/one.bin"
check_status 400 "a method with a space" -X 'GET ME' "$url/one.bin"
check_status 431 "a header of 20,000 bytes" -H "X-Long: $(head -c 20000 /dev/zero | tr '\0' x)" \
    "$url/one.bin"
check_status 400 "a path to the parent" "$url/../secret.txt"
check_status 400 "... encoded" "$url/%2e%2e/secret.txt"
check_status 400 "... with an encoded slash" "$url/small/..%2f..%2fsecret.txt"
check_status 400 "... and back" "$url/small/../one.bin"
check_status 400 "an encoded zero" "$url/one.bin%00.txt"
check_status 404 "a link out of the root" "$url/link.txt"
check_status 404 "a folder linked out of the root" "$url/linked/secret.txt"
send_raw 'this%20is%20not%20HTTP%0d%0a' >"$work/malformed"
check "what is no HTTP at all: 400" grep -q '^HTTP/1.1 400 Bad Request' "$work/malformed"
check_status 200 "... and the server goes on" "$url/one.bin"

# --- load -------------------------------------------------------------------------------------

if [ "$load_seconds" -gt 0 ] && command -v wrk >/dev/null 2>&1; then
    timeout $((load_seconds + 20)) wrk -t1 -c64 -d"${load_seconds}s" "$url/small/1.txt" >"$work/wrk" 2>&1
    check_equal "wrk loads it over 64 connections for $load_seconds s" 0 $?
    if grep -E 'Socket errors|Non-2xx' "$work/wrk" >"$work/wrk.errors"; then
        failed "... without errors" "$(cat "$work/wrk.errors")"
    else
        held "... without errors:$(grep 'requests in' "$work/wrk" | sed 's/  */ /g')"
    fi
fi

# --- the end ----------------------------------------------------------------------------------

# A transfer that is under way when the signal comes must reach its end.
fetch --limit-rate "$((large_mib * 512 * 1024))" -o "$got/slow.bin" "$url/large.bin" &
slow=$!
wait_for 10 test -s "$got/slow.bin" || failed "a slow transfer starts"
! ended || give_up "the server is alive before SIGINT"
kill -INT "$(cat "$work/pid")"
wait_for 20 ended || give_up "SIGINT ends the server within 20 s"
check_equal "SIGINT ends the server with status" 0 "$(cat "$work/status")"
wait $slow
check_same_file "... after the transfer under way" "$root/large.bin" "$got/slow.bin"

word() { awk -v name="$1: " -v n="$2" 'index($0, name) == 1 { print $n }' "$work/server.out"; }
requests=$(word 'requests served' 3)
bytes=$(word 'bytes sent' 3)
check "it counted its requests" test "${requests:-0}" -gt $small_files
check "it counted its bytes" test "${bytes:-0}" -gt $((2 * large_mib * 1024 * 1024))
check "the kernel sent the files" grep -q '^files: sent by the kernel, [1-9]' "$work/server.out"
check_equal "open descriptors at the end as at the start" \
    "$(word 'open descriptors' 4)" "$(word 'open descriptors' 6)"
check_equal "no operation in flight at the end, as at the start" \
    "0 (at the start 0)" "$(sed -n 's/^operations in flight: //p' "$work/server.out")"
check "it had nothing to complain about" test ! -s "$work/server.err"
[ ! -s "$work/server.err" ] || cat "$work/server.err" >&2

echo
cat "$work/server.out"
echo

# --- the migration ----------------------------------------------------------------------------

diff -u example/migrate/before.cpp example/migrate/after.cpp >"$work/diff"
sed -n '3,$p' "$work/diff"
check_equal "the migration is one line" "1 1" \
    "$(diff example/migrate/before.cpp example/migrate/after.cpp |
        awk '/^</ { ++old } /^>/ { ++new } END { print old + 0, new + 0 }')"
for version in before after; do
    timeout 20 "$build/example/migrate/migrate_$version" >"$work/$version.out" 2>&1
    check_equal "migrate_$version runs" 0 $?
done
cat "$work/after.out"
check_same_file "... and both print the same" "$work/before.out" "$work/after.out"

echo
if [ $failures -gt 0 ]; then
    echo "example/run.sh: $failures checks failed" >&2
    [ ! -s "$work/curl.err" ] || sed 's/^/curl said: /' "$work/curl.err" | sort | uniq -c >&2
    exit 1
fi
echo "example/run.sh: every check held"
