"""Which code keeps each promise of README.md, and which tests show it: ./run promises.

A comment that says `promise 3` (or `promise 1, 2`) stands at the function that keeps it, or
inside it, in code and in tests. Prints promise -> code -> tests. Exit code 1: a promise has
no code or no test, or a tag stands where no function is.
"""

import re
import sys
from pathlib import Path

PROMISE = re.compile(r"^([1-9])\. \*\*(.+?)\*\*")
TAG = re.compile(r"\bpromise (\d(?:, \d)*)\b")
COMMENT = re.compile(r"^\s*(/\*|\*|#)|/\*")
C_FUNCTION = re.compile(r"^(?![ \t#/*}{]).*?\b(\w+)\(")
PYTHON_FUNCTION = re.compile(r"^\s*def (\w+)\(")
SELF = Path("tests/lint/promises.py")


def promises():
    """number -> its short form, from the list in README.md."""
    section = Path("README.md").read_text().split("## What it promises")[1].split("\n## ")[0]
    found = (PROMISE.match(line) for line in section.split("\n"))
    return {int(match[1]): match[2].rstrip(".,") for match in found if match}


def sources():
    for room in sorted(Path(".").iterdir()):
        if room.is_dir() and not room.name.startswith((".", "build", "dashboard")):
            yield from sorted(path for path in room.rglob("*.[chp]*")
                              if path.suffix in (".c", ".h", ".py") and path != SELF)


def function_at(lines, at, pattern):
    """(line, name) of the function whose body line `at` is in, else of the next one, or None."""
    inside = lines[at].startswith("    ")
    for number in range(at, -1, -1) if inside else range(at + 1, len(lines)):
        match = pattern.match(lines[number])
        if match:
            return number + 1, match[1]
    return None


def tags(path):
    """(promise, line of the tag, (line, function)) of every tag in a file."""
    lines = path.read_text().split("\n")
    pattern = PYTHON_FUNCTION if path.suffix == ".py" else C_FUNCTION
    for at, line in enumerate(lines):
        match = TAG.search(line)
        if match and COMMENT.search(line):
            for number in match[1].split(", "):
                yield int(number), at + 1, function_at(lines, at, pattern)


def main():
    known = promises()
    places = {number: {"code": [], "test": []} for number in known}
    faults = [] if len(known) == 5 else [f"README.md lists {len(known)} promises, not five"]
    for path in sources():
        kind = "test" if path.parts[0] == "tests" else "code"
        for number, line, function in tags(path):
            if number not in known:
                faults.append(f"{path}:{line}: there is no promise {number}")
            elif function is None:
                faults.append(f"{path}:{line}: no function follows the tag")
            else:
                places[number][kind].append((f"{path}:{function[0]}", function[1]))
    rows = [place for kinds in places.values() for found in kinds.values() for place in found]
    width = max((len(where) for where, _ in rows), default=0)
    for number, text in known.items():
        print(f"promise {number}  {text}")
        for kind, found in places[number].items():
            for where, function in found:
                print(f"  {kind}  {where:{width}}  {function}")
            if not found:
                faults.append(f"promise {number} has no {kind}")
    for fault in faults:
        print(f"promises: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
