"""Reads the results of a run with other people's programs. Exit status: 0 all agree, 1 one does not, 77 none is there.

  files_read_by_peers.py DIR
"""
import importlib.util
import os
import sys


def have(module):
    return importlib.util.find_spec(module) is not None


def check_mrc(folder):
    import mrcfile

    for name in ("map.mrc", "half1.mrc", "half2.mrc", "mask.mrc"):
        assert mrcfile.validate(os.path.join(folder, name)), f"mrcfile does not accept {name}"


def check_atoms(folder):
    import ase.io

    atoms = ase.io.read(os.path.join(folder, "atoms.xyz"), format="extxyz")
    count = int(open(os.path.join(folder, "atoms.xyz")).readline())
    assert len(atoms) == count, f"ASE reads {len(atoms)} atoms, expected {count}"
    assert "sigma" in atoms.arrays, "ASE sees no column 'sigma' in atoms.xyz"


def check_poses(folder):
    import starfile

    blocks = starfile.read(os.path.join(folder, "poses.star"), always_dict=True)
    assert {"optics", "particles"} <= set(blocks), f"starfile reads the blocks {sorted(blocks)}"
    for column in ("rlnImageName", "rlnAngleRot", "rlnOriginXAngst", "rlnRandomSubset"):
        assert column in blocks["particles"], f"starfile sees no column {column}"


def main():
    folder = sys.argv[1]
    checks = [("mrcfile", check_mrc), ("ase", check_atoms), ("starfile", check_poses)]
    there = [(name, check) for name, check in checks if have(name)]
    if not there:
        print("skipped: none of mrcfile, ase and starfile is installed")
        sys.exit(77)
    failures = 0
    for name, check in there:
        try:
            check(folder)
            print(f"{name}: agrees")
        except Exception as error:
            failures += 1
            print(f"{name}: {error}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
