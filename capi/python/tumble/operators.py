"""The steps of a reconstruction one by one, for a search or a schedule of your own.

    device = Device("cpu")
    images = Images(device, stack, pixel_size=0.358)
    reference = Transform(device, images.matched(density, voxel_size), images.pixel_size)
    search = Search(images, reference)
    poses = search.climb(Poses.start(images.count))
    poses = polish(images, reference, poses)
    equations = Equations(images)
    equations.insert(poses)
    map = equations.solve(high=0.9)

Frequencies are in 1/angstrom unless said otherwise. One thread at a time for a device and all that was made on it.
"""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Optional

import numpy as np

from . import _abi
from ._library import Handle, as_numpy, check, described, load


def _made(kind: str, function: str, *arguments: Any) -> Handle:
    pointer = ctypes.c_void_p()
    check(getattr(load(), function)(*arguments, ctypes.byref(pointer)))
    return Handle(kind, pointer)


def _number(kind: str, handle: Handle, name: str) -> float:
    value = ctypes.c_double()
    check(getattr(load(), f"tumble_{kind}_number")(handle.pointer, name.encode(), ctypes.byref(value)))
    return value.value


def _scoring(low: float, high: float, shift_sigma: float) -> _abi.tumble_scoring:
    return _abi.tumble_scoring(struct_size=ctypes.sizeof(_abi.tumble_scoring), low_per_A=low, high_per_A=high, shift_sigma_A=shift_sigma)


@dataclasses.dataclass
class Poses:
    """Poses in columns: rotations (pose, 3, 3), shifts in angstrom (pose, 2), scores (pose); images: the number of each pose's
    image, int32 (pose), or None: image 0, 1, ... in order."""

    rotations: np.ndarray
    shifts: np.ndarray
    scores: np.ndarray
    images: Optional[np.ndarray] = None

    @staticmethod
    def start(count: int) -> "Poses":
        """One pose an image that everything is better than."""
        return Poses(np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 2)), np.full(count, -np.inf))

    def copy(self) -> "Poses":
        """In the types that the library reads and writes."""
        numbers = None if self.images is None else np.array(self.images, np.int32)
        return Poses(np.array(self.rotations, float), np.array(self.shifts, float), np.array(self.scores, float), numbers)

    def _columns(self, *names: str) -> list:
        """The arrays as arguments, the images' numbers first; they live as long as the poses."""
        return [None if self.images is None else described(self.images), *(described(getattr(self, name)) for name in names)]


class Device:
    """Where operators compute: "auto", "cpu", "cuda" or "cuda:N"; threads 0: all cores."""

    def __init__(self, name: str = "auto", threads: int = 0):
        self.handle = _made("device", "tumble_device_create", name.encode(), threads)

    @property
    def name(self) -> str:
        return load().tumble_device_name(self.handle.pointer).decode()


class Images:
    """Images (image, y, x) made ready for scoring: normalised, masked, cropped to a working box, their noise measured."""

    def __init__(self, device: Device, stack: Any, pixel_size: float, diameter: float = 0, dark_atoms: bool = False):
        values = as_numpy(stack)
        self.device = device
        self.handle = _made("images", "tumble_images_create", None, device.handle.pointer, described(values), pixel_size, diameter, int(dark_atoms))
        self.count, self.box = (int(_number("images", self.handle, name)) for name in ("count", "box"))
        self.pixel_size, self.particle_radius, self.mask_radius = (
            _number("images", self.handle, name) for name in ("pixel_size_A", "particle_radius_A", "mask_radius_A"))

    def matched(self, density: Any, voxel_size: float) -> np.ndarray:
        """A density on the images' box and pixel, each Fourier shell scaled to the power of the images' signal."""
        values, out = as_numpy(density), np.empty((self.box,) * 3, np.float32)
        check(load().tumble_images_match_map(self.handle.pointer, described(values), voxel_size, described(out)))
        return out


