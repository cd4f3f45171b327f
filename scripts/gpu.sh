#!/usr/bin/env bash
# Everything that a card can prove about the CUDA backend, in under 10 minutes on a machine that has CUDA, CMake and a compiler:
# build, every operation test against the CPU, bitwise repeats, with and without graphs, the sample from images to atoms on the
# card and on the CPU, compute-sanitizer, benchmark. Needs no network: where the libraries that tumble is built from are missing, run
# scripts/pack_for_gpu.sh on a machine that has them and bring build/gpu_kit along.
#   scripts/gpu.sh [RESULTS]     folder for the figures (default: build/gpu_results); exit status 0 only if all of it passed
set -uo pipefail
cd "$(dirname "$0")/.."

results=${1:-build/gpu_results}
mkdir -p "$results"
tree=build/gpu
failed=()
step() {  # step NAME COMMAND...: runs it, keeps what it prints, notes a failure and goes on
    local name=$1 started=$SECONDS
    shift
    echo "== $name"
    if "$@" > "$results/$name.txt" 2>&1; then
        echo "   passed in $((SECONDS - started)) s: $(tail -n 1 "$results/$name.txt")"
    else
        echo "   FAILED with status $? after $((SECONDS - started)) s; the end of $results/$name.txt:"
        tail -n 15 "$results/$name.txt"
        failed+=("$name")
    fi
}

machine() {
    nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem,memory.total --format=csv,noheader &&
        nvcc --version | tail -n 2 && cmake --version | head -n 1 && c++ --version | head -n 1 && date --iso-8601
}
build() {
    local kit=()
    if [[ -d build/gpu_kit ]]; then kit=("-DCMAKE_PREFIX_PATH=$PWD/build/gpu_kit"); fi
    cmake -S . -B $tree -G "$(command -v ninja > /dev/null && echo Ninja || echo 'Unix Makefiles')" -DCMAKE_BUILD_TYPE=Release \
        -DTUMBLE_CUDA=ON -DTUMBLE_CUDA_ARCHITECTURES=native -DTUMBLE_HDF5=OFF -DTUMBLE_TESTS=ON -DTUMBLE_INSTALL=OFF "${kit[@]}" &&
        cmake --build $tree --parallel "$(nproc)" --target tumble tumble_cuda operations_test
}
on_the_card() {  # the operation tests leave out a module that finds no device: that must not pass for a proof
    TUMBLE_BACKEND_DIR=$PWD/$tree/cuda $tree/src/app/tumble info | grep '^backend cuda *yes'
}
tests() {  # tests [arguments of Catch2]: the operation tests, for the module on the card
    TUMBLE_TEST_MODULES=$PWD/$tree/cuda $tree/tests/operations/operations_test "$@"
}
reconstruct() {  # reconstruct DEVICE OUT
    TUMBLE_BACKEND_DIR=$PWD/$tree/cuda $tree/src/app/tumble reconstruct examples/sample_stack/images.mrcs --pixel-size 0.358 \
        --element Pt --device "$1" --out "$2" --overwrite --progress plain
}
same_twice() {
    for run in first second; do reconstruct cuda "$results/$run" || return; done
    for file in poses.star atoms.xyz map.mrc half1.mrc half2.mrc; do
        cmp "$results/first/$file" "$results/second/$file" || return
    done
    echo "poses, atoms and maps of two runs have the same bits"
}
without_graphs() {
    TUMBLE_CUDA_GRAPHS=0 tests '*bit*' && TUMBLE_CUDA_GRAPHS=0 reconstruct cuda "$results/without_graphs" || return
    for file in poses.star atoms.xyz map.mrc half1.mrc half2.mrc; do
        cmp "$results/first/$file" "$results/without_graphs/$file" || return
    done
    echo "poses, atoms and maps have the same bits with and without graphs"
}
like_the_cpu() {
    reconstruct cpu "$results/cpu" && python3 tests/program/compare_runs.py "$results/cpu" "$results/first"
}
sanitizer() {  # sanitizer TOOL
    TUMBLE_TEST_MODULES=$PWD/$tree/cuda compute-sanitizer --tool "$1" --error-exitcode 1 \
        $([[ $1 == memcheck ]] && echo --leak-check full) $tree/tests/operations/operations_test
}
benchmark() {
    TUMBLE_BACKEND_DIR=$PWD/$tree/cuda $tree/src/app/tumble benchmark --device cuda --json "$results/benchmark.json"
}

step machine machine
step build build
step device on_the_card
step operations tests
step repeats tests '*bit*'  # the tests of equal bits
step reconstruct same_twice
step graphs without_graphs
step against_cpu like_the_cpu
for tool in memcheck racecheck initcheck synccheck; do step "$tool" sanitizer $tool; done
step benchmark benchmark
if [[ ${#failed[@]} -gt 0 ]]; then
    echo "failed: ${failed[*]}"
    exit 1
fi
echo "all passed; figures in $results"
