#!/usr/bin/env bash
# The library exports the names of capi/exports.txt, all of them declared in the header, and needs nothing of the process that
# a library must leave alone.
set -euo pipefail
library=$1 source=$2
diff <(sort "$source/capi/exports.txt") <(nm -D --defined-only "$library" | awk '$2 == "T" {sub(/@.*/, "", $3); print $3}' | sort)
diff <(sort "$source/capi/exports.txt") <(grep -oE '\btumble_[a-z0-9_]+\(' "$source/include/tumble.h" | tr -d '(' | sort -u)
# exit, abort and the like would end the host; signal handlers, locale and working directory are the host's.
if nm -D --undefined-only "$library" | awk '{sub(/@.*/, "", $NF); print $NF}' |
    grep -xE 'exit|_exit|quick_exit|signal|sigaction|setlocale|chdir|putenv|setenv|umask|fesetenv|fesetround'; then
    echo "the library uses what belongs to its host"
    exit 1
fi
