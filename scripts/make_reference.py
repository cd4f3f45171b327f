#!/usr/bin/env python3
"""Makes the low-resolution reference that is bundled beside the sample stack (examples/sample_stack/README.md).

The true atoms as Gaussians, band-limited so that no atom can be read off it by itself, cropped to the particle.
  make_reference.py --atoms truth.xyz --out low_resolution_reference.mrc [--box 64] [--voxel 0.358]
Needs numpy. The map is MRC2014, float32, origin at voxel box/2, atoms positive.
"""
import argparse
import struct

import numpy as np


def read_xyz(path):
    lines = open(path).read().splitlines()
    return np.array([[float(v) for v in line.split()[1:4]] for line in lines[2 : 2 + int(lines[0])]])


def gaussian_atoms(atoms, box, voxel, sigma):
    axis = (np.arange(box) - box // 2) * voxel
    profiles = [np.exp(-0.5 * ((axis[None, :] - atoms[:, [i]]) / sigma) ** 2) for i in range(3)]
    return np.einsum("ax,ay,az->zyx", *profiles)


def low_pass(density, voxel, d_spacing, edge=0.15):
    """Cosine edge of relative width `edge` that ends at 1 / d_spacing."""
    k = np.sqrt(sum(g**2 for g in np.meshgrid(*[np.fft.fftfreq(n, voxel) for n in density.shape], indexing="ij")))
    start, end = (1 - edge) / d_spacing, 1 / d_spacing
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip((k - start) / (end - start), 0, 1))
    return np.fft.ifftn(np.fft.fftn(density) * window).real


def write_mrc(path, density, voxel):
    nz, ny, nx = density.shape
    values = density.astype("<f4")
    header = bytearray(1024)
    struct.pack_into("<10i", header, 0, nx, ny, nz, 2, 0, 0, 0, nx, ny, nz)
    struct.pack_into("<6f", header, 40, nx * voxel, ny * voxel, nz * voxel, 90, 90, 90)
    struct.pack_into("<3i3f2i", header, 64, 1, 2, 3, values.min(), values.max(), values.mean(), 1, 0)
    struct.pack_into("<i", header, 108, 20141)
    header[208:216] = b"MAP DD\0\0"
    struct.pack_into("<fi", header, 216, values.std(), 1)
    label = b"low-resolution reference made from the true atoms (make_reference.py)"
    header[224 : 224 + len(label)] = label
    with open(path, "wb") as file:
        file.write(header)
        file.write(values.tobytes())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atoms", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--box", type=int, default=64)
    parser.add_argument("--voxel", type=float, default=0.358, help="A")
    parser.add_argument("--sigma", type=float, default=0.45, help="of an atom, A")
    parser.add_argument("--resolution", type=float, default=1.3, help="finest d-spacing kept, A")
    a = parser.parse_args()
    density = low_pass(gaussian_atoms(read_xyz(a.atoms), a.box, a.voxel, a.sigma), a.voxel, a.resolution)
    write_mrc(a.out, density, a.voxel)


if __name__ == "__main__":
    main()
