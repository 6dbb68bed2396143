"""Sizes of files, functions and lines, and leftovers."""

import re

FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = {".c": 100, ".cc": 100, ".h": 100, ".py": 100, ".sh": 100, ".proto": 100,
               ".cmake": 100, "CMakeLists.txt": 100, "run": 100,
               ".ts": 120, ".tsx": 120}  # .prettierrc.json

# File -> how many lines are longer all the same: JSON that awk prints, long options and words
# for people. None may be added.
LONG_LINES = {
    "bench/election.sh": 4,
    "bench/national/national.sh": 9,
    "bench/overload/overload.sh": 17,
    "bench/peers/peers.sh": 12,
    "bench/scale/scale.sh": 7,
    "bench/viewers/viewers.sh": 6,
    "dashboard/src/shapes.ts": 1,
    "run": 12,
}
# Made from collector/openapi.json.
GENERATED = {"dashboard/src/api/schema.ts"}

LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX)\b")
NUMBERED = (".c", ".cc", ".h", ".py", ".sh")
TEXTS = NUMBERED + (".md", ".proto", ".cmake", ".ts", ".tsx", ".css", ".html")
SELF = "tests/lint/rules/sizes.py"


def functions(lines):
    """(name, first line, number of lines) of every function: its braces stand in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            head = start - 1
            while head > 1 and lines[head - 2] and not lines[head - 2].endswith((";", "}", "*/")) \
                    and not lines[head - 2].startswith("#"):
                head -= 1
            name = re.search(r"(\w+)\(", lines[head - 1])
            yield (name.group(1) if name else "?", head, number - head + 1)
            start = None


def size_findings(name, lines):
    if len(lines) > FILE_LINES_MAX + 1:
        yield name, FILE_LINES_MAX, f"file has {len(lines) - 1} lines, at most {FILE_LINES_MAX}"
    if name.endswith((".c", ".cc", ".h")):
        for function, first, length in functions(lines):
            if length > FUNCTION_LINES_MAX:
                yield name, first, (f"function {function} has {length} lines, "
                                    f"at most {FUNCTION_LINES_MAX}")


def column_findings(tree, name, lines):
    most = next((most for ending, most in COLUMNS_MAX.items()
                 if name.endswith(ending) and (ending != "run" or name == "run")), None)
    if most is None or name in GENERATED:
        return
    long = [number for number, line in enumerate(lines, 1) if len(line) > most]
    allowed = LONG_LINES.get(name, 0)
    if len(long) > allowed:
        for number in long:
            yield name, number, (f"{len(lines[number - 1])} columns, at most {most}"
                                 + (f" ({allowed} such lines are allowed)" if allowed else ""))
    elif len(long) < allowed and tree.is_whole:
        yield SELF, 1, f"{name} has {len(long)} long lines, not {allowed} any more"


def findings(tree):
    for name in tree.names:
        build = name == "run" or name.endswith("CMakeLists.txt")
        if not name.endswith(TEXTS) and not build:
            continue
        lines = tree.lines(name)
        yield from column_findings(tree, name, lines)
        if name.endswith(NUMBERED):
            yield from size_findings(name, lines)
        for number, line in enumerate(lines, 1):
            if LEFTOVER.search(line) and name != SELF:
                yield name, number, "a leftover: " + line.strip()[:60]
