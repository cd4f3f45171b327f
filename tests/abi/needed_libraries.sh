#!/usr/bin/env bash
# The shared library is linked with the runtimes of C and C++, threads and the FFT, with HDF5 that as well, and nothing else:
# needed_libraries.sh LIBRARY FFT HDF5. What these load in turn (HDF5 of Debian: curl, szip, zlib) is theirs. zlib is loaded for a
# compressed file alone (io/zlib_functions.hpp).
set -euo pipefail
library=$1 fft=$2 hdf5=$3
allowed='libc|libm|libpthread|libdl|libgcc_s|libstdc\+\+|ld-linux[a-z0-9_-]*'
required=()
case $fft in
    fftw) required+=('lib(fftw3f|mkl_rt|nvpl_fftw)') ;;  # the libraries with the FFTW3 interface (docs/dependencies.md)
    pocketfft) ;;                                        # headers alone
    *) echo "unknown FFT '$fft'"; exit 1 ;;
esac
if [[ $hdf5 == ON ]]; then
    required+=('libhdf5(_[a-z]+)?')
fi
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
echo "$needed"
[[ -n $needed ]]
for name in "${required[@]}"; do
    grep -qE "^$name\.so" <<< "$needed" || { echo "does not load $name, though built with it"; exit 1; }
    allowed+="|$name"
done
if grep -vE "^($allowed)\.so(\.[0-9]+)*$" <<< "$needed"; then
    echo "loads what it must not"
    exit 1
fi
# It is looked for where the system says, not where it was built.
if readelf -d "$library" | grep -E 'RPATH|RUNPATH'; then
    echo "holds a path of the machine that it was built on"
    exit 1
fi
