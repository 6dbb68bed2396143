"""An election whose totals tell who has what, and its counts as they follow from receipts.

Two counties, five leaves, ten rows of thousands of ballots with numbers of their own, and one
leaf of a few ballots, too few to be shown before it is final. The ballots are cast by a station
that keeps every receipt, so that all counts are known here for any index of any shard, without
asking the cluster.
"""

import collections
import itertools
import json
import random

import python_client

LEAVES = {"a1": ["red"], "a2": ["red", "blue"], "b1": ["red"], "b2": ["blue"], "b3": ["red"]}
METHODS = ["booth", "post"]
PAPERS = {"red": ["mayor", "bridge"], "blue": ["bridge", "council"]}
CHOICES = {"mayor": ["ann", "ben"], "bridge": ["yes", "no"], "council": ["cy", "di", "eve"]}
SMALL = "b3"
REPORT_MIN = 10
LEAST = 700  # smaller numbers stand anywhere, by chance

Row = collections.namedtuple("Row", "leaf style method")
Cast = collections.namedtuple("Cast", "row marks shard index")
Cell = collections.namedtuple("Cell", "shard place style method contest line")

ROWS = [Row(leaf, style, method) for leaf, styles in LEAVES.items() for style in styles
        for method in METHODS]


def definition(publication, turnout):
    """election.json as an object."""
    candidates = {choice for contest in ("mayor", "council") for choice in CHOICES[contest]}

    def choice(contest, one):
        if one in candidates:
            return {"id": one, "name": one.title(), "kind": "candidate", "candidate": one}
        return {"id": one, "name": one.title(), "kind": one}

    return {
        "format": 2, "id": "telling", "name": "Telling numbers", "date": "2026-11-03",
        "publication": publication, "report_min": REPORT_MIN, "turnout": turnout,
        "methods": [{"id": one, "name": one.title()} for one in METHODS], "parties": [],
        "candidates": [{"id": one, "name": one.title()} for one in sorted(candidates)],
        "units": [{"id": "us", "name": "All", "level": "nation"},
                  *({"id": one, "name": one, "level": "county", "parent": "us"} for one in "ab"),
                  *({"id": leaf, "name": leaf, "level": "precinct", "parent": leaf[0],
                     "ballot_styles": styles} for leaf, styles in LEAVES.items())],
        "contests": [{"id": contest, "name": contest, "office": contest, "unit": "us",
                      "choices": [choice(contest, one) for one in choices]}
                     for contest, choices in CHOICES.items()],
        "ballot_styles": [{"id": style, "contests": [{"contest": one} for one in contests]}
                          for style, contests in PAPERS.items()],
    }


def places(leaf):
    return leaf, leaf[0], "us"


def marks_of(style, draw):
    """A ballot's marks: contest -> choices, none left blank, two overvoted."""
    marks = {}
    for contest in PAPERS[style]:
        first, second, *_ = CHOICES[contest]
        chosen = draw.choices([[first], [second], [], [first, second]], [47, 38, 9, 6])[0]
        marks[contest] = chosen
    return marks


def lines_of(contest, chosen):
    """What a ballot adds in a contest: the line, votes allowed being one."""
    return chosen[0] if len(chosen) == 1 else "overvotes" if chosen else "undervotes"


