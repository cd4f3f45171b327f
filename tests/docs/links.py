#!/usr/bin/env python3
"""Relative links of the documents lead to files that are there: links.py ROOT"""
import pathlib
import re
import sys

sys.dont_write_bytecode = True

from documents import documents

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    links = wrong = 0
    for document in [*documents(root), root / "CONTRIBUTING.md", root / "examples/sample_stack/README.md"]:
        for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target) or target.startswith("#"):
                    continue
                links += 1
                if not (document.parent / target.split("#")[0]).exists():
                    wrong += 1
                    print(f"{document.relative_to(root)}:{number}: '{target}' is not there")
    print(f"{links} links, {wrong} wrong")
    return 1 if wrong or not links else 0


if __name__ == "__main__":
    sys.exit(main())
