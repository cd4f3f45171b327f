#!/usr/bin/env python3
"""Covered lines of the sources below a folder, from the counts of a build with --coverage: by file and in all. A line counts as
covered if any object, and any instance of a template, has run it. Needs gcov alone.

    line_coverage.py TREE FOLDER [--least PERCENT] [--missing] [--gcov gcov]
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys


def counts_of(notes, gcov):
    """The records {file, lines} of one object; those of an object that never ran are all zero."""
    data = notes.with_suffix(".gcda")
    run = subprocess.run([gcov, "--json-format", "--stdout", str(data if data.exists() else notes)], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True, text=True)
    document = json.loads(run.stdout)
    for record in document["files"]:
        yield pathlib.Path(document["current_working_directory"], record["file"]).resolve(), record["lines"]


def ranges(numbers):
    """[1, 2, 3, 7] -> "1-3 7"."""
    words = []
    for n in sorted(numbers):
        if words and words[-1][1] == n - 1:
            words[-1][1] = n
        else:
            words.append([n, n])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in words)


def main():
    options = argparse.ArgumentParser(description="Covered lines of the sources below a folder")
    options.add_argument("tree", type=pathlib.Path, help="the build")
    options.add_argument("folder", type=pathlib.Path, help="of the sources")
    options.add_argument("--least", type=float, default=0, help="fail below this share of all lines, in per cent")
    options.add_argument("--missing", action="store_true", help="also print the lines that never ran")
    options.add_argument("--gcov", default="gcov")
    o = options.parse_args()
    folder = o.folder.resolve()
    lines = collections.defaultdict(dict)
    for notes in sorted(o.tree.rglob("*.gcno")):
        for path, records in counts_of(notes, o.gcov):
            if folder in path.parents:
                for record in records:
                    number = record["line_number"]
                    lines[path][number] = max(record["count"], lines[path].get(number, 0))
    if not lines:
        sys.exit(f"{o.tree} has no counts of lines below {o.folder}: was it built with --coverage?")
    total = run = 0
    for path, counts in sorted(lines.items()):
        missing = [n for n, count in counts.items() if count == 0]
        total += len(counts)
        run += len(counts) - len(missing)
        print(f"{path.relative_to(folder.parent)!s:<44} {len(counts) - len(missing):>5} of {len(counts):>5} lines"
              f" {100 * (1 - len(missing) / len(counts)):6.1f} %" + (f"   not: {ranges(missing)}" if o.missing and missing else ""))
    share = 100 * run / total
    print(f"{str(o.folder) + ' in all':<44} {run:>5} of {total:>5} lines {share:6.1f} %, wanted at least {o.least:g} %")
    return 0 if share >= o.least else 1


if __name__ == "__main__":
    sys.exit(main())
