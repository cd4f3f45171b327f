#!/usr/bin/env bash
# Installs to an empty prefix and builds the C example against it, by find_package and by pkg-config, outside the source tree.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" > /dev/null
cp "$source/examples/c/"* "$work"
cmake -S "$work" -B "$work/found" -DCMAKE_PREFIX_PATH="$work/prefix" > /dev/null
cmake --build "$work/found" > /dev/null
pc=$(find "$work/prefix" -name tumble.pc)
export PKG_CONFIG_PATH=${pc%/*}
# shellcheck disable=SC2046
cc -std=c99 -Wall -Wextra -Werror -Wno-missing-field-initializers "$work/reconstruct.c" -o "$work/configured" \
    $(pkg-config --define-variable=prefix="$work/prefix" --cflags --libs tumble)
library=$(find "$work/prefix" -name 'libtumble.so')
export LD_LIBRARY_PATH=${library%/*}
for program in "$work/found/reconstruct" "$work/configured"; do
    if "$program" "$work/absent.mrcs" 0.358 Pt "$work/map.mrc" 2> "$work/said"; then
        echo "$program: expected a failure for a file that does not exist"
        exit 1
    fi
    grep -q "absent.mrcs" "$work/said" || { cat "$work/said"; exit 1; }
done
