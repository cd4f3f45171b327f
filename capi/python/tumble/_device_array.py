"""Arrays in the memory of a CUDA device, of CuPy, PyTorch, JAX and whatever else speaks DLPack."""
from __future__ import annotations

import ctypes
from typing import Any, Optional

from . import _abi

CUDA = 2  # DLPack's number, which is the library's as well


class _Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class _Tensor(ctypes.Structure):
    """DLTensor of dlpack.h."""

    _fields_ = [("data", ctypes.c_void_p), ("device", _Device), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64)]


_INTEGER, _UNSIGNED, _FLOAT = 0, 1, 2
_TYPES = {(_FLOAT, 32): _abi.TUMBLE_FLOAT32, (_FLOAT, 64): _abi.TUMBLE_FLOAT64, (_INTEGER, 32): _abi.TUMBLE_INT32, (_UNSIGNED, 8): _abi.TUMBLE_UINT8,
          (_INTEGER, 8): _abi.TUMBLE_INT8, (_INTEGER, 16): _abi.TUMBLE_INT16, (_UNSIGNED, 16): _abi.TUMBLE_UINT16}

_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype, _pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def lies_on_a_device(array: Any) -> bool:
    return hasattr(array, "__dlpack_device__") and int(array.__dlpack_device__()[0]) == CUDA


class DeviceArray:
    """What a CUDA array says of itself. It keeps the array's memory alive; nothing is copied."""

    def __init__(self, array: Any, stream: Optional[int] = None):
        # The producer makes its work on the array precede what comes on this stream; None is CUDA's default stream, which DLPack calls 1.
        self.capsule = array.__dlpack__(stream=stream or 1)
        tensor = _Tensor.from_address(_pointer_of(self.capsule, b"dltensor"))
        kind = _TYPES.get((tensor.code, tensor.bits)) if tensor.lanes == 1 else None
        if kind is None:
            raise TypeError(f"found elements of DLPack's type {tensor.code}, {tensor.bits} bits, {tensor.lanes} lanes, expected float32, float64, "
                            "int32, uint8, int8, int16 or uint16")
        if tensor.ndim > _abi.TUMBLE_MAX_DIMENSIONS:
            raise TypeError(f"found an array of {tensor.ndim} dimensions, expected at most {_abi.TUMBLE_MAX_DIMENSIONS}")
        data = (tensor.data or 0) + tensor.byte_offset
        self.shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
        self.described = _abi.tumble_array(ctypes.sizeof(_abi.tumble_array), data or None, kind, _abi.TUMBLE_MEMORY_CUDA, tensor.device.id, tensor.ndim)
        step = 1
        for axis in reversed(range(tensor.ndim)):
            self.described.shape[axis] = tensor.shape[axis]
            self.described.stride[axis] = tensor.strides[axis] if tensor.strides else step
            step *= tensor.shape[axis]
