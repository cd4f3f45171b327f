#!/usr/bin/env bash
# Puts a CUDA compiler and cuFFT into FOLDER (default: build/cuda_toolkit), from Python wheels, for machines without the CUDA
# Toolkit: enough to compile and link the CUDA backend, and to look at its machine code. No driver, no system-wide change; what
# is there is left alone. Prints the compiler's path last.
#   cmake --preset release -DTUMBLE_CUDA=ON -DCMAKE_CUDA_COMPILER="$(scripts/install_cuda.sh | tail -1)"
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-build/cuda_toolkit}
# One release: a compiler of one and a header of another do not fit. The disassembler reads the machine code of older ones too.
wheels=(nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.96
    nvidia-cuda-cccl==13.0.85 nvidia-cufft==12.0.0.61 nvidia-nvjitlink==13.0.88
    nvidia-cuda-cuobjdump==13.2.78 nvidia-cuda-nvdisasm==13.2.78)

if [[ $(cat "$folder/wheels.txt" 2> /dev/null) != "${wheels[*]}" ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps "${wheels[@]}"
    toolkit=$(echo "$folder"/lib/python3*/site-packages/nvidia/cu13)
    # The names that linkers and CMake look for.
    ln -sfn lib "$toolkit/lib64"
    for library in cufft cudart; do
        file=$(basename "$(echo "$toolkit/lib/lib$library".so.*)")
        ln -sfn "$file" "$toolkit/lib/lib$library.so"
    done
    echo "${wheels[*]}" > "$folder/wheels.txt"
fi
realpath "$folder"/lib/python3*/site-packages/nvidia/cu13/bin/nvcc