class Transform:
    """A map's padded transform."""

    def __init__(self, device: Device, volume: Any, voxel_size: float):
        values = as_numpy(volume)
        self.handle = _made("transform", "tumble_transform_create", device.handle.pointer, described(values), voxel_size)

    def slices(self, rotations: Any, frequencies: Any) -> np.ndarray:
        """Central slices, complex64 (rotation, frequency), at frequencies (frequency, 2) in cycles per voxel."""
        turns, points = np.asarray(rotations, float), np.asarray(frequencies, float)
        out = np.empty((len(turns), len(points), 2), np.float32)
        check(load().tumble_transform_slices(self.handle.pointer, described(turns), described(points), described(out)))
        return out.view(np.complex64)[..., 0]


def _changed(function: str, images: Images, transform: Transform, poses: Poses, scoring: _abi.tumble_scoring, *steps: int) -> Poses:
    out = poses.copy()
    check(getattr(load(), function)(images.handle.pointer, transform.handle.pointer, scoring, *steps, *out._columns("rotations", "shifts", "scores")))
    return out


def score(images: Images, transform: Transform, poses: Poses, low: float = 0, high: float = 0, shift_sigma: float = 0) -> Poses:
    """The poses with their log-likelihood ratios against empty images; high 0: all that the images hold."""
    return _changed("tumble_poses_score", images, transform, poses, _scoring(low, high, shift_sigma))


def polish(images: Images, transform: Transform, poses: Poses, steps: int = 4, low: float = 0, high: float = 0, shift_sigma: float = 0) -> Poses:
    """Each pose at a local maximum of its score; no score falls."""
    return _changed("tumble_poses_polish", images, transform, poses, _scoring(low, high, shift_sigma), steps)


def search_shifts(images: Images, transform: Transform, poses: Poses, steps: int = 4, low: float = 0, high: float = 0, shift_sigma: float = 0) -> Poses:
    """The same for the shifts alone."""
    return _changed("tumble_poses_search_shifts", images, transform, poses, _scoring(low, high, shift_sigma), steps)


class Search:
    """All orientations and shifts of a grid, scored in batches."""

    def __init__(self, images: Images, transform: Transform, low: float = 0.3, high: float = 0.74, shift_radius: float = 0.72, shift_step: float = 0.36,
                 seed: int = 1):
        self.handle = _made("search", "tumble_search_create", images.handle.pointer, transform.handle.pointer, _scoring(low, high, 0), shift_radius,
                            shift_step, seed)
        self.views, self.shifts, self.angles = (int(_number("search", self.handle, name)) for name in ("views", "shifts", "angles"))

    def climb(self, poses: Poses, neighbourhood: float = 1, seed: int = 1, number: int = 0) -> Poses:
        """One pass, of that number, of stochastic hill climbing: the first candidate in random order that beats the present score."""
        out = poses.copy()
        check(load().tumble_search_climb(self.handle.pointer, neighbourhood, seed, number, *out._columns("rotations", "shifts", "scores"), None))
        return out

    def best(self, poses: Poses) -> Poses:
        """The best candidate of each pose's image."""
        out = poses.copy()
        check(load().tumble_search_best(self.handle.pointer, *out._columns("rotations", "shifts", "scores")))
        return out


class Equations:
    """Normal equations of a map: images inserted at their poses."""

    def __init__(self, images: Images):
        self.box = images.box
        self.handle = _made("equations", "tumble_equations_create", images.handle.pointer)

    def insert(self, poses: Poses, low: float = 0, high: float = 0, weights: Any = None) -> None:
        given, values = poses.copy(), None if weights is None else np.asarray(weights, float)
        check(load().tumble_equations_insert(self.handle.pointer, _scoring(low, high, 0), *given._columns("rotations", "shifts"),
                                             None if values is None else described(values)))

    def add(self, other: "Equations", sign: int = 1) -> None:
        check(load().tumble_equations_add(self.handle.pointer, other.handle.pointer, sign))

    def solve(self, high: float, steps: int = 10) -> np.ndarray:
        """Posterior mean of the map, float32 (z, y, x) of the working box; zero beyond `high`."""
        out = np.empty((self.box,) * 3, np.float32)
        check(load().tumble_equations_solve(self.handle.pointer, high, steps, described(out)))
        return out
