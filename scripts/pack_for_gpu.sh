#!/usr/bin/env bash
# Gathers the headers and libraries that scripts/gpu.sh builds with into build/gpu_kit, from this Debian or Ubuntu machine, so
# that it can run on one that has CUDA, CMake and a compiler but neither these packages nor a network. HDF5 stays at home.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh
kit=build/gpu_kit
packages=(libeigen3-dev libcli11-dev nlohmann-json3-dev libfmt-dev catch2 libfftw3-dev zlib1g-dev)
for name in libfmt libfftw3-single zlib1g; do  # the libraries themselves, whatever their number is on this release
    packages+=($(dpkg-query --show --showformat='${Package}\n' "$name*" | grep -E "^($name[0-9]*)$"))
done
rm -rf "$kit"
mkdir -p "$kit"
list=$(mktemp)
trap 'rm -f "$list"' EXIT
# Without the other precisions of FFTW and what nobody here reads.
for package in "${packages[@]}"; do dpkg --listfiles "$package"; done |
    grep -E '^(/usr)?(/include|/lib|/share/(cmake|eigen3))/' |
    grep -vE '/(libfftw3(l|q)?(_(mpi|omp|threads))?\.|libfftw3f_|.*\.(gz|html|mod|f03|in)$)' | sort -u |
    while read -r file; do if [[ -f $file ]]; then echo "$file"; fi; done > "$list"
tar --create --absolute-names --files-from="$list" --transform 's,^/usr,,;s,^/,,' | tar --extract --directory "$kit"
du --summarize --human-readable "$kit"
