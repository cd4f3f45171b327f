"""The shared library and what is needed to call it."""
from __future__ import annotations

import ctypes
import ctypes.util
import functools
import os
import pathlib
from typing import Any, Dict, List, Optional

from . import _abi


class TumbleError(RuntimeError):
    """A failure of the library; `status` is its code, see tumble.h."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


@functools.lru_cache(maxsize=None)
def load() -> ctypes.CDLL:
    """The library: TUMBLE_LIBRARY, the one in this package, or the system's."""
    own = pathlib.Path(__file__).with_name("libtumble.so")
    name = os.environ.get("TUMBLE_LIBRARY") or (str(own) if own.exists() else None) or ctypes.util.find_library("tumble")
    if not name:
        raise ImportError("libtumble.so was not found: expected it in the package, in the system's folders, or in TUMBLE_LIBRARY")
    library = ctypes.CDLL(name)
    for function, (result, arguments) in _abi.PROTOTYPES.items():
        getattr(library, function).restype = result
        getattr(library, function).argtypes = arguments
    if library.tumble_abi_number() != _abi.TUMBLE_ABI:
        raise ImportError(f"{name} has ABI number {library.tumble_abi_number()}, this package expects {_abi.TUMBLE_ABI}")
    return library


def check(status: int) -> None:
    if status != _abi.TUMBLE_OK:
        raise TumbleError(status, load().tumble_last_error().decode())


class Handle:
    """An opaque handle that gives itself back."""

    def __init__(self, kind: str, pointer: ctypes.c_void_p):
        self.pointer = pointer
        self._destroy = getattr(load(), f"tumble_{kind}_destroy")

    def __del__(self) -> None:
        if self.pointer:
            self._destroy(self.pointer)
            self.pointer = ctypes.c_void_p()


def create(kind: str) -> Handle:
    pointer = ctypes.c_void_p()
    check(getattr(load(), f"tumble_{kind}_create")(ctypes.byref(pointer)))
    return Handle(kind, pointer)


def _types() -> Dict[int, Any]:
    import numpy as np
    return {_abi.TUMBLE_FLOAT32: np.float32, _abi.TUMBLE_FLOAT64: np.float64, _abi.TUMBLE_INT32: np.int32, _abi.TUMBLE_UINT8: np.uint8,
            _abi.TUMBLE_INT8: np.int8, _abi.TUMBLE_INT16: np.int16, _abi.TUMBLE_UINT16: np.uint16}


def as_numpy(array: Any) -> Any:
    """Without a copy where the array's memory can be seen from here."""
    import numpy as np
    if not isinstance(array, np.ndarray) and hasattr(array, "__dlpack__"):
        return np.from_dlpack(array)
    return np.asarray(array)


def as_array(array: Any, stream: Optional[int] = None) -> Any:
    """The same, and arrays in the memory of a CUDA device as they are, ready on `stream` (None: CUDA's default stream)."""
    import numpy as np
    if not isinstance(array, np.ndarray):
        from . import _device_array
        if _device_array.lies_on_a_device(array):
            return _device_array.DeviceArray(array, stream)
    return as_numpy(array)


def described(array: Any) -> _abi.tumble_array:
    """An array (as_array) as the library sees it; the caller keeps the array alive."""
    import numpy as np
    if not isinstance(array, np.ndarray):
        return array.described
    for number, kind in _types().items():
        if array.dtype == kind:
            break
    else:
        raise TypeError(f"found elements of {array.dtype}, expected one of {', '.join(np.dtype(t).name for t in _types().values())}")
    if array.ndim > _abi.TUMBLE_MAX_DIMENSIONS or any(s % array.itemsize for s in array.strides):
        raise TypeError("found an array whose strides are no multiples of its elements, or that has too many dimensions")
    out = _abi.tumble_array(ctypes.sizeof(_abi.tumble_array), array.ctypes.data, number, _abi.TUMBLE_MEMORY_HOST, 0, array.ndim)
    for axis in range(array.ndim):
        out.shape[axis] = array.shape[axis]
        out.stride[axis] = array.strides[axis] // array.itemsize
    return out


class _Lent:
    """Memory of a handle as NumPy sees it; the array keeps this, and this the handle."""

    def __init__(self, owner: Handle, array: _abi.tumble_array):
        import numpy as np
        kind = np.dtype(_types()[array.dtype])
        shape = tuple(array.shape[: array.dimensions])
        self.owner = owner
        self.__array_interface__ = {"version": 3, "typestr": kind.str, "shape": shape, "data": (array.data or 0, True),
                                    "strides": tuple(s * kind.itemsize for s in array.stride[: array.dimensions])}


def lent(owner: Handle, function: Any, *arguments: Any) -> Any:
    """An array of a handle, read-only and without a copy."""
    import numpy as np
    array = _abi.tumble_array(ctypes.sizeof(_abi.tumble_array))
    check(function(owner.pointer, *arguments, ctypes.byref(array)))
    if not array.data:
        return np.zeros(tuple(array.shape[: array.dimensions]), _types()[array.dtype])
    return np.asarray(_Lent(owner, array))


