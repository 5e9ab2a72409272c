#!/bin/sh
# Does layers.sh find what it is there to find?

here=$(cd "$(dirname "$0")" && pwd) || exit 1
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/include/proactor/detail" "$tree/src/driver"

cat >"$tree/layers.txt" <<'END'
L0 include/proactor/low.hpp src/**
L1 include/proactor/*.hpp
never L0 boost/**
END

echo '#include <vector>' >"$tree/include/proactor/low.hpp"
echo '#include <proactor/low.hpp>' >"$tree/include/proactor/high.hpp"
echo '#include "../a.hpp"' >"$tree/src/driver/a.cpp"
echo >"$tree/src/a.hpp"

status=0
expect() { # STATUS TEXT
    output=$(LAYERS_ROOT=$tree LAYERS_TABLE=$tree/layers.txt sh "$here/layers.sh" 2>&1)
    found=$?
    if [ "$found" != "$1" ] || ! echo "$output" | grep -qF "$2"; then
        echo "expected $1 and '$2', got $found and '$output'"
        status=1
    fi
}

expect 0 'no upward include'

plant() { # FILE LINE TEXT
    cp "$tree/$1" "$tree/saved" 2>/dev/null
    echo "$2" >>"$tree/$1"
    expect 1 "$3"
    if [ -e "$tree/saved" ]; then mv "$tree/saved" "$tree/$1"; else rm "$tree/$1"; fi
}

plant include/proactor/low.hpp '#include <proactor/high.hpp>' '(L0): includes'
plant include/proactor/low.hpp '#  include "high.hpp"' '(L0): includes'
plant src/driver/a.cpp '#include <boost/asio.hpp>' 'never in L0'
plant src/driver/a.cpp '#include "b.hpp"' 'not there'
plant include/proactor/high.hpp '#include <proactor/none.hpp>' 'not there'
plant include/proactor/detail/c.hpp '' 'in no row'
plant layers.txt 'L0 include/proactor/h*.hpp' 'in two rows'

expect 0 'no upward include'
exit $status
