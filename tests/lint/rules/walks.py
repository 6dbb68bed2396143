"""Every step of the walks in docs/architecture.md names functions that its file has."""

import re

GUIDE = "docs/architecture.md"
STEP = re.compile(r"^\| `([\w./-]+\.\w+)` \| ([^|]+) \|")
PAIR = re.compile(r"`([\w./-]+\.(?:c|ts|tsx))` `(\w+)`")


def has(tree, path, function):
    """A definition of C or TypeScript: its name, followed by its parameters."""
    return path in tree.known and re.search(
        rf"^(?:[a-z].*\b|export (?:async )?function |function ){function}\(", tree.text(path),
        re.MULTILINE)


def findings(tree):
    if GUIDE not in tree.known:
        return
    named = [(number, path, function)
             for number, line in enumerate(tree.lines(GUIDE), 1)
             for path, function in PAIR.findall(line) + [
                 (step[1], function) for step in STEP.finditer(line)
                 for function in re.findall(r"`(\w+)`", step[2])]]
    for number, path, function in named:
        if not has(tree, path, function):
            yield GUIDE, number, f"{path} has no function {function}"
    if not named:
        yield GUIDE, 1, "there are no walks"
