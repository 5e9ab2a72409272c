#!/bin/sh
# usage: plain_symbols.sh NM PROGRAM
#
# Passes if the program has Asio's symbols and none of ours.

symbols=$("$1" -C "$2") || exit 2

printf '%s\n' "$symbols" | grep -q 'boost::asio::io_context' || {
    echo "plain_symbols.sh: no symbol of Asio in $2: is it stripped?"
    exit 2
}
if printf '%s\n' "$symbols" | grep -i 'proactor'; then
    echo "plain_symbols.sh: the oracle holds symbols of the library"
    exit 1
fi