def option_table() -> List[Dict[str, Any]]:
    kinds = {_abi.TUMBLE_OPTION_INT64: int, _abi.TUMBLE_OPTION_FLOAT64: float, _abi.TUMBLE_OPTION_TEXT: str}
    table = []
    for index in range(load().tumble_option_count()):
        o = _abi.tumble_option(ctypes.sizeof(_abi.tumble_option))
        check(load().tumble_option_describe(index, ctypes.byref(o)))
        table.append({"name": o.name.decode(), "type": kinds[o.type], "unit": o.unit.decode(), "default": o.default_value.decode(),
                      "minimum": o.minimum, "maximum": o.maximum, "choices": [c for c in o.choices.decode().split("|") if c],
                      "text": o.text.decode()})
    return table


def set_option(handle: Handle, name: str, value: Any) -> None:
    kinds = {row["name"]: row["type"] for row in option_table()}
    key = name.replace("_", "-")
    kind = kinds.get(key, str)
    if kind is str:
        value = ",".join(value) if isinstance(value, (list, tuple)) else str(value)
        check(load().tumble_options_set_text(handle.pointer, key.encode(), value.encode()))
    elif kind is int:
        if int(value) != value:
            raise TypeError(f"option '{key}': found {value!r}, expected a whole number")
        check(load().tumble_options_set_int64(handle.pointer, key.encode(), int(value)))
    else:
        check(load().tumble_options_set_float64(handle.pointer, key.encode(), float(value)))


def read_stack(path: str) -> Any:
    pointer, pixel_size = ctypes.c_void_p(), ctypes.c_double()
    check(load().tumble_stack_read(os.fsencode(path), ctypes.byref(pointer)))
    stack = Handle("stack", pointer)
    check(load().tumble_stack_pixel_size(stack.pointer, ctypes.byref(pixel_size)))
    return lent(stack, load().tumble_stack_images), pixel_size.value


def write_map(path: str, volume: Any, voxel_size: float) -> None:
    import numpy as np
    volume = np.asarray(volume, np.float32)
    check(load().tumble_map_write(os.fsencode(path), ctypes.byref(described(volume)), voxel_size))


class _Bar:
    """A tqdm bar for the stages."""

    def __init__(self) -> None:
        from tqdm.auto import tqdm
        self.bar = tqdm(total=100, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}")

    def __call__(self, stage: str, fraction: float, round: int) -> None:
        self.bar.set_description(stage if round == 0 else f"{stage}, round {round} done", refresh=False)
        self.bar.n = round_to_percent(fraction)
        self.bar.refresh()


def round_to_percent(fraction: float) -> int:
    return int(100 * fraction + 0.5)


def options_of(pixel_size: float, element: Any, poses: Any, reference: Any, halves: Any, settings: Dict[str, Any]) -> Handle:
    import numpy as np
    options, library = create("options"), load()
    for name, value in {"pixel-size": pixel_size, "element": element, **settings}.items():
        set_option(options, name, value)
    if poses is not None:
        rotations, shifts = (np.asarray(as_numpy(p), np.float64) for p in poses)
        check(library.tumble_options_set_poses(options.pointer, ctypes.byref(described(rotations)), ctypes.byref(described(shifts))))
    if reference is not None:
        volume = np.asarray(as_numpy(reference[0]), np.float32)
        check(library.tumble_options_set_reference(options.pointer, ctypes.byref(described(volume)), reference[1]))
    if halves is not None:
        parts = np.asarray(as_numpy(halves), np.int32)
        check(library.tumble_options_set_halves(options.pointer, ctypes.byref(described(parts))))
    return options


class Reports:
    """A context whose reports go to Python functions (see tumble.reconstruct)."""

    def __init__(self, progress: Any, log: Any):
        self.context = create("context")
        self._raised: List[BaseException] = []
        self._bar = _Bar() if progress is True else None
        report, raised, context, library = self._bar or progress, self._raised, self.context, load()

        def on_progress(pointer: Any, _: Any) -> int:
            # An exception cannot pass through the library: keep it, cancel, and raise it afterwards. With no one to report to this
            # still lets the interpreter see Ctrl-C.
            try:
                p = pointer.contents
                return 1 if report and report(p.stage.decode(), p.fraction, p.round) else 0
            except BaseException as error:  # noqa: BLE001
                raised.append(error)
                return 1

        def on_log(line: bytes, _: Any) -> None:
            try:
                log(line.decode())
            except BaseException as error:  # noqa: BLE001
                raised.append(error)
                library.tumble_context_cancel(context.pointer)

        self._callbacks = _abi.tumble_progress_callback(on_progress), _abi.tumble_log_callback(on_log) if log else _abi.tumble_log_callback()
        check(library.tumble_context_set_progress(context.pointer, self._callbacks[0], None))
        check(library.tumble_context_set_log(context.pointer, self._callbacks[1], None))

    def call(self, function: Any, *arguments: Any) -> None:
        """Calls function(context, arguments...); raises what a callback raised, else the library's failure."""
        status = function(self.context.pointer, *arguments)
        if self._raised:
            raise self._raised.pop(0)
        check(status)

    def close(self) -> None:
        if self._bar:
            self._bar.bar.close()


def reconstruct(images: Any, pixel_size: float, element: Any, poses: Any, reference: Any, halves: Any, progress: Any, log: Any,
                settings: Dict[str, Any]) -> Handle:
    options = options_of(pixel_size, element, poses, reference, halves, settings)
    reports, stack, result = Reports(progress, log), as_array(images), ctypes.c_void_p()
    try:
        reports.call(load().tumble_reconstruct, ctypes.byref(described(stack)), options.pointer, ctypes.byref(result))
    finally:
        reports.close()
        handle = Handle("result", result)
    return handle
