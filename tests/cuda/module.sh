#!/usr/bin/env bash
# module.sh TUMBLE MODULE IMAGES: exports one name; loads on a machine with and without a driver; what `tumble` says of it is true.
set -euo pipefail
tumble=$1 module=$2 images=$3

exported=$(nm --dynamic --defined-only "$module" | awk '{print $3}')
[[ $exported == tumble_backend_operations ]] || { echo "exports '$exported', expected tumble_backend_operations alone"; exit 1; }

export TUMBLE_BACKEND_DIR
TUMBLE_BACKEND_DIR=$(dirname "$module")
line=$("$tumble" info | grep '^backend cuda')
echo "$line"
if grep -q libcuda.so.1 <<< "$(ldconfig -p)"; then
    echo "a driver is there"
    exit 0
fi
[[ $line == *"no: the cuda backend finds no driver or device"* ]] || { echo "expected that no driver is found"; exit 1; }
said=$("$tumble" reconstruct "$images" --pixel-size 0.358 --element Pt --out "$(mktemp -d)/out" --device cuda 2>&1) && status=0 || status=$?
echo "$said"
[[ $status -eq 2 && $said == *"expected auto or cpu"* ]] || { echo "expected exit status 2 and the offer of the processor, found $status"; exit 1; }
said=$("$tumble" reconstruct "$images" --pixel-size 0.358 --element Pt --out "$(mktemp -d)/out" --dry-run --quiet 2>&1) ||
    { echo "--device auto does not fall back to the processor: $said"; exit 1; }
