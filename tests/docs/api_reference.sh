#!/usr/bin/env bash
# The API reference of the public headers is made without a warning, and every name of tumble.h has a comment:
# api_reference.sh SOURCE OUTPUT
set -euo pipefail
source=$1 output=$(realpath -m "$2")
if ! command -v doxygen > /dev/null; then
    echo "skipped: doxygen is not there"
    exit 0
fi
mkdir -p "$output"
cd "$source"
{ cat docs/Doxyfile && echo "OUTPUT_DIRECTORY = \"$output\""; } | doxygen -
pages=$(find "$output/html" -name '*_8h.html' -o -name '*_8hpp.html' | wc -l)
if [[ $pages -lt 2 ]]; then
    echo "found $pages pages of headers below $output/html, expected one a header"
    exit 1
fi
echo "$pages pages of headers"

# without_comment HEADER: what Doxygen says of it; names without a comment are errors.
without_comment() {
    { cat docs/Doxyfile && echo "OUTPUT_DIRECTORY = \"$output/comments\"" && echo 'EXTRACT_ALL = NO' && echo "INPUT = $1"; } | doxygen - 2>&1
}
mkdir -p "$output/comments"
without_comment include/tumble.h
# It does find one: the same header with a name more.
sed 's|^TUMBLE_API int32_t tumble_abi_number(void);|&\nTUMBLE_API int32_t tumble_bare(void);|' include/tumble.h > "$output/tumble.h"
if found=$(without_comment "$output/tumble.h") || [[ $found != *tumble_bare* ]]; then
    echo "a function without a comment is not noticed: $found"
    exit 1
fi
