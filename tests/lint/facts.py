"""Facts that stand once: a limit in a message is printed from its name, and documents list
exactly the words of the tables in the headers.

usage: facts.py [TREE]

Prints one line per finding; exit code 1 when there is any. A unit test of the tree (ctest).
"""

import json
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


def table(tree, header, macro):
    """{word or NAME: number} of an X-macro: the last word before the number, else the NAME."""
    lines = (tree / header).read_text().split(f"#define {macro}(X)", 1)[1].split("\n\n", 1)[0]
    return {words.split(", ")[-1]: int(number)
            for words, number in re.findall(r"X\(([A-Za-z_, ]+), (\d+)\)", lines)}


def listed(tree, document, row):
    """{word: number} of the rows of a document's tables that look like `row`."""
    found = (match.groupdict() for match in
             re.finditer(row, (tree / document).read_text(), re.MULTILINE))
    return {match["word"]: int(match["number"]) for match in found}


def objects(value):
    """Every object within a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    ):
        yield from objects(inner)


def counters_of(tree, books, dispositions):
    """What lib/election/BOOKS.h counts: its own, and a counter a disposition."""
    text = (tree / f"lib/election/{books}.h").read_text()
    own = re.findall(r"OWN\((\w+)\)", text.split(f"#define PSP_{books.upper()}(", 1)[1]
                     .split("\n\n", 1)[0])
    return set(own) - {"name"} | set(dispositions)


def documents(tree):
    """What documents say otherwise than the headers, as findings."""
    refusals = table(tree, "lib/wire/message/codes.h", "PSP_REFUSALS")
    dispositions = table(tree, "lib/election/verdict.h", "PSP_DISPOSITIONS")
    for document, row, wanted in [
            ("docs/protocol.md", r"^\| `(?P<word>[A-Z_]+)` \((?P<number>\d+)\) \|", refusals),
            ("docs/protocol.md", r"^\| (?P<number>\d+) `(?P<word>\w+)` \|", dispositions),
            ("docs/formats.md", r"^\| `(?P<word>[a-z_]+)` \| (?P<number>\d+) \|", dispositions)]:
        got = listed(tree, document, row)
        if got != wanted:
            yield f"{document}: lists {got}, the header {wanted}"
    counters = counters_of(tree, "books", dispositions)
    of_stations = counters_of(tree, "station_books", dispositions)
    schema = json.loads((tree / "collector/openapi.json").read_text())
    books = [inner for inner in objects(schema) if "double_vote" in inner.get("properties", {})]
    if not books:
        yield "collector/openapi.json: no schema of the books"
    for inner in books:
        wanted = of_stations if "forgotten" in inner["properties"] else counters
        if missing := wanted - set(inner["properties"]):
            yield f"collector/openapi.json: the books lack {sorted(missing)}"
    words = set(re.findall(r'"(\w+)":\d+', (tree / "docs/api.md").read_text()))
    if missing := (counters | of_stations) - words:
        yield f"docs/api.md: the books lack {sorted(missing)}"


def main():
    tree = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    findings = [f"{path.relative_to(tree)}:{number}: \"{words}\": a limit is printed from its name"
                for room in ROOMS
                for path in sorted((tree / room).rglob("*.[ch]"))
                for number, words in typed_limits(path.read_text())]
    assert list(typed_limits('x("of more than 8192 ballots");')), "the rule finds nothing"
    findings += documents(tree)
    print("\n".join(findings) if findings else "limits and words stand once")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
