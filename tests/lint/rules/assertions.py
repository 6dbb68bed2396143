"""Assertions a function, by room, which may only rise.

assertions.txt holds a floor for each room: the figure it had reached. Counted are assert and
static_assert, and functions where they are defined; a room's folders count by themselves.
"""

import re
from collections import defaultdict

from rules.tree import declarations

FLOORS = "tests/lint/assertions.txt"
ASSERTION = re.compile(r"\b(?:static_assert|assert)\s*\(")
STEPS = 20  # a floor is a whole number of twentieths: a small function more is no finding
HEAD = """# Assertions a function that each room must keep: none may fall.
# python3 tests/lint/style.py --raise when rooms have more.
"""


def figures(tree):
    """Room -> assertions a function."""
    asserted, functions = defaultdict(int), defaultdict(int)
    for name in tree.c_files():
        if name.startswith(("tests/", "bench/")):
            continue
        room = name.rpartition("/")[0]
        code = tree.code(name)
        asserted[room] += len(ASSERTION.findall(code))
        functions[room] += sum(1 for _, _, body in declarations(code) if body)
    return {room: asserted[room] / functions[room] for room in functions}


def floors(tree):
    if FLOORS not in tree.known:
        return {}
    rows = (line.split() for line in tree.lines(FLOORS) if line and not line.startswith("#"))
    return {room: float(floor) for room, floor in rows}


def findings(tree):
    known = floors(tree)
    reached = figures(tree)
    for room, floor in known.items():
        if room not in reached:
            yield FLOORS, 1, f"there is no room {room}"
        elif reached[room] < floor:
            yield FLOORS, 1, (f"{room} has {reached[room]:.2f} assertions a function, "
                              f"and had {floor:.2f}")


def step_below(figure):
    return int(figure * STEPS) / STEPS


def show(tree):
    """What lint prints: the rooms whose floor could be raised."""
    known = floors(tree)
    for room, figure in sorted(figures(tree).items()):
        if step_below(figure) > known.get(room, 0):
            print(f"assertions: {room} {figure:.2f} a function, its floor is "
                  f"{known.get(room, 0):.2f}")


def raise_floors(tree):
    known = floors(tree)
    rows = [f"{room:24} {max(step_below(figure), known.get(room, 0)):.2f}\n"
            for room, figure in sorted(figures(tree).items())]
    (tree.root / FLOORS).write_text(HEAD + "".join(rows))