class Telling:
    """The ballots of one cluster, with their receipts."""

    def __init__(self, publication, turnout, seed=15):
        self.publication, self.turnout = publication, turnout
        self.draw = random.Random(seed)
        self.cast_ones = []
        self.voters = 0

    def write(self, folder):
        path = folder / f"election-{self.publication}-{self.turnout}.json"
        path.write_text(json.dumps(definition(self.publication, self.turnout)))
        return path

    def ballots_of(self, row, number):
        for _ in range(number):
            self.voters += 1
            marks = marks_of(row.style, self.draw)
            yield row, marks, python_client.ballot(
                f"v-{self.voters}", row.leaf, row.method,
                {contest: chosen for contest, chosen in marks.items() if chosen},
                ballot_id=self.draw.randbytes(16), style=row.style)

    def cast(self, client, least, small=0, rows=ROWS):
        """Casts about `least` ballots, and up to half more, in each of these rows."""
        made = []
        for row in rows:
            number = small if row.leaf == SMALL else self.draw.randint(least, least * 3 // 2)
            made += self.ballots_of(row, number)
        self.draw.shuffle(made)
        receipts = client.cast([ballot for _, _, ballot in made], batch_rows=2000)
        for (row, marks, _), receipt in zip(made, receipts):
            assert receipt.first == "counted", receipt
            self.cast_ones.append(Cast(row, marks, receipt.shard, receipt.index))

    def count(self, limits=None):
        """Row -> its ballots. `limits`: leaf -> {shard: index}, only those leaves, up to there."""
        rows = collections.defaultdict(list)
        for one in self.cast_ones:
            if limits is None or one.index <= limits.get(one.row.leaf, {}).get(one.shard, 0):
                rows[one.row].append(one)
        return rows


def shown_after(shown, telling, limits, final):
    """Rows shown once all shards have a report of the leaves in `limits`, at these indexes."""
    new = telling.count(limits)
    moved = {row: ballots for row, ballots in new.items()
             if final or len(ballots) - len(shown.get(row, ())) >= REPORT_MIN}
    return {**shown, **moved}


def cells(rows):
    """Cell -> its count, of rows as Telling.count gives them: each shard, unit, style, method
    and their sums ("*"). contest None: ballots."""
    small = collections.Counter()
    for row, ballots in rows.items():
        for one in ballots:
            small[one.shard, row, None, "ballots"] += 1
            for contest, chosen in one.marks.items():
                small[one.shard, row, contest, lines_of(contest, chosen)] += 1
    found = collections.Counter()
    for (shard, row, contest, line), number in small.items():
        for at in itertools.product((shard, "*"), places(row.leaf), (row.style, "*"),
                                    (row.method, "*")):
            found[Cell(*at, contest, line)] += number
    return found


def is_in_the_books(cell):
    return (*cell[1:4], cell.line) == ("us", "*", "*", "ballots")


def subsets(items):
    for size in range(len(items) + 1):
        yield from itertools.combinations(items, size)


def tales(telling, shown):
    """The numbers that nothing may hold: counts, and what is new in them since the rows that are
    shown, that do not follow from what is shown, from the books or from the turnout."""
    all_cells, shown_cells = cells(telling.count()), cells(shown)
    free, told = set(shown_cells.values()), set()
    for cell, number in all_cells.items():
        (free if is_in_the_books(cell) else told).update((number, number - shown_cells[cell]))
    if telling.turnout == "immediate":
        for counts, shard in itertools.product((all_cells, all_cells - shown_cells), (0, 1, "*")):
            leaves = [counts[Cell(shard, leaf, "*", "*", None, "ballots")] for leaf in LEAVES]
            free.update(map(sum, subsets(leaves)))
    lines = collections.defaultdict(list)
    for cell, number in shown_cells.items():
        if cell.line in CHOICES.get(cell.contest, ()):
            lines[cell[:5]].append(number)
    for votes in lines.values():  # valid votes, and by how many one leads
        free.add(sum(votes))
        free.update(abs(a - b) for a, b in itertools.combinations(votes, 2))
    return {number for number in told - free if number >= LEAST}


def row_bytes(rows):
    """How stores and messages write rows: the counts of a contest one after another, in each
    shard and in all -> (shard, what they are)."""
    found = {}
    counted = cells(rows)
    for row in rows:
        for shard, contest in itertools.product((0, 1, "*"), PAPERS[row.style]):
            numbers = [counted[Cell(shard, row.leaf, row.style, row.method, contest, line)]
                       for line in (*CHOICES[contest], "undervotes", "overvotes")]
            if max(numbers) < LEAST // 2:
                continue
            for pattern in (b"".join(map(varint, numbers)),
                            *(b"".join(n.to_bytes(size, "little") for n in numbers)
                              for size in (4, 8))):
                found[pattern] = shard, f"{contest} of {row}"
    return found


def varint(number):
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)
