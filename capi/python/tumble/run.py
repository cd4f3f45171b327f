"""A reconstruction one step at a time."""
from __future__ import annotations

import ctypes
import os
from typing import Any, Callable, Optional, Tuple

from . import _library
from .result import Result


class Run:
    """Looks in, draws, stops and goes on between the steps of a reconstruction:

        run = tumble.Run(images, pixel_size=0.358, element="Pt", checkpoint="run.h5")
        while run.step():
            print(run.stage, run.rounds, run.moved)
        result = run.result()

    Arguments as for tumble.reconstruct. With resume=True the steps in the checkpoint are not done again. A step that raises leaves
    the run as it was, and can be done again.
    """

    def __init__(self, images: Any, pixel_size: float, element: str, *, poses: Optional[Tuple[Any, Any]] = None,
                 reference: Optional[Tuple[Any, float]] = None, halves: Any = None, progress: Any = None,
                 log: Optional[Callable[[str], None]] = None, **settings: Any):
        options = _library.options_of(pixel_size, element, poses, reference, halves, settings)
        self._reports, stack, run = _library.Reports(progress, log), _library.as_array(images), ctypes.c_void_p()
        self._reports.call(_library.load().tumble_run_create, ctypes.byref(_library.described(stack)), options.pointer, ctypes.byref(run))
        self._handle = _library.Handle("run", run)

    def step(self) -> bool:
        """The first poses, a round of the search, a round of the half sets, or the final maps and atoms; False after the last."""
        left = ctypes.c_int32()
        self._reports.call(_library.load().tumble_run_step, self._handle.pointer, ctypes.byref(left))
        if not left.value:
            self._reports.close()
        return left.value != 0

    @property
    def stage(self) -> str:
        """Kind of the last step: start, rounds, halves or done."""
        return _library.load().tumble_run_stage(self._handle.pointer).decode()

    def number(self, name: str) -> float:
        """A number by its name in tumble.h (tumble_run_number)."""
        value = ctypes.c_double()
        _library.check(_library.load().tumble_run_number(self._handle.pointer, name.encode(), ctypes.byref(value)))
        return value.value

    def array(self, name: str) -> Any:
        """A copy of an array by its name in tumble.h (tumble_run_array): the library's own changes with the next step."""
        return _library.lent(self._handle, _library.load().tumble_run_array, name.encode()).copy()

    rounds = property(lambda self: int(self.number("rounds")), doc="Rounds of the search that are done.")
    moved = property(lambda self: self.number("moved"), doc="Share of the images that turned by more than 5 deg in the last round.")
    explained = property(lambda self: self.number("explained"), doc="Held-out score of the last round over what a perfect model would have.")

    def save(self, path: str) -> None:
        """Writes a checkpoint of the steps done so far."""
        _library.check(_library.load().tumble_run_save(self._handle.pointer, os.fsencode(path)))

    def result(self) -> Result:
        """After the last step, once."""
        result = ctypes.c_void_p()
        _library.check(_library.load().tumble_run_take_result(self._handle.pointer, ctypes.byref(result)))
        return Result(_library.Handle("result", result))
