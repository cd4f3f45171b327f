#!/usr/bin/env bash
# What a card can prove about the CUDA backend, on a machine that has CUDA, CMake and a compiler; it needs no network. Where
# the libraries that tumble is built from are missing, run scripts/pack_for_gpu.sh on a machine that has them and bring
# build/gpu_kit along. docs/dev/cuda.md, "On a card", says what each step shows.
#   scripts/gpu.sh [RESULTS [STEP...]]    folder for the figures (default: build/gpu_results); all steps, or those named
# A step that fails or outlasts its time is told, and the next ones run. RESULTS has a text a step, benchmark.json and
# summary.txt; all of it is also in RESULTS.tar.gz after every step. Exit status 0 only if every step passed.
#   TUMBLE_GPU_SECONDS  for all steps together (default 570): what does not fit any more is not run
#   TUMBLE_GPU_TREE     build tree (default build/gpu), laid out as CMake does; its cuda folder has the module
set -uo pipefail
cd "$(dirname "$0")/.."

steps=(machine build device operations repeats reconstruct graphs against_cpu memcheck racecheck initcheck synccheck benchmark)
declare -A limit=([machine]=60 [build]=400 [device]=60 [operations]=180 [repeats]=120 [reconstruct]=120 [graphs]=180
    [against_cpu]=180 [memcheck]=200 [racecheck]=200 [initcheck]=150 [synccheck]=150 [benchmark]=240)
