#!/usr/bin/env bash
# Installs the packages that tumble is built from, on Debian 12 or Ubuntu 24.04, as root or with sudo. What is there is
# left alone, and apt is not called at all when nothing is missing.
#   scripts/install_dependencies.sh            what the build and the tests need
#   scripts/install_dependencies.sh --picture  also what the demo's picture needs (python3-matplotlib)
set -euo pipefail

packages=(build-essential cmake ninja-build git ca-certificates python3
    libeigen3-dev libcli11-dev nlohmann-json3-dev libfmt-dev catch2
    libfftw3-dev zlib1g-dev libhdf5-dev
    pkg-config gfortran doxygen abigail-tools valgrind file python3-numpy python3-venv python3-pip python3-setuptools python3-wheel)
for argument in "$@"; do
    case $argument in
        --picture) packages+=(python3-matplotlib) ;;
        *)
            echo "install_dependencies.sh: unknown argument '$argument', expected --picture or nothing" >&2
            exit 2
            ;;
    esac
done

if ! command -v dpkg-query > /dev/null; then
    echo "install_dependencies.sh: this is not Debian or Ubuntu; docs/dependencies.md lists what tumble needs" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    echo "dependencies: all there"
    exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo > /dev/null; then
        echo "install_dependencies.sh: missing ${missing[*]}; run this as root, or install sudo" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "dependencies: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
