#!/usr/bin/env bash
# The constants of tumble.h keep their values: the header against capi/abi/constants.txt. Constants that came fail as well, so that
# the list is renewed with them; so does a macro that is no integer.
set -euo pipefail
source=$1
now=$("$source/scripts/list_constants.sh")
if grep -vE '^TUMBLE_[A-Z0-9_]+ [0-9]+$' <<< "$now"; then
    echo "these macros are no whole numbers"
    exit 1
fi
if ! diff "$source/capi/abi/constants.txt" - <<< "$now"; then
    echo "The constants of tumble.h (>) are not those of capi/abi/constants.txt (<). Only additions? Run scripts/update_abi.sh."
    echo "A value that changed or went breaks programs that are built already: do not, or raise TUMBLE_ABI."
    exit 1
fi
[[ $(wc -l <<< "$now") -gt 20 ]]
echo "$(wc -l <<< "$now") constants as before"
