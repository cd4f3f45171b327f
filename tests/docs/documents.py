"""The documents that the tests of this folder read, and their fenced blocks."""
import pathlib
import re
from typing import Iterator, List, NamedTuple, Optional


class Block(NamedTuple):
    document: str            # relative to the root
    line: int                # of the opening fence
    language: str
    text: str
    exemption: Optional[str]  # the reason in <!-- not run: REASON --> before the block; None: no such comment

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"


FENCE = re.compile(r"^(\s*)(```+)\s*(\S*)\s*$")
EXEMPTION = re.compile(r"^\s*<!--\s*not run:\s*(.*?)\s*-->\s*$")


def documents(root: pathlib.Path) -> List[pathlib.Path]:
    """README.md, then everything below docs in the order of paths."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def blocks(root: pathlib.Path, document: pathlib.Path) -> Iterator[Block]:
    """Fenced blocks in order. Raises ValueError for a fence that is not closed."""
    name = document.relative_to(root).as_posix()
    lines = document.read_text(encoding="utf-8").splitlines()
    at, before = 0, ""
    while at < len(lines):
        opening = FENCE.match(lines[at])
        if not opening:
            before = lines[at] if lines[at].strip() else before
            at += 1
            continue
        indent, ticks, language = opening.groups()
        closing = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == ticks), None)
        if closing is None:
            raise ValueError(f"{name}:{at + 1}: the block is not closed")
        text = "\n".join(line[len(indent):] if line.startswith(indent) else line for line in lines[at + 1:closing]) + "\n"
        exempt = EXEMPTION.match(before)
        yield Block(name, at + 1, language, text, exempt.group(1) if exempt else None)
        at, before = closing + 1, ""
