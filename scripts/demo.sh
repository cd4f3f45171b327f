#!/usr/bin/env bash
# From a fresh machine to the atoms of the bundled sample: installs what is missing, builds, reconstructs, and says where
# the results are. Can be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh
cmake --preset release
cmake --build build/release --parallel "$(nproc)" --target tumble

sample=examples/sample_stack
out=demo_output
build/release/src/app/tumble reconstruct $sample/images.mrcs --pixel-size 0.358 --element Pt \
    --out $out --overwrite

# The picture is a bonus: without Python's numpy and matplotlib the results are just as good.
# (apt's modules belong to /usr/bin/python3; the first python3 on the path may be another.)
picture=no
scripts/install_dependencies.sh --picture || echo "The picture's packages could not be installed."
for python in /usr/bin/python3 python3; do
    if $python -c 'import numpy, matplotlib' 2> /dev/null &&
        $python scripts/draw_picture.py --images $sample/images.mrcs --result $out --out $out/picture.png; then
        picture=yes
        break
    fi
done

cat << END

Results in $PWD/$out
  atoms.xyz     atoms with error bars (extended XYZ)      OVITO, ASE
  atoms.cif     the same as mmCIF                         ChimeraX, gemmi
  map.mrc       the map; half1.mrc, half2.mrc, mask.mrc   ChimeraX, RELION, napari
  poses.star    pose, score and half of each image        RELION, starfile
  fsc.csv       Fourier shell correlation                 any spreadsheet
  progress.svg  how the poses settled, round by round     any browser
  summary.json  the figures, the verdict and its reasons  any text editor
END
if [[ $picture == yes ]]; then
    echo "  picture.png   raw image, slice of the map, atoms        any viewer"
else
    echo "(no picture.png: it needs python3-numpy and python3-matplotlib)"
fi
