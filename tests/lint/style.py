"""Runs the rules of rules/, which check what no other tool checks: ./run lint.

Prints one line per finding; exit code 1 when there is any. --raise: the floors of the rooms
that have more assertions now. test_lint.py shows that each rule finds what it is for.
"""

import sys
from pathlib import Path

from rules import arrows, assertions, comments, dead, documents, rooms, sizes, walks
from rules.tree import Tree

RULES = [arrows, assertions, comments, dead, documents, rooms, sizes, walks]


def main():
    tree = Tree(Path(__file__).resolve().parents[2])
    if sys.argv[1:] == ["--raise"]:
        assertions.raise_floors(tree)
        return 0
    found = [finding for rule in RULES for finding in rule.findings(tree)]
    for name, line, text in found:
        print(f"{name}:{line}: {text}")
    assertions.show(tree)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
