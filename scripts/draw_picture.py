#!/usr/bin/env python3
"""Draws the picture of the README: a raw image, a slice of the map through a layer of atoms near its middle, the atoms. Needs numpy and matplotlib.

  draw_picture.py --images images.mrcs --result DIR --out picture.png
"""
import argparse
import os
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 (the backend has to be chosen first)

TYPES = {0: np.int8, 1: np.dtype("<i2"), 2: np.dtype("<f4"), 6: np.dtype("<u2"), 12: np.dtype("<f2")}


def read_mrc(path):
    """Little-endian MRC -> values (section, row, column), pixel size in A."""
    with open(path, "rb") as file:
        header = file.read(1024)
        nx, ny, nz, mode = np.frombuffer(header, "<i4", 4)
        mx = np.frombuffer(header, "<i4", 1, 28)[0]
        cell = np.frombuffer(header, "<f4", 1, 40)[0]
        file.seek(1024 + int(np.frombuffer(header, "<i4", 1, 92)[0]))
        values = np.frombuffer(file.read(), TYPES[int(mode)], nx * ny * nz)
    return values.reshape(nz, ny, nx).astype(np.float32), cell / mx


def read_atoms(path):
    """extXYZ -> positions (n, 3), standard error in pm (mean of the axes)."""
    lines = open(path).read().splitlines()
    rows = [line.split() for line in lines[2 : 2 + int(lines[0])]]
    columns, names = 0, {}
    fields = next(word for word in lines[1].split() if word.startswith("Properties=")).split("=", 1)[1].split(":")
    for name, count in zip(fields[::3], fields[2::3]):
        names[name] = columns
        columns += int(count)
    positions = np.array([[float(v) for v in row[names["pos"] : names["pos"] + 3]] for row in rows]).reshape(-1, 3)
    sigma = np.array([float(row[names["sigma"]]) for row in rows]) if "sigma" in names else np.zeros(len(rows))
    return positions, 100 * sigma


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", required=True)
    parser.add_argument("--result", required=True)
    parser.add_argument("--out", required=True)
    a = parser.parse_args()
    images, pixel = read_mrc(a.images)
    density, voxel = read_mrc(os.path.join(a.result, "map.mrc"))
    atoms, sigma = read_atoms(os.path.join(a.result, "atoms.xyz"))
    if len(atoms) == 0:
        sys.exit("draw_picture.py: atoms.xyz holds no atoms, there is nothing to draw")

    half = np.abs(atoms).max() + 2
    figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.7), constrained_layout=True)

    def show(panel, image, step, title):
        n = image.shape[0]
        extent = [(-(n // 2) - 0.5) * step, (n - n // 2 - 0.5) * step] * 2
        panel.imshow(image, cmap="gray", extent=extent, origin="lower")
        panel.set_title(title)

    show(panels[0], images[0], pixel, "one raw image")
    # The particle lies as it happens to: the middle plane may fall between two layers of atoms.
    middle = density.shape[0] // 2
    near = range(middle - int(3 / voxel), middle + int(3 / voxel) + 1)
    show(panels[1], density[max(near, key=lambda z: density[z].max())], voxel, "slice of the map")
    order = np.argsort(atoms[:, 2])
    points = panels[2].scatter(atoms[order, 0], atoms[order, 1], c=sigma[order], s=70, edgecolors="black", linewidths=0.4)
    panels[2].set_title(f"{len(atoms)} atoms")
    figure.colorbar(points, ax=panels[2], label="standard error (pm)")
    for panel in panels:
        panel.set_aspect("equal")
        panel.set_xlim(-half, half)
        panel.set_ylim(-half, half)
        panel.set_xlabel("x (Å)")
    panels[0].set_ylabel("y (Å)")
    figure.savefig(a.out, dpi=150)


if __name__ == "__main__":
    main()
