"""From images to atoms: reconstruct.py IMAGES.mrcs PIXEL_SIZE_A ELEMENT"""
import sys

import tumble

path, pixel_size, element = sys.argv[1:]
images, _ = tumble.read_stack(path)
result = tumble.reconstruct(images, float(pixel_size), element)
print(f"# resolution {result.resolution:.3f} A, verdict {result.verdict}, {len(result.positions)} atoms: x y z sigma_x sigma_y sigma_z (A)")
for position, sigma in zip(result.positions, result.sigmas):
    print(*(f"{value:.6f}" for value in (*position, *sigma)))
