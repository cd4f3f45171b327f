#!/usr/bin/env bash
# The API reference of the public headers is made without a warning: api_reference.sh SOURCE OUTPUT
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
