#!/usr/bin/env bash
# scripts/gpu.sh from its first step to its last, on a machine without a card: the emulated device for the module, stand-ins for
# the tools of NVIDIA and for CMake, and a build tree whose programs are wrappers. They hand cheap work to the real programs
# and check the rest: options by a dry run, names of tests by listing them.
#   gpu_script.sh PROGRAM OPERATIONS_TEST MODULE_FOLDER SOURCE SCRATCH
set -euo pipefail

export real_program=$1 real_tests=$2 module=$3 source=$4 scratch=$5
rm -rf "$scratch"
mkdir -p "$scratch"/{tools,tree/src/app,tree/tests/operations}
ln -s "$module" "$scratch/tree/cuda"
complain() {
    echo "gpu_script: $1" >&2
    exit 1
}
executable() {
    cat > "$1"
    chmod +x "$1"
}

executable "$scratch/tools/nvidia-smi" << 'END'
#!/bin/sh
case "$*" in *gpu=compute_cap*) echo 9.0 ;; *) echo "stand-in for a card, 580.1, 9.0, 1980 MHz, 2619 MHz, 81559 MiB" ;; esac
END
executable "$scratch/tools/nvcc" <<< 'echo "stand-in for nvcc"'
executable "$scratch/tools/cmake" << 'END'
#!/bin/sh
echo "$*" >> "$scratch/cmake.txt"
END
executable "$scratch/tools/compute-sanitizer" << 'END'
#!/usr/bin/env bash
# compute-sanitizer: looks at its options and runs the program.
while [[ $# -gt 0 ]]; do
    case $1 in
        --tool) tool=$2; shift 2 ;;
        --error-exitcode) shift 2 ;;
        --leak-check | --report-api-errors) [[ $tool == memcheck ]] || exit 3; shift 2 ;;
        --version) echo "stand-in for compute-sanitizer"; exit ;;
        -*) exit 3 ;;
        *) break ;;
    esac
done
if [[ ${slow_tool:-} == "$tool" ]]; then
    trap '' TERM
    sleep 61.25
fi
echo "$tool" >> "$scratch/tools.txt"
exec "$@"
END
executable "$scratch/tree/tests/operations/operations_test" << 'END'
#!/usr/bin/env bash
# Every name that is asked for has to be that of a test, at least; one cheap test is run.
[[ $TUMBLE_TEST_MODULES -ef $module ]] || exit 3
if [[ ${1:-} != -* ]]; then
    IFS=, read -ra names <<< "${1:-}"
    for name in "${names[@]}"; do
        [[ $("$real_tests" --list-test-names-only "$name" | grep -c .) -gt 0 ]] || { echo "no test is named '$name'"; exit 4; }
    done
fi
exec "$real_tests" 'devices are described*'
END
executable "$scratch/tree/src/app/tumble" << 'END'
#!/usr/bin/env bash
[[ $TUMBLE_BACKEND_DIR -ef $module ]] || exit 3
case $1 in
    reconstruct)
        "$real_program" "$@" --dry-run || exit
        while [[ $1 != --out ]]; do
            if [[ $1 == --device ]]; then device=$2; fi
            shift
        done
        mkdir -p "$2"
        cp "$source/examples/sample_stack/truth.star" "$2/poses.star"
        cp "$source/examples/sample_stack/truth.xyz" "$2/atoms.xyz"
        for file in map half1 half2; do echo "$device" > "$2/$file.mrc"; done
        if [[ ${other_bits:-} == "${TUMBLE_CUDA_GRAPHS:-}" ]]; then date +%N > "$2/half1.mrc"; fi
        ;;
    benchmark) exec "$real_program" "$@" --quick ;;
    *) exec "$real_program" "$@" ;;
esac
END

run() {  # run RESULTS [STEP...]: output in $scratch/said.txt, status in $status
    status=0
    PATH=$scratch/tools:$PATH CUDA_HOME='' TUMBLE_GPU_TREE=$scratch/tree TUMBLE_PEER_PYTHON=${TUMBLE_PEER_PYTHON-/nowhere/python3} \
        "$source/scripts/gpu.sh" "$@" > "$scratch/said.txt" 2>&1 || status=$?
}
said() { grep -qE -- "$1" "$scratch/said.txt" || { cat "$scratch/said.txt" >&2; complain "expected '$1'"; }; }
expect() { [[ $status -eq $1 ]] || { cat "$scratch/said.txt" >&2; complain "expected status $1, was $status"; }; }
export other_bits=none slow_tool=''

# All of it passes, in order, and leaves a text a step, the figures, the summary and the archive.
run "$scratch/all"
expect 0
said '^all passed'
steps=(machine build device operations repeats reconstruct graphs against_cpu memcheck racecheck initcheck synccheck benchmark)
[[ $(cut -d: -f1 "$scratch/all/summary.txt" | paste -sd' ') == "${steps[*]}" ]] || complain "the summary has other steps"
tar --list --file "$scratch/all.tar.gz" > "$scratch/kept.txt"
for step in "${steps[@]}"; do
    [[ -f $scratch/all/$step.txt ]] || complain "no text of $step"
    grep -qx "all/$step.txt" "$scratch/kept.txt" || complain "$step is not in the archive"
done
python3 - "$scratch/all/benchmark.json" << 'END'
import json, sys
names = [row["name"] for row in json.load(open(sys.argv[1]))["ratios"]]
wanted = ["search_gpu", "search_gpu_large", "search_gpu_26_shifts", "slices_gpu", "insert_gpu", "iteration_gpu",
          "search_gpu_matrix_share", "slices_gpu_copy_share", "iteration_gpu_transfer_share", "search_vs_torch"]
missing = [name for name in wanted if name not in names]
assert not missing, missing
END
grep -q -- '-DTUMBLE_CUDA_ARCHITECTURES=90-real' "$scratch/cmake.txt" || complain "the build is not for the card"
[[ $(paste -sd' ' "$scratch/tools.txt") == "memcheck racecheck initcheck synccheck" ]] || complain "not all tools were run"

# Steps by name: those that need an earlier run make it. A step that fails is named, and the next ones run.
rm -r "$scratch/tree/runs"
run "$scratch/some" graphs device
expect 0
[[ $(ls "$scratch/some" | paste -sd' ') == "device.txt graphs.txt summary.txt" ]] || complain "other steps than asked for"
other_bits=0 run "$scratch/graphs" graphs against_cpu
expect 1
said '^failed: graphs$'
said 'half1.mrc differ'
grep -q '^against_cpu: passed' "$scratch/graphs/summary.txt" || complain "a failure kept the next step from running"
other_bits='' run "$scratch/repeats" reconstruct
expect 1
rm "$scratch/tree/cuda"
ln -s "$scratch/tools" "$scratch/tree/cuda"
module=$scratch/tools run "$scratch/no_module" device
expect 1
said '^failed: device$'
rm "$scratch/tree/cuda"
ln -s "$module" "$scratch/tree/cuda"

# A step that hangs is stopped, and what has no time left is told.
slow_tool=racecheck TUMBLE_GPU_SECONDS=3 run "$scratch/slow" device racecheck synccheck
expect 1
said 'FAILED to end, stopped in'
said 'NOT RUN'
said '^failed: racecheck synccheck$'
if pgrep --full '^sleep 61.25$' > /dev/null; then complain "what was stopped still runs"; fi
run "$scratch/none" devise
expect 2
said "no step 'devise'"
echo "gpu.sh: all steps, failures and limits"
