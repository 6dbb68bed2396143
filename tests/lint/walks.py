"""Every step of the walks in docs/architecture.md names functions that its file has."""

import re
import sys
from pathlib import Path

GUIDE = Path("docs/architecture.md")
STEP = re.compile(r"^\| `([\w./-]+\.\w+)` \| ([^|]+) \|")
PAIR = re.compile(r"`([\w./-]+\.(?:c|ts|tsx))` `(\w+)`")


def has(path, function):
    """A definition of C or TypeScript, its name followed by its parameters."""
    place = Path(path)
    return place.is_file() and re.search(
        rf"^(?:[a-z].*\b|export (?:async )?function |function ){function}\(", place.read_text(),
        re.MULTILINE)


def main():
    missing = steps = 0
    for number, line in enumerate(GUIDE.read_text().split("\n"), 1):
        step = STEP.match(line)
        named = [(step[1], function) for function in re.findall(r"`(\w+)`", step[2])] if step else []
        for path, function in named + PAIR.findall(line):
            steps += 1
            if not has(path, function):
                print(f"{GUIDE}:{number}: {path} has no function {function}")
                missing += 1
    if steps == 0:
        print(f"{GUIDE}:1: there are no walks")
    return 1 if missing or steps == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
