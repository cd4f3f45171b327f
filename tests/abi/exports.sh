#!/usr/bin/env bash
# The library exports the names of capi/exports.txt, all of them declared in the header.
set -euo pipefail
library=$1 source=$2
diff <(sort "$source/capi/exports.txt") <(nm -D --defined-only "$library" | awk '$2 == "T" {sub(/@.*/, "", $3); print $3}' | sort)
diff <(sort "$source/capi/exports.txt") <(grep -oE '\btumble_[a-z0-9_]+\(' "$source/include/tumble.h" | tr -d '(' | sort -u)
