#!/usr/bin/env bash
# Configures and builds one preset of CMakePresets.json into build/PRESET. Further arguments go to CMake.
#   scripts/build.sh release [-DNAME=VALUE ...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?which preset: release, dev, asan or tsan}
shift
cmake --preset "$preset" "$@"
cmake --build --preset "$preset" --parallel "$(nproc)"
