#!/usr/bin/env python3
"""NULL for every pointer of tumble.h, all at once and one at a time among good ones: a status each time, and no crash.

    null_pointers.py LIBTUMBLE ROOT_OF_THE_REPOSITORY
"""
import array
import ctypes
import pathlib
import sys

sys.dont_write_bytecode = True
root = pathlib.Path(sys.argv[2])
sys.path[:0] = [str(root / "capi/python/tumble"), str(root / "capi")]
import _abi as abi  # noqa: E402
import generate_bindings  # noqa: E402

# What the header lets be NULL: (function, argument), counted from 0.
MAY_BE_NULL = {("tumble_context_set_progress", 1), ("tumble_context_set_progress", 2), ("tumble_context_set_log", 1), ("tumble_context_set_log", 2),
               ("tumble_context_set_allocator", 3),
               ("tumble_result_text", 2), ("tumble_result_text", 4), ("tumble_run_step", 2), ("tumble_images_create", 0)}
BOX, COUNT = 24, 12
CALLBACKS = abi.tumble_progress_callback, abi.tumble_log_callback, abi.tumble_allocate_callback, abi.tumble_free_callback

library = ctypes.CDLL(sys.argv[1])
functions = {}
for name, (result, arguments) in abi.PROTOTYPES.items():
    function = functions[name] = getattr(library, name)
    function.restype, function.argtypes = result, arguments


def good(status):
    if status != abi.TUMBLE_OK:
        raise AssertionError(library.tumble_last_error())


library.tumble_last_error.restype = ctypes.c_char_p
keep = []


def host_array(code, dtype, shape, values):
    data = array.array(code, values)
    keep.append(data)
    out = abi.tumble_array(struct_size=ctypes.sizeof(abi.tumble_array), data=data.buffer_info()[0], dtype=dtype, memory=1, dimensions=len(shape))
    stride = 1
    for axis in reversed(range(len(shape))):
        out.shape[axis], out.stride[axis] = shape[axis], stride
        stride *= shape[axis]
    return out


def handle(create, *arguments):
    out = ctypes.c_void_p()
    good(functions[create](*arguments, ctypes.byref(out)))
    return out


def bumps():
    """Images of a blob that is a little to the side in each."""
    for i in range(COUNT):
        for y in range(BOX):
            for x in range(BOX):
                noise = (1103515245 * (i * BOX * BOX + y * BOX + x) % 65537) / 65537 - 0.5
                yield 3 * 2.0 ** (-((x - 12 - i % 3) ** 2 + (y - 12) ** 2) / 12) + 0.3 * noise


values = list(bumps())
stack = host_array("f", abi.TUMBLE_FLOAT32, (COUNT, BOX, BOX), values)
cube = host_array("f", abi.TUMBLE_FLOAT32, (BOX, BOX, BOX), [values[i % len(values)] for i in range(BOX**3)])
scoring = abi.tumble_scoring(struct_size=ctypes.sizeof(abi.tumble_scoring), low_per_A=0.1, high_per_A=0.5)
context, options = handle("tumble_context_create"), handle("tumble_options_create")
good(functions["tumble_options_set_float64"](options, b"pixel-size", 0.5))
good(functions["tumble_options_set_text"](options, b"element", b"Pt"))
device = handle("tumble_device_create", b"cpu", 1)
images = handle("tumble_images_create", context, device, stack, 0.5, 0.0, 0)
transform = handle("tumble_transform_create", device, cube, 0.5)
search = handle("tumble_search_create", images, transform, scoring, 0.0, 0.5, 1)
equations = handle("tumble_equations_create", images)
run = handle("tumble_run_create", context, stack, options)

# The handles that there are, by their type in C; for the types of which there is none another argument is NULL as well.
handles = {"tumble_context": context, "tumble_options": options, "tumble_device": device, "tumble_images": images, "tumble_transform": transform,
           "tumble_search": search, "tumble_equations": equations, "tumble_run": run}
header = generate_bindings.Header((root / "include/tumble.h").read_text())
c_types = {name: [kind.replace("const ", "").rstrip("*") for kind, _ in arguments] for _, name, arguments in header.functions}


def good_value(name, position, kind):
    if kind in CALLBACKS:
        return kind()
    if kind is ctypes.c_void_p:
        return handles.get(c_types[name][position])
    if kind is ctypes.c_char_p:
        return ctypes.create_string_buffer(b"element", 64).raw
    if kind is ctypes.POINTER(abi.tumble_array):
        return stack
    if kind is ctypes.POINTER(ctypes.c_void_p):
        return ctypes.byref(ctypes.c_void_p())
    target = getattr(kind, "_type_", None)
    if isinstance(target, type) and issubclass(target, (ctypes.Structure, ctypes._SimpleCData)):
        value = target()
        if isinstance(value, ctypes.Structure):
            value.struct_size = ctypes.sizeof(value)
        return ctypes.byref(value)
    return None


def is_pointer(kind):
    return kind in (ctypes.c_void_p, ctypes.c_char_p) or hasattr(kind, "contents") or kind in CALLBACKS


def null(kind):
    return kind() if kind in CALLBACKS else None


calls = 0
for name, (result, arguments) in abi.PROTOTYPES.items():
    status = result is ctypes.c_int32 and any(is_pointer(kind) for kind in arguments) and name != "tumble_capability"
    answer = functions[name](*[null(kind) if is_pointer(kind) else kind(1) for kind in arguments])
    calls += 1
    assert not status or answer // 100 in (1, 2), f"{name} with NULLs: status {answer}"
    if not status:
        continue
    for position, kind in enumerate(arguments):
        if not is_pointer(kind) or (name, position) in MAY_BE_NULL or kind in CALLBACKS:
            continue
        given = [None if i == position else good_value(name, i, k) if is_pointer(k) else k(1) for i, k in enumerate(arguments)]
        answer = functions[name](*given)
        calls += 1
        # A NULL array of image numbers, weights and the like is allowed: the other arrays are then refused, for their shape.
        assert answer != abi.TUMBLE_OK, f"{name}, argument {position} NULL: status {answer}"
print(f"{calls} calls with NULL, every one answered")
