"""Time of ducc0's type 2 transform for the slices of `tumble benchmark`: 62 rings x 128 half-circle angles at random
orientations of a ball in 72^3, single precision, one thread. Prints milliseconds a slice (processor time, median) and
the relative error, for the loosest tolerance whose error is at most 5e-4; exit code 1 without ducc0."""
import sys
import time

try:
    import ducc0
    import numpy as np
except ImportError:
    sys.exit(1)

SLICES, RINGS, HALF, BOX = 64, 62, 128, 72
rng = np.random.default_rng(1)
volume = rng.normal(size=(BOX, BOX, BOX)).astype(np.float32)
axis = (np.arange(BOX) - BOX // 2) ** 2
volume[axis[:, None, None] + axis[:, None] + axis >= (0.47 * BOX) ** 2] = 0
ring = (19 + np.arange(RINGS))[:, None, None] / 160
angle = (2 * np.pi * np.arange(HALF) / (2 * HALF))[None, :, None]
points = []
for _ in range(SLICES):
    basis, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    points.append((ring * (np.cos(angle) * basis[0] + np.sin(angle) * basis[1])).reshape(-1, 3))
points = 2 * np.pi * np.concatenate(points)
few = points[:20000]


def transform(values, where, tolerance):
    return ducc0.nufft.u2nu(grid=values, coord=where, forward=True, epsilon=tolerance, nthreads=1,
                            periodicity=2 * np.pi)


exact = transform(volume.astype(np.complex128), few, 1e-12)
values, where = volume.astype(np.complex64), points.astype(np.float32)
for tolerance in (1e-2, 1e-3, 1e-4):
    found = transform(values, where, tolerance)[:20000]
    error = np.linalg.norm(found - exact) / np.linalg.norm(exact)
    if error <= 5e-4:
        break
times = []
for _ in range(5):
    start = time.process_time()
    transform(values, where, tolerance)
    times.append(time.process_time() - start)
print(1e3 * sorted(times)[2] / SLICES, error)
