#!/usr/bin/env bash
# From a fresh machine to the atoms of the bundled sample: installs what is missing, builds, reconstructs, and says where
# the results are. Can be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh
scripts/build.sh release -DTUMBLE_TESTS=OFF

sample=examples/sample_stack
out=demo_output
build/release/src/app/tumble reconstruct $sample/images.mrcs --pixel-size 0.358 --element Pt \
    --reference $sample/low_resolution_reference.mrc --out $out --overwrite

# The picture is a bonus: without Python's numpy and matplotlib the results are just as good.
picture=no
if python3 -c 'import numpy, matplotlib' 2> /dev/null || scripts/install_dependencies.sh --picture; then
    for python in python3 /usr/bin/python3; do
        if $python scripts/draw_picture.py --images $sample/images.mrcs --result $out --out $out/picture.png; then
            picture=yes
            break
        fi
    done
fi

cat << END

Results in $PWD/$out
  atoms.xyz     atoms with error bars (extended XYZ)      OVITO, ASE
  atoms.cif     the same as mmCIF                         ChimeraX, gemmi
  map.mrc       the map; half1.mrc, half2.mrc, mask.mrc   ChimeraX, RELION, napari
  poses.star    pose, score and half of each image        RELION, starfile
  fsc.csv       Fourier shell correlation                 any spreadsheet
  summary.json  the figures, the verdict and its reasons  any text editor
END
if [[ $picture == yes ]]; then
    echo "  picture.png   raw image, slice of the map, atoms        any viewer"
else
    echo "(no picture.png: it needs python3-numpy and python3-matplotlib)"
fi
