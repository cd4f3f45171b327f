#!/usr/bin/env python3
"""Writes the constants, structures and prototypes of tumble.h for Python (ctypes), Fortran (ISO_C_BINDING) and Julia.

    generate_bindings.py           rewrites the files
    generate_bindings.py --check   fails where they are not what the header says
"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTE = "Written by capi/generate_bindings.py from include/tumble.h: change the header, not this file."


class Header:
    def __init__(self, text):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        self.constants = re.findall(r"^#define (TUMBLE_\w+) (\d+)\s*$", text, flags=re.M)
        self.structs = {
            name: [self.field(f) for f in body.split(";") if f.strip()]
            for body, name in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", text, flags=re.S)
        }
        self.callbacks = re.findall(r"typedef \w+ \*?\(\*(\w+)\)", text)
        self.opaque = [n for n in re.findall(r"typedef struct (\w+) \1;", text) if n not in self.structs]
        self.functions = [
            (returns.strip(), name, [self.argument(a) for a in arguments.split(",") if a.strip() != "void"])
            for returns, name, arguments in re.findall(r"TUMBLE_API ([\w ]+?\**)\s*(tumble_\w+)\(([^)]*)\);", text)
        ]

    @staticmethod
    def field(text):
        """(type, name, array length or None)."""
        kind, name, length = re.fullmatch(r"\s*(.+?[ *])(\w+)(?:\[(\w+)\])?\s*", text).groups()
        return re.sub(r"\s+", " ", kind).strip(), name, length

    @staticmethod
    def argument(text):
        """(type without blanks around its stars, name)."""
        kind, name = re.fullmatch(r"\s*(.+?[ *])(\w+)\s*", text, flags=re.S).groups()
        return re.sub(r"\s*(\*+)\s*", r"\1", re.sub(r"\s+", " ", kind)).strip(), name


def python_file(header):
    plain = {"int32_t": "c_int32", "int64_t": "c_int64", "uint64_t": "c_uint64", "double": "c_double", "tumble_status": "c_int32",
             "void*": "c_void_p", "const char*": "c_char_p", "char*": "c_char_p", "const char *": "c_char_p", "void *": "c_void_p"}

    def of(kind):
        bare = kind.replace("const ", "")
        if kind in plain:
            return plain[kind]
        if bare in header.callbacks:
            return bare
        base, stars = bare.rstrip("*"), len(bare) - len(bare.rstrip("*"))
        if base in header.opaque:
            return "c_void_p" if stars == 1 else "POINTER(c_void_p)"
        return f"POINTER({plain.get(base, base)})"

    out = [f'"""{NOTE}"""', "from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_uint64, c_void_p)", ""]
    out += [f"{name} = {value}" for name, value in header.constants]
    for name, fields in header.structs.items():
        out += ["", "", f"class {name}(Structure):", "    _fields_ = ["]
        out += [f'        ("{n}", {plain[k]}{f" * {length}" if length else ""}),' for k, n, length in fields]
        out += ["    ]"]
    out += ["", "", "tumble_progress_callback = CFUNCTYPE(c_int32, POINTER(tumble_progress), c_void_p)",
            "tumble_log_callback = CFUNCTYPE(None, c_char_p, c_void_p)", "tumble_allocate_callback = CFUNCTYPE(c_void_p, c_uint64, c_void_p)",
            "tumble_free_callback = CFUNCTYPE(None, c_void_p, c_void_p)", "", "# name: (result, arguments)", "PROTOTYPES = {"]
    for returns, name, arguments in header.functions:
        result = "None" if returns == "void" else of(returns)
        out.append(f'    "{name}": ({result}, [{", ".join(of(k) for k, _ in arguments)}]),')
    return "\n".join(out + ["}", ""])


def continued(line, most=120):
    """A Fortran line in pieces that its limit of 132 columns allows."""
    pieces = textwrap.wrap(line.strip(), most - 16, break_long_words=False, break_on_hyphens=False)
    return [("        " if i == 0 else "            ") + piece + (" &" if i + 1 < len(pieces) else "") for i, piece in enumerate(pieces)]


def may_be_null(function, argument, arguments):
    """Whether the header lets the caller hand over NULL for an array."""
    return (argument in ("weights", "improved") or argument == "images" and "rotations" in arguments
            or (function, argument) in (("tumble_atoms_find", "half1"), ("tumble_atoms_find", "half2"), ("tumble_maps_correlate", "mask")))


def fortran_file(header):
    plain = {"int32_t": "integer(c_int32_t)", "int64_t": "integer(c_int64_t)", "uint64_t": "integer(c_int64_t)",
             "double": "real(c_double)", "tumble_status": "integer(c_int32_t)"}

    def declare(kind, name, null):
        constant, bare = kind.startswith("const "), kind.replace("const ", "")
        base, stars = bare.rstrip("*"), len(bare) - len(bare.rstrip("*"))
        if bare in header.callbacks:
            return f"type(c_funptr), value :: {name}"
        if base == "char":
            return f"character(kind=c_char), intent({'in' if constant else 'out'}) :: {name}(*)"
        # Fortran 2008 has no optional arguments of C's functions: c_loc(array) or c_null_ptr.
        if base == "void" or (base in header.opaque and stars == 1) or null:
            return f"type(c_ptr), value :: {name}"
        if base in header.opaque:
            return f"type(c_ptr), intent(out) :: {name}"
        if base in header.structs:
            return f"type({base}), intent({'in' if constant else 'inout'}) :: {name}"
        return f"{plain[base]}, intent(out) :: {name}" if stars else f"{plain[base]}, value :: {name}"

    out = [f"! {NOTE}", "module tumble_c", "    use, intrinsic :: iso_c_binding", "    implicit none", "    public", ""]
    out += [f"    integer(c_int32_t), parameter :: {name} = {value}" for name, value in header.constants]
    for name, fields in header.structs.items():
        out += ["", f"    type, bind(C) :: {name}"]
        for kind, n, length in fields:
            pointer = kind.endswith("*")
            declared = "type(c_ptr)" if pointer else plain[kind]
            initial = "c_null_ptr" if pointer else "0"
            out.append(f"        {declared} :: {n}{f'({length})' if length else ''} = {initial}")
        out += [f"    end type {name}"]
    out += ["", "    interface"]
    for returns, name, arguments in header.functions:
        names = ", ".join(n for _, n in arguments)
        kind = "subroutine" if returns == "void" else "function"
        result = "" if returns == "void" else " result(answer)"
        out += continued(f"        {kind} {name}({names}) bind(C, name=\"{name}\"){result}") + ["            import"]
        out += [f"            {declare(k, n, may_be_null(name, n, [a for _, a in arguments]))}" for k, n in arguments]
        if returns != "void":
            out.append(f"            {'type(c_ptr)' if '*' in returns else plain[returns]} :: answer")
        out += [f"        end {kind} {name}"]
    return "\n".join(out + ["    end interface", "end module tumble_c", ""])


def julia_file(header):
    plain = {"int32_t": "Int32", "int64_t": "Int64", "uint64_t": "UInt64", "double": "Float64", "tumble_status": "Int32", "void": "Cvoid",
             "char": "UInt8"}

    def of(kind):
        bare = kind.replace("const ", "").replace(" ", "")
        if bare in header.callbacks:
            return "Ptr{Cvoid}"
        if bare.endswith("*"):
            return "Ptr{Cvoid}" if bare[:-1] in header.opaque else f"Ptr{{{of(bare[:-1])}}}"
        return bare if bare in header.structs else plain[bare]

    def passed(kind):
        # Cstring makes a String end with its NUL and refuses one with a NUL inside.
        return "Cstring" if kind.replace(" ", "") == "constchar*" else of(kind)

    def initial(kind, length):
        value = "C_NULL" if of(kind).startswith("Ptr") else "0"
        return f"ntuple(_ -> {value}, {length})" if length else value

    out = [f"# {NOTE}", ""]
    out += [f"const {name} = {value}" for name, value in header.constants]
    for name, fields in header.structs.items():
        out += ["", f"struct {name}"]
        out += [f"    {n}::{f'NTuple{{{length}, {of(k)}}}' if length else of(k)}" for k, n, length in fields]
        out += ["end"]
        if fields[0][1] == "struct_size":
            values = [f"sizeof({name})"] + [initial(k, length) for k, _, length in fields[1:]]
            out += ["", "# Nothing but its size is set.", f"{name}() = {name}({', '.join(values)})"]
    for returns, name, arguments in header.functions:
        typed = ", ".join(f"{n}::{passed(k)}" for k, n in arguments)
        out += ["", f"{name}({', '.join(n for _, n in arguments)}) =",
                f"    @ccall $(symbol(:{name}))({typed})::{passed(returns)}"]
    return "\n".join(out + [""])


def main():
    header = Header((ROOT / "include/tumble.h").read_text())
    files = {ROOT / "capi/python/tumble/_abi.py": python_file(header), ROOT / "capi/fortran/tumble_c.f90": fortran_file(header),
             ROOT / "capi/julia/src/abi.jl": julia_file(header)}
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what include/tumble.h says: run capi/generate_bindings.py")
        sys.exit(bool(stale))
    for path in stale:
        path.write_text(files[path])


if __name__ == "__main__":
    main()
