#!/usr/bin/env python3
"""Compares the Julia package with include/tumble.h where there is no Julia to run it: every @ccall and @cfunction (names, number and
types of arguments, result), every mirrored structure and constant, every use of a name of the header, and that brackets and blocks
close. It reads the header on its own and shares nothing with capi/generate_bindings.py.

    check_ccalls.py [ROOT]      one line for each mismatch: FILE:LINE: found ..., expected ...
"""
import pathlib
import re
import sys

from julia_text import code_of, end_of_brackets, line_of, pieces, unbalanced

SCALARS = {"int32_t": {"Int32", "Cint"}, "int64_t": {"Int64", "Clonglong"}, "uint64_t": {"UInt64", "Culonglong"},
           "double": {"Float64", "Cdouble"}, "tumble_status": {"Int32", "Cint"}, "void": {"Cvoid", "Nothing"},
           "char": {"UInt8", "Int8", "Cchar"}}


class Header:
    def __init__(self, text):
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        self.constants = {n: int(v) for n, v in re.findall(r"^[ \t]*#define\s+(TUMBLE_\w+)\s+(-?\d+)\s*$", text, flags=re.M)}
        self.structs = {name: [self.field(f) for f in body.split(";") if f.strip()]
                        for body, name in re.findall(r"typedef\s+struct\s+\w+\s*\{(.*?)\}\s*(\w+)\s*;", text, flags=re.S)}
        self.opaque = set(re.findall(r"typedef\s+struct\s+(\w+)\s+\1\s*;", text)) - set(self.structs)
        self.callbacks = {name: (self.bare(result), self.arguments(arguments)) for result, name, arguments in
                          re.findall(r"typedef\s+([\w\s*]+?)\(\s*\*\s*(\w+)\s*\)\s*\(([^)]*)\)\s*;", text)}
        self.functions = {name: (self.bare(result), self.arguments(arguments)) for result, name, arguments in
                          re.findall(r"TUMBLE_API\s+([\w\s*]+?)\b(tumble_\w+)\s*\(([^)]*)\)\s*;", text)}

    @staticmethod
    def bare(kind):
        """The type without blanks; const stays only where it makes char * a text."""
        kind = re.sub(r"\s+", " ", kind).strip()
        text = re.fullmatch(r"const char ?\*", kind) is not None
        return ("const " if text else "") + re.sub(r"\bconst\b|\s", "", kind)

    def arguments(self, text):
        return [self.bare(re.sub(r"\w+\s*$", "", a)) for a in text.split(",") if a.strip() not in ("", "void")]

    def field(self, text):
        """(type, name, length or None)"""
        kind, name, length = re.fullmatch(r"\s*(.+?)(\w+)\s*(?:\[\s*(\w+)\s*\])?\s*", text, flags=re.S).groups()
        return self.bare(kind), name, length

    def fitting(self, kind, reference=True):
        """The Julia types that fit a C type; Ref only where it is an argument."""
        if kind in self.callbacks or kind in ("void*", *(f"{o}*" for o in self.opaque)):
            return {"Ptr{Cvoid}"}
        if kind == "const char*":
            return {"Cstring", "Ptr{UInt8}", "Ptr{Int8}", "Ptr{Cchar}"}
        if kind.endswith("*"):
            pointed = self.fitting(kind[:-1], False)
            return {f"{p}{{{t}}}" for t in pointed for p in (("Ptr", "Ref") if reference else ("Ptr",))}
        return {kind} if kind in self.structs else SCALARS.get(kind, set())


