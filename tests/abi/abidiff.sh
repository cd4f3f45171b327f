#!/usr/bin/env bash
# Binary compatibility: the library against the committed description of its interface. A function that went, or a function or
# structure that changed, fails; functions that came are told. A structure that grew at its end fails as well, though callers
# set struct_size: abidiff cannot be told to overlook that and nothing else. scripts/update_abi.sh renews the description.
set -euo pipefail
build=$1 source=$2
baseline=$source/capi/abi/libtumble.abi
if ! command -v abidiff > /dev/null; then
    echo "skipped: no abidiff (Debian: abigail-tools)"
    exit 0
fi
if grep -q "path='/" "$baseline"; then
    echo "$baseline holds paths of a machine"
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Both sides as descriptions: the same types are left out of both.
"$source/scripts/update_abi.sh" "$build" "$work/now.abi" 2>&1
status=0
abidiff --no-added-syms "$baseline" "$work/now.abi" || status=$?
if [[ $status -ne 0 ]]; then
    echo "The binary interface is not what capi/abi/libtumble.abi says (abidiff: $status)."
    echo "Intended? Raise TUMBLE_ABI where programs that are built already would break, then run scripts/update_abi.sh."
    exit 1
fi
if ! abidiff "$baseline" "$work/now.abi"; then
    echo "Additions only: run scripts/update_abi.sh when they are settled."
fi
