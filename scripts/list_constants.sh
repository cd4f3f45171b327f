#!/usr/bin/env bash
# The constants of tumble.h with their values, one a line, by name: scripts/list_constants.sh [HEADER]
# Programs that are built already hold the values, not the names; capi/abi/constants.txt is what they were promised.
set -euo pipefail
header=${1:-$(dirname "$0")/../include/tumble.h}
LC_ALL=C
export LC_ALL
# TUMBLE_H and TUMBLE_API are the header's own business. What has arguments is no constant, and has no place there.
"${CC:-cc}" -E -dM -x c "$header" | sed -n 's/^#define \(TUMBLE_[A-Za-z0-9_()]*\) *\(.*\)$/\1 \2/p' | grep -vE '^TUMBLE_(H|API)( |$)' | sort
