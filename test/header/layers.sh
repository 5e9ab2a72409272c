#!/bin/sh
# usage: layers.sh [--map]
#
# Checks that no file of include/ and src/ includes a layer above its own, by the table layers.txt
# beside this script (LAYERS_ROOT, LAYERS_TABLE: another tree, another table). Exit status 1 and one
# line per offence when one does. --map prints the layers and their files instead.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
table=$(realpath "${LAYERS_TABLE:-$here/layers.txt}") || exit 1
cd "${LAYERS_ROOT:-$here/../..}" || exit 1

files=$(find include src -type f \( -name '*.?pp' -o -name '*.h' -o -name '*.c' \) | LC_ALL=C sort)
[ -n "$files" ] || {
    echo "layers.sh: no files in $PWD"
    exit 1
}

awk -v map="${1:-}" -v files="$files" '
function offence(text) { print text; bad = 1 }

function regex(pattern) {
    gsub(/[.+?(){}|^$]/, "\\\\&", pattern)
    gsub(/\*\*/, "\001", pattern)
    gsub(/\*/, "[^/]*", pattern)
    gsub(/\001/, ".*", pattern)
    return "^" pattern "$"
}

function layer_of(file,    i, found) {
    if (file in exact) return exact[file]
    found = ""
    for (i = 1; i <= patterns; ++i)
        if (file ~ pattern[i]) {
            if (found != "" && found != pattern_layer[i])
                offence(file ": in two rows of layers.txt, " found " and " pattern_layer[i])
            found = pattern_layer[i]
        }
    return found
}

function normal(path,    parts, n, i, out, depth) {
    n = split(path, parts, "/")
    depth = 0
    for (i = 1; i <= n; ++i)
        if (parts[i] == ".." && depth) --depth
        else if (parts[i] != ".") out[++depth] = parts[i]
    path = out[1]
    for (i = 2; i <= depth; ++i) path = path "/" out[i]
    return path
}

function resolve(file, header, quoted,    folder) {
    folder = file
    sub(/[^\/]*$/, "", folder)
    if (quoted && normal(folder header) in layer) return normal(folder header)
    if (normal("include/" header) in layer) return normal("include/" header)
    if (normal("src/" header) in layer) return normal("src/" header)
    return ""
}

function check(file, line,    header, quoted, target, where, i) {
    quoted = line ~ /include(_next)?[ \t]*"/
    header = line
    sub(/^[^<"]*[<"]/, "", header)
    sub(/[>"].*/, "", header)

    for (i = 1; i <= nevers; ++i)
        if ((never_where[i] == layer[file] || file ~ regex(never_where[i])) && header ~ never[i])
            offence(file ": includes " header ", never in " never_where[i])

    target = resolve(file, header, quoted)
    if (target == "") {
        if (quoted || header ~ /^proactor[\/.]/)
            offence(file ": includes " header ", which is not there")
    }
    else if (substr(layer[target], 2) + 0 > substr(layer[file], 2) + 0)
        offence(file " (" layer[file] "): includes " target " (" layer[target] ")")
}

/^[ \t]*(#|$)/ { next }
$1 == "never" {
    for (i = 3; i <= NF; ++i) { never_where[++nevers] = $2; never[nevers] = regex($i) }
    next
}
$1 ~ /^L[0-9]+$/ {
    if (!($1 in seen)) { seen[$1] = 1; order[++layers] = $1 }
    for (i = 2; i <= NF; ++i)
        if ($i ~ /\*/) { pattern[++patterns] = regex($i); pattern_layer[patterns] = $1 }
        else if ($i in exact) offence($i ": in two rows of layers.txt")
        else exact[$i] = $1
    next
}
{ offence("layers.txt:" NR ": a row begins with L<n> or never") }

END {
    count = split(files, file, "\n")
    for (i = 1; i <= count; ++i) {
        layer[file[i]] = layer_of(file[i])
        if (layer[file[i]] == "") offence(file[i] ": in no row of layers.txt")
    }
    if (map == "--map") {
        for (l = 1; l <= layers; ++l) {
            print order[l]
            for (i = 1; i <= count; ++i) if (layer[file[i]] == order[l]) print "    " file[i]
        }
        exit bad
    }
    for (i = 1; i <= count; ++i)
        if (layer[file[i]] != "") {
            while ((getline line < file[i]) > 0)
                if (line ~ /^[ \t]*#[ \t]*include(_next)?[ \t]*[<"]/) check(file[i], line)
            close(file[i])
        }
    for (name in exact) if (!(name in layer)) print "layers.txt: note: no such file: " name
    if (!bad) print count " files in " layers " layers, no upward include"
    exit bad
}' "$table"
