#!/usr/bin/env bash
# Builds the Python wheel from a built tree: build_wheel.sh [BUILD_FOLDER [OUTPUT_FOLDER]]. The wheel holds the shared library.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build/release}") output=$(realpath -m "${2:-build/wheel}")
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r capi/python/. "$work"
strip --strip-debug -o "$work/tumble/libtumble.so" "$build/capi/libtumble.so"
sed -n 's/^project(tumble VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt > "$work/VERSION"
"$python" -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir "$output" "$work"
echo "wheel: $(ls "$output"/tumble-*.whl)"