results=${1:-build/gpu_results}
if [[ $# -gt 1 ]]; then steps=("${@:2}"); fi
for name in "${steps[@]}"; do
    if [[ -z ${limit[$name]:-} ]]; then
        echo "gpu.sh: there is no step '$name'; there are ${!limit[*]}" >&2
        exit 2
    fi
done
mkdir -p "$results" && results=$(cd "$results" && pwd)
tree=$(realpath -m "${TUMBLE_GPU_TREE:-build/gpu}")
for folder in "${CUDA_HOME:-}" /usr/local/cuda; do  # where the toolkit is when it is not on the path
    if [[ -x $folder/bin/nvcc ]]; then PATH=$PATH:$folder/bin:$folder/compute-sanitizer; fi
done
program=$tree/src/app/tumble operations_test=$tree/tests/operations/operations_test runs=$tree/runs
export TUMBLE_BACKEND_DIR=$tree/cuda TUMBLE_TEST_MODULES=$tree/cuda results tree program operations_test runs PATH
# One test and more of every kernel: the tools of the sanitizer slow kernels down a hundredfold.
export some_tests='slices of Gaussian atoms*,slices have the same bits*,equations are solved*,equations add and*,'\
'an image is prepared*,perturbed poses*,shifts are polished to*,scores of shifted rows*,thresholds leave*,'\
'best pairs: the best*,hill climbing: the first*,soft pairs*,sums of atoms are added*,overlaps of pairs*'

run_machine() {
    nvidia-smi --query-gpu=name,driver_version,compute_cap,clocks.max.sm,clocks.max.mem,memory.total --format=csv,noheader &&
        nvcc --version | tail -n 2 && cmake --version | sed -n 1p && c++ --version | sed -n 1p &&
        compute-sanitizer --version | tail -n 1 && date --iso-8601
}
run_build() {
    local options=(-DCMAKE_BUILD_TYPE=Release -DTUMBLE_CUDA=ON -DTUMBLE_TESTS=ON -DTUMBLE_HDF5=OFF -DTUMBLE_INSTALL=OFF)
    options+=(-DTUMBLE_WERROR=OFF)  # other compilers have other warnings
    local card
    card=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | sed -n 1p | tr -d '. ') &&
        options+=("-DTUMBLE_CUDA_ARCHITECTURES=$card-real")
    if [[ -d build/gpu_kit ]]; then options+=("-DCMAKE_PREFIX_PATH=$PWD/build/gpu_kit"); fi
    if command -v ninja > /dev/null; then options+=(-G Ninja); else options+=(-G "Unix Makefiles"); fi
    cmake -S . -B "$tree" "${options[@]}" &&
        cmake --build "$tree" --parallel "$(nproc)" --target tumble tumble_cuda operations_test
}
run_device() {  # the operation tests leave out a module that finds no device: that must not pass for a proof
    "$program" info | grep '^backend cuda *yes'
}
run_operations() { "$operations_test" --durations yes; }
run_repeats() { "$operations_test" '*bit*'; }  # the tests of equal bits
reconstruct() {  # reconstruct DEVICE OUT
    "$program" reconstruct examples/sample_stack/images.mrcs --pixel-size 0.358 --element Pt --device "$1" --out "$2" \
        --overwrite --progress plain
}
same_files() {  # same_files RUN OTHER
    for file in poses.star atoms.xyz map.mrc half1.mrc half2.mrc; do cmp "$1/$file" "$2/$file" || return; done
}
run_reconstruct() {
    reconstruct cuda "$runs/first" && reconstruct cuda "$runs/second" && same_files "$runs/first" "$runs/second" &&
        echo "poses, atoms and maps of two runs have the same bits"
}
first_run() { [[ -f $runs/first/atoms.xyz ]] || reconstruct cuda "$runs/first"; }
run_graphs() {
    TUMBLE_CUDA_GRAPHS=0 "$operations_test" '*bit*' && first_run &&
        TUMBLE_CUDA_GRAPHS=0 reconstruct cuda "$runs/without_graphs" && same_files "$runs/first" "$runs/without_graphs" &&
        echo "poses, atoms and maps have the same bits with and without graphs"
}
run_against_cpu() {
    first_run && reconstruct cpu "$runs/cpu" && python3 tests/program/compare_runs.py "$runs/cpu" "$runs/first"
}
sanitizer() { compute-sanitizer --tool "$1" --error-exitcode 1 "${@:2}"; }
# Tests ask for devices and memory that are not there and look at the refusal: such calls are no finding.
run_memcheck() { sanitizer memcheck --leak-check full --report-api-errors no "$operations_test"; }
run_racecheck() { sanitizer racecheck "$operations_test" "$some_tests"; }
run_initcheck() { sanitizer initcheck "$operations_test" "$some_tests"; }
run_synccheck() { sanitizer synccheck "$operations_test" "$some_tests"; }
run_benchmark() {  # beside PyTorch's where there is one
    if [[ -z ${TUMBLE_PEER_PYTHON:-} ]] && python3 -c 'import torch' 2> /dev/null; then
        export TUMBLE_PEER_PYTHON
        TUMBLE_PEER_PYTHON=$(command -v python3)
    fi
    "$program" benchmark --device cuda --json "$results/benchmark.json"
}
export -f $(compgen -A function)

failed=() child=''
trap '[[ -z $child ]] || kill -KILL -- "-$child" 2> /dev/null; exit 130' INT TERM
note() {  # note NAME WHAT: on the screen and in the summary
    echo "   $2"
    echo "$1: $2" >> "$results/summary.txt"
}
step() {
    local name=$1 started=$SECONDS left=$((${TUMBLE_GPU_SECONDS:-570} - SECONDS)) status=0 took
    echo "== $name"
    local text=$results/$name.txt seconds=$((limit[$name] < left ? limit[$name] : left))
    if [[ $seconds -lt 1 ]]; then
        note "$name" "NOT RUN, no time left"
        failed+=("$name")
        return
    fi
    timeout --signal=KILL "$seconds" bash -uo pipefail -c "run_$name" > "$text" 2>&1 &  # a process group of its own
    child=$!
    wait "$child" 2> /dev/null || status=$?
    child=''
    took="in $((SECONDS - started)) s"
    if [[ $status -eq 0 ]]; then
        note "$name" "passed $took: $(grep . "$text" | tail -n 1)"
    else
        local how="with status $status"
        if [[ $status -eq 137 ]]; then how="to end, stopped"; fi
        note "$name" "FAILED $how $took"
        echo "   the end of $text:"
        tail -n 15 "$text"
        failed+=("$name")
    fi
}
keep() { tar --create --gzip --file "$results.tar.gz" --directory "$(dirname "$results")" "$(basename "$results")"; }

for name in "${steps[@]}"; do
    step "$name"
    keep
done
if [[ ${#failed[@]} -gt 0 ]]; then
    echo "failed: ${failed[*]}" | tee -a "$results/summary.txt"
    keep
    exit 1
fi
echo "all passed; figures in $results"
