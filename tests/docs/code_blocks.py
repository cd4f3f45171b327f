#!/usr/bin/env python3
"""Every fenced code block of README.md and docs/**/*.md does what it says: code_blocks.py SOURCE BUILD [DOCUMENT ...]

A block names its language. sh and bash blocks are run (bash -euo pipefail) and so are those of python; c, cpp and fortran are
compiled, cmake is configured, json is parsed; text and bibtex are no code. All share one scratch folder, in the order of the
documents. It holds what the documents speak of: examples/sample_stack, the examples' sources reconstruct.c and
reconstruct.f90, and images.mrcs with run_data.star, a small simulated particle that stands for the reader's own data. The built
program is first on the path; the C interface is installed to $PREFIX.

A block is exempt where the line before it says why: <!-- not run: needs root -->. It is then parsed, where that can be done.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import small_particle
from documents import Block, blocks, documents

NO_CODE = {"text", "bibtex"}
LONGEST_S = 600
HANDLES = ("tumble_context *context, tumble_options *options, tumble_stack *stack, tumble_result *result")


class Scratch:
    """The folder in which the blocks run, and the surroundings that they find there."""

    def __init__(self, root: pathlib.Path, source: pathlib.Path, build: pathlib.Path):
        self.root, self.source, self.prefix = root, source, root / "prefix"
        self.count = 0
        self.python = os.environ.get("PYTHON", "/usr/bin/python3")
        library = build / "capi" / "libtumble.so"
        program = build / "src" / "app" / "tumble"
        for needed in (library, program):
            if not needed.exists():
                raise SystemExit(f"'{needed}' is not there: expected a built tree")
        shutil.copytree(source / "examples" / "sample_stack", root / "examples" / "sample_stack", ignore=shutil.ignore_patterns("result"))
        shutil.copy(source / "examples" / "c" / "reconstruct.c", root)
        shutil.copy(source / "examples" / "fortran" / "reconstruct.f90", root)
        small_particle.write(root)
        place = root / "build" / "release" / "src" / "app"
        place.mkdir(parents=True)
        (place / "tumble").symlink_to(program)
        subprocess.run(["cmake", "--install", str(build), "--prefix", str(self.prefix)], check=True, stdout=subprocess.DEVNULL)
        libraries = next(self.prefix.rglob("libtumble.so")).parent
        config = next(self.prefix.rglob("tumble.pc"))
        self.environment = {
            **os.environ, "PATH": f"{place}:{os.environ['PATH']}", "PREFIX": str(self.prefix), "PKG_CONFIG_PATH": str(config.parent),
            "LIBRARY_PATH": str(libraries), "LD_LIBRARY_PATH": str(libraries), "PYTHONPATH": str(source / "capi" / "python"),
            "PYTHONDONTWRITEBYTECODE": "1", "TUMBLE_LIBRARY": str(libraries / "libtumble.so"), "MPLBACKEND": "Agg"}

    def run(self, *command: object) -> str:
        """What is said by a command that fails; "" where it succeeds."""
        try:
            done = subprocess.run([str(c) for c in command], cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            return f"not done after {LONGEST_S} s"
        except FileNotFoundError as error:
            return str(error)
        return "" if done.returncode == 0 else f"exit status {done.returncode}\n{done.stdout[-4000:]}"

    def file(self, ending: str, text: str) -> pathlib.Path:
        self.count += 1
        path = self.root / f"block_{self.count}{ending}"
        path.write_text(text)
        return path


def shell(scratch: Scratch, block: Block) -> str:
    return scratch.run("bash", "-euo", "pipefail", scratch.file(".sh", block.text))


def shell_syntax(scratch: Scratch, block: Block) -> str:
    return scratch.run("bash", "-n", scratch.file(".sh", block.text))


def python(scratch: Scratch, block: Block) -> str:
    return scratch.run(scratch.python, scratch.file(".py", block.text))


def python_syntax(scratch: Scratch, block: Block) -> str:
    try:
        compile(block.text, block.place, "exec")
    except SyntaxError as error:
        return str(error)
    return ""


def c(scratch: Scratch, block: Block) -> str:
    text = block.text
    if "#include" not in text:  # statements: in a function that has the handles under the names that the documents give them
        text = f"#include <tumble.h>\nvoid block({HANDLES});\nvoid block({HANDLES}) {{\n(void)context, (void)options, (void)stack, (void)result;\n{text}}}\n"
    path = scratch.file(".c", text)
    return scratch.run("cc", "-std=c99", "-Wall", "-Werror", "-fsyntax-only", f"-I{scratch.prefix}/include", path)


def cpp(scratch: Scratch, block: Block) -> str:
    path = scratch.file(".cpp", block.text)
    return scratch.run("c++", "-std=c++20", "-Wall", "-Werror", "-fsyntax-only", f"-I{scratch.source}/include", path)


def fortran(scratch: Scratch, block: Block) -> str:
    folder, modules = scratch.prefix / "share" / "tumble" / "fortran", ("tumble_c", "tumble", "tumble_runs", "tumble_operators")
    path = scratch.file(".f90", block.text)
    return scratch.run("gfortran", "-std=f2008", "-fsyntax-only", *(folder / f"{m}.f90" for m in modules), path)


def cmake(scratch: Scratch, block: Block) -> str:
    text = block.text
    if "project(" not in text:
        text = f"cmake_minimum_required(VERSION 3.22)\nproject(block LANGUAGES C)\n{text}"
    folder = scratch.file("", "")
    folder.unlink()
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(text)
    shutil.copy(scratch.root / "reconstruct.c", folder)
    return scratch.run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={scratch.prefix}")


def parsed_json(scratch: Scratch, block: Block) -> str:
    try:
        json.loads(block.text)
    except ValueError as error:
        return str(error)
    return ""


RUN = {"sh": shell, "bash": shell, "python": python}
CHECKED = {"c": c, "cpp": cpp, "fortran": fortran, "cmake": cmake, "json": parsed_json}
PARSED = {**CHECKED, "sh": shell_syntax, "bash": shell_syntax, "python": python_syntax}
# Parsed even where they are exempt: that needs nothing but the block.
SELF_CONTAINED = ("sh", "bash", "python", "json")
# Not installed where the tests run: a block has to say that it is exempt.
UNAVAILABLE = ("julia",)


def main() -> int:
    source, build = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    chosen = [source / name for name in sys.argv[3:]] or documents(source)
    counts = {"run": 0, "only checked": 0, "exempt": 0, "no code": 0, "failed": 0}
    with tempfile.TemporaryDirectory(prefix="tumble_docs_") as folder:
        scratch = Scratch(pathlib.Path(folder), source, build)
        for block in (b for document in chosen for b in blocks(source, document)):
            start, kind, fault = time.monotonic(), "", ""
            if block.language in NO_CODE:
                kind = "no code"
            elif block.language not in PARSED and (block.language not in UNAVAILABLE or block.exemption is None):
                kind, fault = "failed", f"language '{block.language}': expected one of {', '.join(sorted([*PARSED, *NO_CODE]))}"
            elif block.exemption is not None:
                kind, fault = "exempt", PARSED[block.language](scratch, block) if block.language in SELF_CONTAINED else ""
                if not block.exemption:
                    fault = "exempt without a reason: expected <!-- not run: REASON -->"
            elif block.language in RUN:
                kind, fault = "run", RUN[block.language](scratch, block)
            else:
                kind, fault = "only checked", CHECKED[block.language](scratch, block)
            counts["failed" if fault else kind] += 1
            reason = f" ({block.exemption})" if kind == "exempt" else ""
            print(f"{block.place}: {block.language}, {'FAILED' if fault else kind}{reason}, {time.monotonic() - start:.1f} s", flush=True)
            if fault:
                print(f"{block.text}---\n{fault}\n", flush=True)
    print(", ".join(f"{number} {kind}" for kind, number in counts.items()))
    return 1 if counts["failed"] or not counts["run"] and not sys.argv[3:] else 0


if __name__ == "__main__":
    sys.exit(main())
