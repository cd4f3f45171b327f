"""tumble: from images of one tumbling nanocrystal to its atoms.

    import tumble
    result = tumble.reconstruct(images, pixel_size=0.358, element="Pt")
    result.positions, result.sigmas, result.map, result.verdict

Step by step: tumble.Run. The operators one by one: tumble.operators.

Conventions as in the C interface (docs/conventions.md): arrays are (image, y, x) and (z, y, x); lengths in angstrom, angles in
degrees; r_lab = R r_particle; atoms are measured from the map's origin, voxel n // 2.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

from . import _library
from ._library import TumbleError
from .result import Result
from .run import Run

__all__ = ["Result", "Run", "TumbleError", "options", "read_stack", "reconstruct", "version", "write_map"]


def version() -> str:
    """Version of the library in use, as "0.1.0"."""
    return _library.load().tumble_version().decode()


def options() -> List[Dict[str, Any]]:
    """The table of options: name, type, unit, default, minimum, maximum, choices, text."""
    return _library.option_table()


def read_stack(path: str) -> Tuple[Any, float]:
    """Images of an MRC stack, float32 (image, y, x), and their pixel size in angstrom (0 where the file does not say)."""
    return _library.read_stack(path)


def write_map(path: str, volume: Any, voxel_size: float) -> None:
    """Writes a cubic map as an MRC file."""
    _library.write_map(path, volume, voxel_size)


def reconstruct(images: Any, pixel_size: float, element: str, *, poses: Optional[Tuple[Any, Any]] = None,
                reference: Optional[Tuple[Any, float]] = None, halves: Any = None, progress: Any = None,
                log: Optional[Callable[[str], None]] = None, **settings: Any) -> Result:
    """From images to poses, maps and atoms.

    images: (image, y, x), of any type; float32 without gaps is used in place. NumPy arrays and what DLPack brings from the host.
    poses: (rotations (image, 3, 3), shifts in angstrom (image, 2)) to start from.
    reference: (map (n, n, n), voxel size) to start from. Without poses and reference the start is blind.
    halves: 1 or 2 for each image; default: blocks of ten images in turn.
    progress: True for a bar (tqdm), or a function of (stage, fraction, round); what it returns, if true, cancels.
    log: a function of one line.
    settings: further options under their names with "_" for "-": motif="none", seed=2, threads=1, max_resolution=0.9.

    Raises TumbleError with the library's sentence and status. Data that do not support a structure are no error: look at
    result.verdict. Interrupting with the keyboard ends the work within a second or so.
    """
    return Result(_library.reconstruct(images, pixel_size, element, poses, reference, halves, progress, log, settings))
