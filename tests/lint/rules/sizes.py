"""Sizes of files and functions, and leftovers."""

import re

FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70

LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX)\b")
NUMBERED = (".c", ".h", ".py", ".sh")
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
    if name.endswith((".c", ".h")):
        for function, first, length in functions(lines):
            if length > FUNCTION_LINES_MAX:
                yield name, first, (f"function {function} has {length} lines, "
                                    f"at most {FUNCTION_LINES_MAX}")


def findings(tree):
    for name in tree.names:
        build = name == "run" or name.endswith("CMakeLists.txt")
        if not name.endswith(TEXTS) and not build:
            continue
        lines = tree.lines(name)
        if name.endswith(NUMBERED):
            yield from size_findings(name, lines)
        for number, line in enumerate(lines, 1):
            if LEFTOVER.search(line) and name != SELF:
                yield name, number, "a leftover: " + line.strip()[:60]
