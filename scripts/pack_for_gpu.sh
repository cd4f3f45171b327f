#!/usr/bin/env bash
# Gathers the headers and libraries that scripts/gpu.sh builds with into KIT (default: build/gpu_kit), from this Debian or
# Ubuntu machine, so that it can run on one of the same kind of processor that has CUDA, CMake and a compiler but neither these
# packages nor a network. HDF5 stays at home.
#   scripts/pack_for_gpu.sh [KIT]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh
kit=${1:-build/gpu_kit}
packages=(libeigen3-dev libcli11-dev nlohmann-json3-dev libfmt-dev catch2 libfftw3-dev zlib1g-dev)
for name in libfftw3-single zlib1g; do  # the libraries themselves, whatever their number is on this release
    packages+=($(dpkg-query --show --showformat='${Package}\n' "$name*" | grep -E "^($name[0-9]*)$"))
done
rm -rf "$kit"
mkdir -p "$kit"
list=$(mktemp)
trap 'rm -f "$list"' EXIT
# Neither the other precisions of FFTW, nor fmt's library (its headers do), nor archives of what is there as a shared library.
for package in "${packages[@]}"; do dpkg --listfiles "$package"; done |
    grep -E '^(/usr)?/(include/|share/(cmake|eigen3)/|lib/cmake/|lib/([^/]*-linux-gnu/)?lib(Catch2.*\.a|(fftw3f|z)\.so[.0-9]*)$)' |
    sort -u |
    while read -r file; do if [[ -f $file ]]; then echo "$file"; fi; done > "$list"
# Files in place of links, which not every way of carrying them keeps; no folder of Debian's architecture, in which CMake would
# not look elsewhere.
tar --create --absolute-names --dereference --hard-dereference --files-from="$list" \
    --transform 's,^/usr,,;s,^/lib/[^/]*-linux-gnu/,/lib/,;s,^/,,' | tar --extract --directory "$kit"
mkdir "$kit/lib/cmake/fmt"
cat > "$kit/lib/cmake/fmt/fmt-config.cmake" << 'END'
add_library(fmt::fmt-header-only INTERFACE IMPORTED)
get_filename_component(fmt_kit "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set_target_properties(fmt::fmt-header-only PROPERTIES
    INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1 INTERFACE_INCLUDE_DIRECTORIES "${fmt_kit}/include")
END
du --summarize --human-readable "$kit"
