#!/usr/bin/env bash
# Share of the lines of cuda/ that the tests run on the emulated device: builds the device's side of it unoptimised and
# instrumented in build/coverage, runs the tests, and prints the share of each file and of all. Fails below LEAST per cent.
#   scripts/coverage.sh [LEAST]     (default: 90)
set -euo pipefail
cd "$(dirname "$0")/.."

least=${1:-90}
mkdir -p build/coverage
find build/coverage -name '*.gcda' -delete  # before the build, which already starts the test programs: no mix of two versions
scripts/build.sh coverage -DTUMBLE_TESTS=ON
# Not the whole run that is forked at each failure: forks leave no counts, and its operations are those of the other tests.
ctest --test-dir build/coverage -R '^(operations|device_(parts|faults|arrays)|memory_use)_test/' -E 'a whole run' --output-on-failure \
    --no-tests=error --timeout 3000 --parallel "$(nproc)"
scripts/line_coverage.py build/coverage cuda --least "$least"
