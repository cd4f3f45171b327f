#!/usr/bin/env bash
# tumble as a part of another project (add_subdirectory): subdirectory.sh SOURCE [-DNAME=VALUE ...]. The whole is configured; of
# the build, which would compile the library once more, only the parent's own two files are compiled, and the steps of the rest
# are listed without being taken. (That the library can be linked is shown on the installed one.)
set -euo pipefail
source=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$source/tests/abi/consumers" "$work/"
cmake -S "$work/consumers/parent" -B "$work/build" -G Ninja -DTUMBLE_SOURCE="$source" "$@" > /dev/null
cd "$work/build"
mapfile -t own < <(ninja -t targets all | grep -oE '^CMakeFiles/client(_in_c)?\.dir/[^:]*\.o:' | tr -d :)
[[ ${#own[@]} -eq 2 ]] || { echo "expected two object files of the parent: ${own[*]}"; exit 1; }
ninja "${own[@]}" > /dev/null

# What the parent's targets take: the libraries. What all takes beyond that: the static C interface.
ninja -n client client_in_c > steps
grep -q 'libtumble_core.a' steps && grep -q 'libtumble.so' steps || { echo "the libraries are not linked"; exit 1; }
ninja -n > all
if grep -E 'src/app|benchmark|_test|catch' all; then
    echo "the program, benchmarks or tests of a part are built"
    exit 1
fi
if grep -q 'Test *#' <<< "$(ctest -N)"; then
    echo "tests of a part are added to the parent's"
    exit 1
fi
cmake --install . --prefix "$work/prefix" > /dev/null
if [[ -n $(find "$work/prefix" -type f 2> /dev/null) ]]; then
    echo "a part is installed with the parent"
    exit 1
fi
