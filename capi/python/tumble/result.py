"""What a reconstruction gives."""
from __future__ import annotations

import ctypes
import html
from typing import Any

from . import _library


class Result:
    """Arrays are read-only, lent by the library and valid for as long as somebody holds them."""

    def __init__(self, handle: _library.Handle):
        self._handle = handle

    def array(self, name: str) -> Any:
        """An array by its name in tumble.h (tumble_result_array)."""
        return _library.lent(self._handle, _library.load().tumble_result_array, name.encode())

    def number(self, name: str) -> float:
        """A number by its name in tumble.h (tumble_result_number)."""
        value = ctypes.c_double()
        _library.check(_library.load().tumble_result_number(self._handle.pointer, name.encode(), ctypes.byref(value)))
        return value.value

    def text(self, name: str) -> str:
        """A text by its name in tumble.h (tumble_result_text)."""
        needed = ctypes.c_int64()
        function = _library.load().tumble_result_text
        _library.check(function(self._handle.pointer, name.encode(), None, 0, ctypes.byref(needed)))
        buffer = ctypes.create_string_buffer(needed.value)
        _library.check(function(self._handle.pointer, name.encode(), buffer, needed.value, None))
        return buffer.value.decode()

    map = property(lambda self: self.array("map"), doc="Restored map, float32 (z, y, x), atoms positive")
    half1 = property(lambda self: self.array("half1"), doc="Unfiltered map of the first half")
    half2 = property(lambda self: self.array("half2"), doc="Unfiltered map of the second half")
    mask = property(lambda self: self.array("mask"), doc="Soft mask, 0 to 1")
    positions = property(lambda self: self.array("atom_positions"), doc="Atoms, float64 (atom, 3): x, y, z in A from the map's origin")
    sigmas = property(lambda self: self.array("atom_sigmas"), doc="Standard errors of the positions, float64 (atom, 3), A")
    heights = property(lambda self: self.array("atom_heights"), doc="Peak heights relative to the median atom")
    rotations = property(lambda self: self.array("rotations"), doc="Rotation of each image, float64 (image, 3, 3)")
    shifts = property(lambda self: self.array("shifts"), doc="Shift of each image, float64 (image, 2), A")
    scores = property(lambda self: self.array("scores"), doc="Held-out log-likelihood ratio of each image")
    rejected = property(lambda self: self.array("rejected").astype(bool), doc="Images that count nowhere")
    verdict = property(lambda self: self.text("verdict"), doc='"ok", "doubtful" or "failed"')
    reasons = property(lambda self: self.text("reasons").splitlines(), doc="Sentences, none where the verdict is ok")
    resolution = property(lambda self: self.number("resolution_0143_A"), doc="1 / frequency where the FSC falls below 0.143, A")
    precision_pm = property(lambda self: self.number("atoms_precision_pm"), doc="rms standard error of the atoms, pm")

    def __repr__(self) -> str:
        return (f"<tumble.Result: {len(self.positions)} atoms, precision {self.precision_pm:.1f} pm, resolution {self.resolution:.2f} A, "
                f"verdict {self.verdict}>")

    def _repr_html_(self) -> str:
        rows = {"atoms": len(self.positions), "precision": f"{self.precision_pm:.1f} pm", "resolution": f"{self.resolution:.2f} Å",
                "images": f"{len(self.rotations)}, {int(self.rejected.sum())} rejected", "start": self.text("start"),
                "verdict": "<br>".join([self.verdict, *map(html.escape, self.reasons)])}
        return "<table>" + "".join(f"<tr><th>{k}</th><td>{v}</td></tr>" for k, v in rows.items()) + "</table>"

    def plot(self) -> Any:
        """A matplotlib figure: middle section of the map, atoms by their standard error, Fourier shell correlation."""
        import matplotlib.pyplot as plt
        figure, (section, atoms, curve) = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
        section.imshow(self.map[len(self.map) // 2], cmap="gray", origin="upper")
        section.set_axis_off()
        error_pm = 100 * (self.sigmas**2).sum(1) ** 0.5
        points = atoms.scatter(self.positions[:, 0], self.positions[:, 1], c=error_pm, s=20)
        atoms.set(aspect="equal", xlabel="x (Å)", ylabel="y (Å)")
        figure.colorbar(points, ax=atoms, label="standard error (pm)")
        curve.plot(self.array("fsc_frequencies"), self.array("fsc_corrected"))
        curve.axhline(0.143, color="gray", linewidth=0.5)
        curve.set(xlabel="frequency (1/Å)", ylabel="FSC")
        return figure
