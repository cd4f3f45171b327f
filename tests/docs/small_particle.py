"""A small simulated particle as the documents' own data: images.mrcs, and RELION's poses of it in run_data.star.

55 atoms of an fcc ball, each moved at random, as Gaussians with white noise. Needs no packages.
"""
import math
import pathlib
import random
import struct

BOX, PIXEL_A, IMAGES, NOISE, WIDTH_A = 48, 0.358, 60, 0.3, 0.55


def displaced_ball(rng):
    step, reach = 2.77 / math.sqrt(2), range(-3, 4)
    sites = [(x * step, y * step, z * step) for x in reach for y in reach for z in reach if (x + y + z) % 2 == 0]
    return [[c + 0.1 * rng.gauss(0, 1) for c in site] for site in sites if math.hypot(*site) < 6]


def product(a, b):
    return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]


def rotation(rot, tilt, psi):
    """RELION's matrix (docs/conventions.md); radians."""
    def about_z(a):
        return [[math.cos(a), math.sin(a), 0], [-math.sin(a), math.cos(a), 0], [0, 0, 1]]
    about_y = [[math.cos(tilt), 0, -math.sin(tilt)], [0, 1, 0], [math.sin(tilt), 0, math.cos(tilt)]]
    return product(about_z(psi), product(about_y, about_z(rot)))


def image(rng, atoms, turn, shift):
    pixels = [[NOISE * rng.gauss(0, 1) for _ in range(BOX)] for _ in range(BOX)]
    for atom in atoms:
        waves = []
        for axis in range(2):
            centre = sum(turn[axis][k] * atom[k] for k in range(3)) + shift[axis]
            offsets = [(i, (i - BOX // 2) * PIXEL_A - centre) for i in range(BOX)]
            waves.append([(i, math.exp(-d * d / (2 * WIDTH_A**2))) for i, d in offsets if abs(d) < 4 * WIDTH_A])
        for y, wy in waves[1]:
            for x, wx in waves[0]:
                pixels[y][x] += wy * wx
    return pixels


def mrc_header():
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, BOX, BOX, IMAGES, 2)
    struct.pack_into("<3i", header, 28, BOX, BOX, 1)
    struct.pack_into("<6f", header, 40, BOX * PIXEL_A, BOX * PIXEL_A, PIXEL_A, 90, 90, 90)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    struct.pack_into("<i", header, 108, 20141)
    header[208:216] = b"MAP DD\0\0"
    return header


OPTICS = ["rlnOpticsGroup", "rlnOpticsGroupName", "rlnVoltage", "rlnSphericalAberration", "rlnAmplitudeContrast",
          "rlnImagePixelSize", "rlnImageSize", "rlnImageDimensionality"]
PARTICLES = ["rlnImageName", "rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst",
             "rlnOpticsGroup", "rlnClassNumber"]


def star_table(name, columns, rows):
    heads = [f"_{column} #{number}" for number, column in enumerate(columns, 1)]
    return "\n".join(["# version 30001", "", f"data_{name}", "", "loop_", *heads, *rows, "", ""])


def write(folder: pathlib.Path) -> None:
    rng = random.Random(1)
    atoms, stack, rows = displaced_ball(rng), bytearray(mrc_header()), []
    for number in range(1, IMAGES + 1):
        angles = 2 * math.pi * rng.random(), math.acos(2 * rng.random() - 1), 2 * math.pi * rng.random()
        shift = 0.2 * rng.gauss(0, 1), 0.2 * rng.gauss(0, 1)
        for line in image(rng, atoms, rotation(*angles), shift):
            stack += struct.pack(f"<{BOX}f", *line)
        values = [*(math.degrees(a) for a in angles), -shift[0], -shift[1]]
        rows.append(f"{number:06d}@images.mrcs {' '.join(f'{v:.6f}' for v in values)} 1 1")
    (folder / "images.mrcs").write_bytes(stack)
    (folder / "run_data.star").write_text(
        star_table("optics", OPTICS, [f"1 opticsGroup1 300.0 0.0 0.1 {PIXEL_A} {BOX} 2"]) + star_table("particles", PARTICLES, rows))