class Source:
    """One Julia file and what is wrong with it."""

    def __init__(self, name, text, header):
        self.name, self.code, self.header = name, code_of(text), header
        self.findings, self.called, self.mirrored, self.constants = [], set(), set(), set()
        for line, found, expected in unbalanced(self.code):
            self.tell(line, found, expected)
        self.check_names()
        self.check_calls()
        self.check_callbacks()
        self.check_structs()
        self.check_constants()

    def tell(self, line, found, expected):
        self.findings.append(f"{self.name}:{line}: found {found}, expected {expected}")

    def tell_type(self, offset, what, found, expected):
        if found.replace(" ", "") not in expected:
            self.tell(line_of(self.code, offset), f"{found or 'no type'} for {what}", " or ".join(sorted(expected)) or "a type known here")

    def tell_count(self, offset, name, found, expected):
        if found != expected:
            self.tell(line_of(self.code, offset), f"{found} arguments of {name}", expected)

    def check_calls(self):
        for call in re.finditer(r"(?<![\w.])@?ccall\b", self.code):
            line = line_of(self.code, call.start())
            head = re.match(r"@ccall\s+(?:\$\(\s*symbol\(\s*:(\w+)\s*\)\s*\)|(?:[\w.]+\.)?(\w+))\s*(?=\()", self.code[call.start():])
            if not head:
                self.tell(line, "a call that cannot be read here", "@ccall $(symbol(:name))(argument::Type, ...)::Type")
                continue
            name, opening = head.group(1) or head.group(2), call.start() + head.end()
            if name not in self.header.functions:
                self.tell(line, f"@ccall of {name}", "a function of tumble.h")
                continue
            self.called.add(name)
            end = end_of_brackets(self.code, opening)
            result, kinds = self.header.functions[name]
            given = pieces(self.code, opening + 1, end - 1)
            self.tell_count(call.start(), name, len(given), len(kinds))
            for i, ((offset, argument), kind) in enumerate(zip(given, kinds)):
                found = argument.rpartition("::")[2] if "::" in argument else ""
                self.tell_type(offset, f"argument {i + 1} of {name}", found, self.header.fitting(kind))
            found = re.match(r"::([\w.]+(?:\{[\w{}., ]*\})?)", self.code[end:])
            self.tell_type(end, f"the result of {name}", found.group(1) if found else "", self.header.fitting(result, False))

    def check_callbacks(self):
        """A function pointer fits if it is one of the callbacks of the header."""
        for made in re.finditer(r"@cfunction(?=\()", self.code):
            parts = pieces(self.code, made.end() + 1, end_of_brackets(self.code, made.end()) - 1)
            (_, function), (_, result), (offset, listed) = parts
            types = [t.replace(" ", "") for _, t in pieces(self.code, offset + 1, offset + len(listed) - 1)]
            line = line_of(self.code, made.start())
            if not any(len(kinds) == len(types) and result in self.header.fitting(returns, False)
                       and all(t in self.header.fitting(k, False) for t, k in zip(types, kinds))
                       for returns, kinds in self.header.callbacks.values()):
                self.tell(line, f"@cfunction of ({', '.join(types)}) to {result}", "one of " + ", ".join(self.header.callbacks))
            defined = re.search(rf"\bfunction {function}(?=\()", self.code)
            if not defined:
                self.tell(line, f"@cfunction of {function}", "a function of this file")
            else:
                given = pieces(self.code, defined.end() + 1, end_of_brackets(self.code, defined.end()) - 1)
                self.tell_count(defined.start(), function, len(given), len(types))

    def check_names(self):
        """Names of the header exist, and functions and structures are called with as many arguments as they have."""
        known = self.header.functions.keys() | self.header.structs.keys() | self.header.constants.keys()
        for use in re.finditer(r"(?<![\w@])(tumble|TUMBLE)_\w+", self.code):
            name, line = use.group(), line_of(self.code, use.start())
            if name not in known:
                self.tell(line, name, "a name of tumble.h")
            elif self.code[use.end():use.end() + 1] == "(":
                given = [p for _, p in pieces(self.code, use.end() + 1, end_of_brackets(self.code, use.end()) - 1)]
                if any(p.endswith("...") for p in given):
                    continue
                if name in self.header.functions:
                    self.tell_count(use.start(), name, len(given), len(self.header.functions[name][1]))
                elif name in self.header.structs and given:
                    self.tell_count(use.start(), name, len(given), len(self.header.structs[name]))

    def check_structs(self):
        for struct in re.finditer(r"^((?:mutable )?struct) (tumble_\w+)\n(.*?)^end", self.code, flags=re.S | re.M):
            form, name, body = struct.groups()
            if name not in self.header.structs:
                continue  # told by check_names
            self.mirrored.add(name)
            line, fields = line_of(self.code, struct.start()), self.header.structs[name]
            if form != "struct":
                self.tell(line, f"{form} {name}", f"struct {name}")
            rows = [(line + 1 + i, row.strip()) for i, row in enumerate(body.split("\n")) if row.strip()]
            for (at, row), (kind, field, length) in zip(rows, fields):
                types = self.header.fitting(kind, False)
                expected = {f"{field}::{f'NTuple{{{length},{t}}}' if length else t}" for t in types}
                if row.replace(" ", "") not in expected:
                    self.tell(at, f"{row} in {name}", " or ".join(sorted(expected)))
            if len(rows) != len(fields):
                self.tell(line, f"{len(rows)} fields of {name}", len(fields))

    def check_constants(self):
        for row in re.finditer(r"^const (TUMBLE_\w+) = (.*)$", self.code, flags=re.M):
            name, value = row.groups()
            self.constants.add(name)
            if name in self.header.constants and value.strip() != str(self.header.constants[name]):
                self.tell(line_of(self.code, row.start()), f"{name} = {value.strip()}", self.header.constants[name])


def mismatches(header_text, sources):
    """All findings for {name: text of a Julia file}."""
    header = Header(header_text)
    read = [Source(name, text, header) for name, text in sources.items()]
    findings = [finding for source in read for finding in source.findings]
    for what, expected, found in (("@ccall", header.functions, [s.called for s in read]),
                                  ("structure", header.structs, [s.mirrored for s in read]),
                                  ("constant", header.constants, [s.constants for s in read])):
        for name in [n for n in expected if n not in set().union(*found)]:
            line = next((i + 1 for i, row in enumerate(header_text.split("\n")) if re.search(rf"\b{name}\b", row)), 1)
            findings.append(f"include/tumble.h:{line}: found no {what} for {name}, expected one in the Julia package")
    return findings


def version_mismatch(cmake_text, project_text):
    expected = re.search(r"project\(tumble VERSION ([\d.]+)", cmake_text).group(1)
    found = re.search(r'^version = "(.*)"', project_text, flags=re.M)
    if found and found.group(1) == expected:
        return []
    line = line_of(project_text, found.start()) if found else 1
    return [f"capi/julia/Project.toml:{line}: found version {found.group(1) if found else 'none'}, expected {expected}"]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if root.is_dir() else root.parents[2]
    files = sorted([*(root / "capi/julia").rglob("*.jl"), *(root / "examples/julia").rglob("*.jl")])
    header = (root / "include/tumble.h").read_text()
    findings = mismatches(header, {str(f.relative_to(root)): f.read_text() for f in files})
    findings += version_mismatch((root / "CMakeLists.txt").read_text(), (root / "capi/julia/Project.toml").read_text())
    print("\n".join(findings) if findings else f"{len(files)} files agree with {len(Header(header).functions)} functions of tumble.h")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
