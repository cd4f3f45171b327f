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

    mask = find_mask(device, map, images.pixel_size)
    curves = correlate(device, half1, half2, images.pixel_size, mask)
    restored = restore(device, map, curves.corrected)
    atoms = refine_atoms(images, poses, find_atoms(restored, images.pixel_size, "Pt", half1, half2))

Frequencies are in 1/angstrom unless said otherwise. One thread at a time for a device and all that was made on it.

On a CUDA device, stacks, maps and masks may also be arrays in its memory (CuPy, PyTorch, JAX: anything with DLPack), and `out` takes one
without gaps for what would else come as a new NumPy array. Elsewhere they are refused with TumbleError, status 400.
"""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Optional

import numpy as np

from . import _abi
from ._library import Handle, Reports, as_array, check, described, lent, load


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
    """Where operators compute: "auto", "cpu", "cuda", "cuda:N", several as in "cuda:0,1", or "cuda:all"; threads 0: all cores."""

    def __init__(self, name: str = "auto", threads: int = 0):
        self.handle = _made("device", "tumble_device_create", name.encode(), threads)
        self.stream: Optional[int] = None
        if self.name != "cpu":
            self.set_stream(None)

    def set_stream(self, stream: Optional[int]) -> None:
        """The CUDA stream, as an address, in whose order arrays of the device are read and written; None: CUDA's default stream, as at
        first. It must live while it is set: torch.cuda.current_stream().cuda_stream, cupy.cuda.get_current_stream().ptr."""
        check(load().tumble_device_set_stream(self.handle.pointer, stream or None))
        self.stream = stream or None

    def _array(self, array: Any) -> Any:
        return as_array(array, self.stream)

    def _room(self, out: Any, shape: tuple, kind: Any = np.float32) -> Any:
        """A new array, or the caller's."""
        return np.empty(shape, kind) if out is None else self._array(out)

    @property
    def name(self) -> str:
        return load().tumble_device_name(self.handle.pointer).decode()


class Images:
    """Images (image, y, x) made ready for scoring: normalised, masked, cropped to a working box, their noise measured."""

    def __init__(self, device: Device, stack: Any, pixel_size: float, diameter: float = 0, dark_atoms: bool = False):
        values = device._array(stack)
        self.device = device
        self.handle = _made("images", "tumble_images_create", None, device.handle.pointer, described(values), pixel_size, diameter, int(dark_atoms))
        self.count, self.box = (int(_number("images", self.handle, name)) for name in ("count", "box"))
        self.pixel_size, self.particle_radius, self.mask_radius = (
            _number("images", self.handle, name) for name in ("pixel_size_A", "particle_radius_A", "mask_radius_A"))

    def matched(self, density: Any, voxel_size: float, out: Any = None) -> Any:
        """A density on the images' box and pixel, each Fourier shell scaled to the power of the images' signal."""
        values, room = self.device._array(density), self.device._room(out, (self.box,) * 3)
        check(load().tumble_images_match_map(self.handle.pointer, described(values), voxel_size, described(room)))
        return room if out is None else out


class Transform:
    """A map's padded transform."""

    def __init__(self, device: Device, volume: Any, voxel_size: float):
        values = device._array(volume)
        self.device = device
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
        self.device, self.box = images.device, images.box
        self.handle = _made("equations", "tumble_equations_create", images.handle.pointer)

    def insert(self, poses: Poses, low: float = 0, high: float = 0, weights: Any = None) -> None:
        given, values = poses.copy(), None if weights is None else np.asarray(weights, float)
        check(load().tumble_equations_insert(self.handle.pointer, _scoring(low, high, 0), *given._columns("rotations", "shifts"),
                                             None if values is None else described(values)))

    def add(self, other: "Equations", sign: int = 1) -> None:
        check(load().tumble_equations_add(self.handle.pointer, other.handle.pointer, sign))

    def solve(self, high: float, steps: int = 10, out: Any = None) -> Any:
        """Posterior mean of the map, float32 (z, y, x) of the working box; zero beyond `high`."""
        room = self.device._room(out, (self.box,) * 3)
        check(load().tumble_equations_solve(self.handle.pointer, high, steps, described(room)))
        return room if out is None else out


def resolution(frequencies: Any, curve: Any, threshold: float = 0.143) -> float:
    """1 / frequency, in angstrom, where the curve, followed outward from its strongest shells, stays below the threshold; the Nyquist
    limit where it never does."""
    k, values, found = np.asarray(frequencies, float), np.asarray(curve, float), ctypes.c_double()
    check(load().tumble_curve_resolution(described(k), described(values), threshold, ctypes.byref(found)))
    return found.value


