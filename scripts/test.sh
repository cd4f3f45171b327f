#!/usr/bin/env bash
# Builds and runs all tests: everything in Release, with the CUDA module where a CUDA compiler can be had; the quick ones and
# those of the emulated device under the address and undefined-behaviour sanitizers; the tests of threads under the thread
# sanitizer. The last line counts them; the exit status is 0 only if none failed.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh

passed=0 failed=0 skipped=0
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# run_tests PRESET [ctest arguments]: adds what ctest says of each test to the counts.
run_tests() {
    local preset=$1 record="$results/$1.txt"
    shift
    ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --timeout 900 "$@" 2>&1 | tee "$record" ||
        echo "$preset: ctest reports failures"
    local p f s
    p=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed +[0-9.]+ sec' "$record" || true)
    s=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*\*\*\*Skipped' "$record" || true)
    f=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*\*\*\*(Failed|Timeout|Exception|Not Run)' "$record" || true)
    if [[ $((p + f + s)) -eq 0 ]]; then
        f=1
        echo "$preset: no test was run"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# Small installations of the toolkit lack the disassembler, which the gates of the machine code need.
cuda=(-DTUMBLE_CUDA=OFF)
if compiler=$(command -v cuobjdump > /dev/null && command -v nvcc || scripts/install_cuda.sh | tail -n 1) && [[ -x $compiler ]]; then
    cuda=(-DTUMBLE_CUDA=ON "-DCMAKE_CUDA_COMPILER=$compiler")
else
    skipped=1
    echo "skipped: the CUDA module (no compiler; scripts/install_cuda.sh failed)"
fi
scripts/build.sh release -DTUMBLE_TESTS=ON "${cuda[@]}"
run_tests release --parallel 2
scripts/build.sh asan
ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 run_tests asan -L "quick|device" --parallel 2
scripts/build.sh tsan
TSAN_OPTIONS=halt_on_error=1 run_tests tsan -R '^(core|fourier|c_interface)_test/.*threads'

echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 ]]
