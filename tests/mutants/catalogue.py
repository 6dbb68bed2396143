"""The catalogue of deliberate defects: catalogue/ROOM.txt, and that of the simulator.

An entry:

    mutant NAME
    What is wrong, in a sentence.
    by ctest test_x                  (a test that should notice; several: in this order)
    file shard/core/apply.c
     a line that stays
    -a line of the source
    +what stands there instead

Before and after stand as in a patch, without line numbers: what begins with a blank or a minus
must stand in the file exactly once. `@@` begins another change of the same file.
"""

import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
KINDS = ("ctest", "pytest", "page", "sim", "browser")


class CatalogueError(Exception):
    """The catalogue does not fit the sources, or is no catalogue."""


@dataclass
class Change:
    path: str
    before: str = ""
    after: str = ""


@dataclass
class Mutant:
    name: str
    room: str
    text: str = ""
    by: list = field(default_factory=list)  # (kind, argument)
    changes: list = field(default_factory=list)
    number: int = 0  # of the simulator's own list; 0: a patch of this catalogue


class Reader:
    """Reads one file of the catalogue, line by line."""

    def __init__(self, path):
        self.path = path
        self.mutants = []
        self.blank = 0  # lines with nothing on them, inside a change if more of it follows

    def read(self):
        for self.line, text in enumerate(self.path.read_text().splitlines(), 1):
            self.take(text)
        return self.mutants

    def fail(self, why):
        raise CatalogueError(f"{self.path.name}:{self.line}: {why}")

    def take(self, text):
        word, _, rest = text.partition(" ")
        mutant = self.mutants[-1] if self.mutants else None
        if text.startswith("#"):
            return
        if word == "mutant":
            self.mutants.append(Mutant(rest, self.path.stem))
        elif mutant is None:
            if text:
                self.fail("no mutant yet")
            return
        elif word == "by":
            kind, _, argument = rest.partition(" ")
            if kind not in KINDS or not argument:
                self.fail(f"by what? One of {', '.join(KINDS)}, and its name")
            mutant.by.append((kind, argument))
        elif word == "file":
            mutant.changes.append(Change(rest))
        elif text == "@@":
            mutant.changes.append(Change(mutant.changes[-1].path))
        elif not text:
            self.blank += 1
            return
        elif mutant.changes and text[0] in " -+":
            self.extend(mutant.changes[-1], text)
        elif not mutant.changes and not mutant.by:
            mutant.text = f"{mutant.text} {text}".strip()
        else:
            self.fail("neither a word of the catalogue nor a line of a change")
        self.blank = 0

    def extend(self, change, text):
        if change.before or change.after:
            change.before += "\n" * self.blank
            change.after += "\n" * self.blank
        if text[0] in " -":
            change.before += text[1:] + "\n"
        if text[0] in " +":
            change.after += text[1:] + "\n"


def patches():
    """The mutants of catalogue/, in the order of their files."""
    found = []
    for path in sorted((HERE / "catalogue").glob("*.txt")):
        found += Reader(path).read()
    names = set()
    for mutant in found:
        if mutant.name in names:
            raise CatalogueError(f"{mutant.name} stands there twice")
        names.add(mutant.name)
        if not (mutant.text and mutant.by and mutant.changes):
            raise CatalogueError(f"{mutant.name}: a sentence, a test and a change are needed")
    return found


def mutate_of(tree):
    spec = importlib.util.spec_from_file_location("mutate", tree / "tests/sim/mutate.py")
    mutate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mutate)
    return mutate


def simulated(tree):
    """The mutants of tests/sim/mutants.h; their room is that of the first file changed."""
    mutate = mutate_of(tree)
    rooms = {}
    for name, path, _, _ in mutate.CHANGES:
        rooms.setdefault(name, path.split("/")[1 if path.startswith("lib/") else 0])
    text = (tree / "tests/sim/mutants.h").read_text()
    listed = re.findall(r'^    X\((\w+),\s*"([^"]*)"\)', text, re.MULTILINE)
    return [Mutant(name.lower(), rooms.get(name, "sim"), said, [("sim", "mutants")], [], number)
            for number, (name, said) in enumerate(listed, 1)]


def changed(mutant, tree):
    """path -> text of the files that the mutant changes."""
    texts = {}
    for change in mutant.changes:
        place = tree / change.path
        if change.path not in texts:
            if not place.is_file():
                raise CatalogueError(f"{mutant.name}: there is no {change.path}")
            texts[change.path] = place.read_text()
        # A whole line must fit, not the end of one.
        text = "\n" + texts[change.path]
        times = text.count("\n" + change.before)
        if not change.before or times != 1 or change.before == change.after:
            raise CatalogueError(f"{mutant.name}: {change.path} has its lines {times} times")
        texts[change.path] = text.replace("\n" + change.before, "\n" + change.after)[1:]
    return texts


def check(tree):
    """What does not fit, a line each; quick, for lint."""
    try:
        mutants = patches()
    except CatalogueError as error:
        return [str(error)]
    troubles = []
    for mutant in mutants:
        try:
            changed(mutant, tree)
        except CatalogueError as error:
            troubles.append(str(error))
        for kind, argument in mutant.by:
            path = argument.split("::")[0].split(" ")[0]
            if kind in ("pytest", "page", "browser") and not (tree / path).is_file():
                troubles.append(f"{mutant.name}: there is no {path}")
    mutate = mutate_of(tree)
    try:
        mutate.change(mutate.read(tree), mutate.numbers(tree))
    except (ValueError, KeyError) as error:
        troubles.append(f"simulator: {error}")
    return troubles