@dataclasses.dataclass
class ShellCorrelation:
    """Fourier shell correlation of two half maps, float64 (shell) each."""

    frequencies: np.ndarray
    unmasked: np.ndarray
    masked: np.ndarray
    corrected: np.ndarray  # the masked one without what the mask itself adds: the one to use

    def resolution(self, threshold: float = 0.143) -> float:
        """Of the corrected curve, in angstrom."""
        return resolution(self.frequencies, self.corrected, threshold)


def correlate(device: Device, half1: Any, half2: Any, voxel_size: float, mask: Any = None, seed: int = 1) -> ShellCorrelation:
    """Fourier shell correlation of two half maps (n, n, n). `mask` is corrected for by phase randomisation from `seed`."""
    first, second, soft = device._array(half1), device._array(half2), None if mask is None else device._array(mask)
    curves = np.empty((4, first.shape[0] // 2 + 1 if first.shape else 0))
    check(load().tumble_maps_correlate(device.handle.pointer, described(first), described(second), None if soft is None else described(soft),
                                       voxel_size, seed, described(curves)))
    return ShellCorrelation(*curves)


def restore(device: Device, volume: Any, fsc: Any, out: Any = None) -> Any:
    """The map under the Wiener filter 2 FSC / (1 + FSC), float32; `fsc`: float64 (shell), as in ShellCorrelation."""
    values, curve = device._array(volume), np.asarray(fsc, float)
    room = device._room(out, values.shape)
    check(load().tumble_map_restore(device.handle.pointer, described(values), described(curve), described(room)))
    return room if out is None else out


def find_mask(device: Device, volume: Any, voxel_size: float, out: Any = None) -> Any:
    """Soft mask around the particle, 0 to 1, float32. Raises TumbleError, status 500, where nothing stands out."""
    values = device._array(volume)
    room = device._room(out, values.shape)
    check(load().tumble_map_find_mask(device.handle.pointer, described(values), voxel_size, described(room)))
    return room if out is None else out


class Atoms:
    """Atoms with error bars, in the order of the map's peaks. Arrays are read-only, lent by the library and valid for as long as somebody holds them."""

    def __init__(self, handle: Handle):
        self._handle = handle

    def array(self, name: str) -> np.ndarray:
        """An array by its name in tumble.h (tumble_atoms_array)."""
        return lent(self._handle, load().tumble_atoms_array, name.encode())

    positions = property(lambda self: self.array("atom_positions"), doc="float64 (atom, 3): x, y, z in A from the map's origin")
    sigmas = property(lambda self: self.array("atom_sigmas"), doc="Standard errors of the positions, float64 (atom, 3), A")
    heights = property(lambda self: self.array("atom_heights"), doc="Peak heights relative to the median atom")
    widths = property(lambda self: self.array("atom_widths"), doc="Gaussian sigma of each atom, A")
    half_distances = property(lambda self: self.array("atom_half_distances"), doc="Distance between the two half maps, A; 0 where not known")

    def __len__(self) -> int:
        return len(self.heights)

    def __repr__(self) -> str:
        return f"<tumble.operators.Atoms: {len(self)} atoms>"


def find_atoms(volume: Any, voxel_size: float, element: str, half1: Any = None, half2: Any = None, min_distance: float = 0, radius: float = 0,
               threads: int = 0, progress: Any = None) -> Atoms:
    """Atoms of a restored map (n, n, n): detection and joint fit of all. Both half maps, or neither, give the half distances.
    min_distance in angstrom, 0: from the element; radius of the particle in angstrom, 0: found from the map. `progress` as for
    tumble.reconstruct. On the processor, from host memory. Raises TumbleError, status 500, where the map shows no atoms."""
    maps = [None if m is None else as_array(m) for m in (volume, half1, half2)]
    return _atoms("tumble_atoms_find", progress, *(None if m is None else described(m) for m in maps), voxel_size, element.encode(), min_distance, radius,
                  threads)


def refine_atoms(images: Images, poses: Poses, atoms: Atoms, weights: Any = None, progress: Any = None) -> Atoms:
    """The same atoms at their likeliest places and heights, given the images at their poses, each image at most once."""
    given, values = poses.copy(), None if weights is None else np.asarray(weights, float)
    return _atoms("tumble_atoms_refine", progress, images.handle.pointer, *given._columns("rotations", "shifts"),
                  None if values is None else described(values), atoms._handle.pointer)


def _atoms(function: str, progress: Any, *arguments: Any) -> Atoms:
    reports, made = Reports(progress, None), ctypes.c_void_p()
    try:
        reports.call(getattr(load(), function), *arguments, ctypes.byref(made))
    finally:
        reports.close()
    return Atoms(Handle("atoms", made))
