"""Other people's programs read what tumble wrote: mrcfile validates, starfile and ASE read. Exit 77 counts as skipped."""
import io
import pathlib
import sys

try:
    import ase.io
    import mrcfile
    import numpy
    import starfile
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

folder = pathlib.Path(sys.argv[1])
for name in ("map.mrc", "stack.mrcs", "half.mrcs"):
    messages = io.StringIO()
    assert mrcfile.validate(folder / name, print_file=messages), messages.getvalue()
expected = numpy.arange(4 * 8 * 8, dtype=numpy.float32).reshape(4, 8, 8)
for name, scale in (("stack.mrcs", 1), ("half.mrcs", 256)):
    with mrcfile.open(folder / name) as file:
        assert file.is_image_stack() and numpy.array_equal(file.data * numpy.float32(scale), expected)
        assert abs(float(file.voxel_size.x) - 0.5) < 1e-6
with mrcfile.open(folder / "map.mrc") as file:
    assert file.is_volume() and file.data.shape == (8, 8, 8) and file.data[1, 2, 3] == 64 + 16 + 3

tables = starfile.read(folder / "poses.star", always_dict=True)
assert list(tables) == ["optics", "particles"], list(tables)
assert tables["particles"]["rlnImageName"].iloc[0] == "000003@stack.mrcs"
assert abs(tables["particles"]["rlnAngleRot"].iloc[0] - 10) < 1e-6
assert abs(tables["particles"]["rlnOriginXAngst"].iloc[0] + 1.5) < 1e-6
assert abs(tables["optics"]["rlnImagePixelSize"].iloc[0] - 0.5) < 1e-6

atoms = ase.io.read(folder / "atoms.xyz")
places = [[1, 2, 3], [-1, 0, 0.5], [-100.25, 20, 0]]
assert atoms.get_chemical_symbols() == ["Pt", "Fe", "C"] and not atoms.pbc.any()
assert numpy.allclose(atoms.positions, places)
assert numpy.allclose(atoms.arrays["sigma"], [0.1, 0.2, 0.05]) and list(atoms.arrays["id"]) == [1, 2, 3]
assert atoms.info["sigma_definition"] == "per_axis_rms" and "half_distance" in atoms.arrays

atoms = ase.io.read(folder / "atoms.pdb")
assert atoms.get_chemical_symbols() == ["Pt", "Fe", "C"] and not atoms.pbc.any() and atoms.cell.rank == 0
assert numpy.allclose(atoms.positions, places)
assert numpy.allclose(atoms.arrays["bfactor"], [10, 20, 5])

try:
    import gemmi
except ImportError:
    print("gemmi is not installed: atoms.cif is not read by another program")
else:
    chains = list(gemmi.read_structure(str(folder / "atoms.cif"))[0])
    assert [len(residue) for chain in chains for residue in chain] == [1, 1, 1], "one residue an atom"
    sites = [(atom.element.name, atom.pos.tolist()) for chain in chains for residue in chain for atom in residue]
    assert [name for name, _ in sites] == ["Pt", "Fe", "C"]
    assert numpy.allclose([place for _, place in sites], places)

print("mrcfile, starfile and ASE read everything")
