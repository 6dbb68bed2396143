"""Facts that stand once: a limit in a message is printed from its name.

usage: facts.py [TREE]

Prints one line per finding; exit code 1 when there is any. A unit test of the tree (ctest).
"""

import re
import sys
from pathlib import Path

ROOMS = ["lib", "router", "shard", "collector", "client", "cli"]

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
# "more than 8192 ballots", "1 to 255 bytes", "is not 32 bytes"; of a format, %d is no number.
TYPED_LIMIT = re.compile(
    r"\b(?:more|longer|larger|fewer|less) than \d{2,}|\bat most \d{2,}|\bup to \d{2,}|"
    r"\b[01] to \d{2,}|\blimit of \d{2,}|\bnot \d{2,} (?:n )?bytes")


def typed_limits(text):
    """(line, words) of the literals that spell a limit out."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("*", "/*", "//")):
            continue
        for literal in STRING.findall(line):
            found = TYPED_LIMIT.search(literal)
            if found:
                yield number, found[0]


def main():
    tree = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    findings = [f"{path.relative_to(tree)}:{number}: \"{words}\": a limit is printed from its name"
                for room in ROOMS
                for path in sorted((tree / room).rglob("*.[ch]"))
                for number, words in typed_limits(path.read_text())]
    assert list(typed_limits('x("of more than 8192 ballots");')), "the rule finds nothing"
    print("\n".join(findings) if findings else "no limit is typed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
