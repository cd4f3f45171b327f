#!/usr/bin/env bash
# Every function of tumble.h from C99: walk.sh LIBRARY SOURCE [--memcheck]. With --memcheck under valgrind: no error, and no memory
# lost, definitely or indirectly; what libraries keep until the end of the process is theirs.
set -euo pipefail
library=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while read -r name; do
    grep -qw "$name" "$source/tests/abi/walk.c" || { echo "tests/abi/walk.c does not call $name"; exit 1; }
done < "$source/capi/exports.txt"
cc -std=c99 -g -Wall -Wextra -Werror -Wno-missing-field-initializers "$source/tests/abi/walk.c" -o "$work/walk" -I"$source/include" \
    "$library" -lm
export LD_LIBRARY_PATH=${library%/*}
if [[ ${3:-} != --memcheck ]]; then
    "$work/walk" "$work"
elif command -v valgrind > /dev/null; then
    valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --num-callers=20 "$work/walk" "$work"
else
    echo "skipped: there is no valgrind"
fi
