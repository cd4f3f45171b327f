#!/usr/bin/env bash
# The same small stack from C, C++, Fortran, Python and the program: the same atoms. The wheel passes its own tests.
set -euo pipefail
build=$1 source=$2 program=$3
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" > /dev/null
library=$(find "$work/prefix" -name libtumble.so)
export LD_LIBRARY_PATH=${library%/*}

"$source/scripts/build_wheel.sh" "$build" "$work/wheel"
"$python" -m venv --system-site-packages "$work/venv"
"$work/venv/bin/pip" install --quiet --no-index --no-deps "$work"/wheel/tumble-*.whl
cp "$source/capi/python/tests/test_tumble.py" "$work"
cd "$work"
venv/bin/python -m unittest -q test_tumble
# Where the build has an emulated device, arrays of a device too: in a process of their own, as a device that is there is taken.
emulated=$build/tests/emulation/module/tumble_cuda.so
if [[ -e $emulated ]]; then
    TUMBLE_EMULATED_MODULE=$emulated venv/bin/python -m unittest -q test_tumble.DeviceMemory
fi

venv/bin/python - << 'STACK'
import numpy as np, tumble, test_tumble
images = test_tumble.simulated()[0]
header = np.zeros(256, "<i4")
header[:4] = test_tumble.BOX, test_tumble.BOX, len(images), 2
header[7:10] = test_tumble.BOX, test_tumble.BOX, 1
header[10:16].view("<f4")[:] = test_tumble.BOX * test_tumble.PIXEL, test_tumble.BOX * test_tumble.PIXEL, test_tumble.PIXEL, 90, 90, 90
header[16:19] = 1, 2, 3
header[52:54] = np.frombuffer(b"MAP DD\0\0", "<i4")
with open("stack.mrcs", "wb") as file:
    file.write(header.tobytes() + images.tobytes())
STACK

for example in reconstruct steps own_search; do
    cc -std=c99 -Wall -Wextra -Werror -Wno-missing-field-initializers "$source/examples/c/$example.c" -o "from_c_$example" \
        -I"$work/prefix/include" -L"${library%/*}" -ltumble -lm
done
cmake -S "$source/examples/cpp" -B cpp -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release > /dev/null
cmake --build cpp > /dev/null
# fortran PROGRAM.f90 -o FILE [further flags]
fortran() {
    gfortran -std=f2008 -Wall -Wextra -Werror "$work/prefix/share/tumble/fortran"/{tumble_c,tumble,tumble_runs,tumble_operators}.f90 \
        "$@" -L"${library%/*}" -ltumble
}
for example in reconstruct steps own_search; do
    fortran "$source/examples/fortran/$example.f90" -o "from_fortran_$example"
done
fortran "$source/tests/abi/fortran_interface_test.f90" -o fortran_interface_test -g -fcheck=all -Wno-compare-reals
./fortran_interface_test
./from_c_reconstruct stack.mrcs 0.4 Pt map.mrc > c.txt
./from_c_steps stack.mrcs 0.4 Pt checkpoint.h5 > steps.txt
grep -v '^#' steps.txt | cmp - <(grep -v '^#' c.txt)  # cancelled half way and resumed: the same atoms
./from_c_own_search stack.mrcs 0.4 map.mrc 20 | tee own_search.txt
awk '/mean score/ { first = $NF } /^the best of/ { best = $NF } /^polished/ { polished = $NF } END { exit !(first < best && best < polished) }' own_search.txt
./from_fortran_own_search stack.mrcs 0.4 map.mrc 20 | cmp - own_search.txt
if command -v julia > /dev/null; then
    export TUMBLE_LIBRARY=$library
    julia --startup-file=no --project="$source/capi/julia" "$source/examples/julia/own_search.jl" stack.mrcs 0.4 map.mrc 20 |
        paste - own_search.txt | awk '{ d = $(NF / 2) - $NF } d * d > 1e-4 { exit 1 }'  # sine and cosine are Julia's own
    julia --startup-file=no --project="$source/capi/julia" "$source/examples/julia/steps.jl" stack.mrcs 0.4 Pt julia_checkpoint.h5 |
        grep -v '^#' | cmp - <(grep -v '^#' c.txt)
else
    echo "no julia: its examples are not run"
fi
./from_fortran_steps stack.mrcs 0.4 Pt fortran_checkpoint.h5 > fortran_steps.txt
cpp/reconstruct stack.mrcs 0.4 Pt map_cpp.mrc > cpp.txt
cmp <(tail -c +1025 map.mrc) <(tail -c +1025 map_cpp.mrc)  # the header has a date
./from_fortran_reconstruct stack.mrcs 0.4 Pt > fortran.txt
venv/bin/python "$source/examples/python/reconstruct.py" stack.mrcs 0.4 Pt > python.txt
"$program" reconstruct stack.mrcs --pixel-size 0.4 --element Pt --out run --quiet || [[ $? -eq 3 ]]
venv/bin/python - << 'COMPARE'
import numpy as np
c, cpp, fortran, fortran_steps, python = (np.loadtxt(f"{name}.txt") for name in ("c", "cpp", "fortran", "fortran_steps", "python"))
assert open("c.txt").readline() == open("cpp.txt").readline()
program = np.array([[float(x) for x in line.split()[1:4]] for line in open("run/atoms.xyz").read().splitlines()[2:]])
assert len(c) == 87, len(c)
assert (c == cpp).all() and (c == fortran).all() and (c == fortran_steps).all() and (c == python).all()
assert c[:, :3].shape == program.shape and abs(c[:, :3] - program).max() < 5.1e-5, abs(c[:, :3] - program).max()
print(f"{len(c)} atoms, the same from C, C++, Fortran, Python and the program")
COMPARE
