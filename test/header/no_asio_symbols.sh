#!/bin/sh
# usage: no_asio_symbols.sh LIBRARY
#
# The compiled library holds no symbol with a type of Asio's in it: their layout depends on macros
# that the user's files define and the library's do not.

symbols=$(nm "$1" | c++filt) || exit 1
[ -n "$symbols" ] || {
    echo "$1: no symbols at all"
    exit 1
}
if echo "$symbols" | grep -i asio; then
    echo "$1: these symbols are Asio's"
    exit 1
fi
echo "$1: no symbol of Asio's"
