#!/usr/bin/env bash
# Renews capi/abi/libtumble.abi, the committed description of the C interface that the test abi/abidiff compares with, and beside it
# constants.txt, the constants and their values (abi/constants):
#   scripts/update_abi.sh [BUILD_FOLDER [OUTPUT_FILE]]
# The tree must be built with TUMBLE_TESTS=ON: the types are read from the debug information of the C layer. Read the
# difference before you commit it: what changed or went breaks programs that are built already, and takes a new TUMBLE_ABI.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build/release}") output=$(realpath -m "${2:-capi/abi/libtumble.abi}")
described_in=$(mktemp)
trap 'rm -f "$described_in"' EXIT
# Only what callers see: exported functions and the types of the public headers. No paths, so that machines agree.
abidw --exported-interfaces-only --headers-dir include --drop-private-types --no-corpus-path --no-comp-dir-path --no-show-locs \
    --no-elf-needed --no-architecture --out-file "$described_in" "$build/capi/libtumble.so"
# Every exported function must be there with its types: a build without debug information gives names alone.
described=$(grep -c "<function-decl .* elf-symbol-id='tumble_" "$described_in" || true) exported=$(nm -D --defined-only "$build/capi/libtumble.so" | grep -c ' T tumble_')
if [[ $described -ne $exported ]]; then
    echo "update_abi.sh: $described of $exported functions are described; was the tree built with TUMBLE_TESTS=ON?" >&2
    exit 1
fi
cat "$described_in" > "$output"
if [[ $# -lt 2 ]]; then
    scripts/list_constants.sh > capi/abi/constants.txt
fi
