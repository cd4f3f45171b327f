#!/usr/bin/env bash
# The library leaves its host alone: leaves_alone.sh LIBRARY SOURCE. Looked at are the functions that it takes from others.
set -euo pipefail
library=$1 source=$2
undefined=$(nm -D --undefined-only "$library" | awk '{sub(/@.*/, "", $NF); print $NF}')
[[ -n $undefined ]]

forbidden=(
    # The process: its end, its copies, other programs.
    exit _exit _Exit quick_exit abort atexit on_exit fork vfork popen system 'exec[lv].*' posix_spawn.* kill raise
    # What there is one of in a process: signals, locale, environment, folder, mask, limits, rounding, threads' places, random numbers.
    signal sigaction sigprocmask pthread_sigmask sigaltstack alarm setitimer setlocale uselocale _ZNSt6locale6globalERKS_
    putenv setenv unsetenv clearenv chdir fchdir umask setrlimit setpriority fesetenv fesetround feenableexcept feupdateenv
    sched_setaffinity pthread_setaffinity_np sched_setscheduler omp_set.* mallopt srand srandom srand48
    # The terminal.
    stdout stdin printf __printf_chk vprintf __vprintf_chk puts putchar putchar_unlocked perror psignal syslog
    _ZSt4cout _ZSt4cerr _ZSt4clog _ZSt3cin
)
# Not in the list, with the reason:
#   std::terminate: the compiler calls it where an exception leaves a noexcept function or a thread; the runtime holds it anyway.
#   __assert_fail: assertions stay on in releases. One that fails is a fault of ours, and ends the host: the results would be wrong.
#   stderr, fprintf: fmt's header has a function that reports an error which it cannot throw. Nothing calls it, and below it is
#       made sure that no source of ours names a standard stream.
pattern=$(IFS='|'; echo "${forbidden[*]}")
if grep -xE "$pattern" <<< "$undefined"; then
    echo "the library uses what belongs to its host"
    exit 1
fi
if grep -rnE '\b(stdout|stderr)\b|\bstd::(cout|cerr|clog)\b|<iostream>|\bfmt::print' "$source/capi" "$source/src" "$source/include" \
    --include='*.cpp' --include='*.hpp' --exclude-dir=app; then
    echo "the library names a standard stream"
    exit 1
fi
