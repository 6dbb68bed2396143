"""Prints how much of each room the unit tests run, in lines, from what gcov counted.

usage: coverage.py BUILD [--gcov COMMAND]

BUILD was configured with --coverage (the preset asan-ubsan of the tests is) and its tests have
run. Lines that no test reached count, of all that the unit tests are linked with; daemons' mains
are not among that. Standard library only.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 40  # files a call of gcov


def notes(build):
    """The compiler's notes of our own sources."""
    found = []
    for path in sorted(build.rglob("*.gcno")):
        source = str(path.relative_to(build)).replace(".gcno", "")
        if "/tests/" not in f"/{source}" and ".pb-c.c" not in source and "psp_test" not in source:
            found.append(path)
    return found


def count(gcov, paths):
    """file -> line -> how often, of these notes."""
    lines = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([gcov, "--json-format", "--hash-filenames", *map(str, paths)], cwd=folder,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in Path(folder).glob("*.gcov.json.gz"):
            told = json.loads(gzip.decompress(path.read_bytes()))
            for file in told["files"]:
                name = os.path.normpath(os.path.join(told["current_working_directory"],
                                                     file["file"]))
                of = lines.setdefault(name, {})
                for line in file["lines"]:
                    number = line["line_number"]
                    of[number] = of.get(number, 0) + line["count"]
    return lines


def room_of(name):
    """The room of a source of ours; None: it is not one."""
    try:
        parts = Path(name).relative_to(ROOT).parts
    except ValueError:
        return None
    if parts[0].startswith("build") or parts[0] == "tests" or len(parts) < 2:
        return None
    return "/".join(parts[:2]) if parts[0] == "lib" else parts[0]


def main():
    parser = argparse.ArgumentParser(prog="coverage.py")
    parser.add_argument("build", type=Path)
    parser.add_argument("--gcov", default="gcov")
    given = parser.parse_args()
    paths = notes(given.build.resolve())
    if not paths:
        print(f"coverage: {given.build} was not built with --coverage", file=sys.stderr)
        return 2
    groups = [paths[i:i + AT_ONCE] for i in range(0, len(paths), AT_ONCE)]
    lines = {}
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for part in pool.map(lambda group: count(given.gcov, group), groups):
            for name, of in part.items():
                into = lines.setdefault(name, {})
                for number, times in of.items():
                    into[number] = into.get(number, 0) + times
    rooms = {}
    for name, of in lines.items():
        room = room_of(name)
        if room is not None:
            run, all_ = rooms.get(room, (0, 0))
            rooms[room] = (run + sum(times > 0 for times in of.values()), all_ + len(of))
    told = [f"{room} {100 * run / all_:.0f} %" for room, (run, all_) in sorted(rooms.items())]
    total = [sum(of[i] for of in rooms.values()) for i in range(2)]
    print("lines that unit tests run: " + ", ".join(told)
          + f"; in all {total[0]:,} of {total[1]:,}, {100 * total[0] / total[1]:.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
