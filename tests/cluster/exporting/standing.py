"""An election that has every kind of contest, and what comes out of it, worked out by hand."""

import json
import random

UNIT = {"level": "precinct", "parent": "x", "registered": 100, "ballot_styles": ["s"]}


def candidate_lines(*lines):
    """("ann", "red"): a candidate's line; ("", "red"): that party's list."""
    return [{"id": f"{name or 'list'}-{party or 'none'}", "name": name.title(), "kind": "candidate",
             **({"candidate": name} if name else {}), **({"party": party} if party else {})}
            for name, party in lines]


def contest(name, choices, **more):
    return {"id": name, "name": name.title(), "office": more.pop("office", name.title()),
            "unit": "x", "choices": choices, **more}


def other(kind):
    return {"id": kind, "name": kind.title(), "kind": kind}


NAMES = "ann bob cid dee eve fay gus hal".split()
ELECTION = {
    "format": 2, "id": "all-kinds", "name": "All kinds", "date": "2026-11-03",
    "publication": "immediate", "source": "https://example.org/source", "licence": "CC0-1.0",
    "methods": [{"id": "booth", "name": "Booth"}, {"id": "mail", "name": "Mail"}],
    "parties": [{"id": "red", "name": "Red", "alliance": "left"},
                {"id": "blue", "name": "Blue", "alliance": "left"},
                {"id": "green", "name": "Green"}],
    "candidates": [{"id": name, "name": name.title(),
                    **({"party": "green"} if name == "fay" else {})} for name in NAMES],
    "units": [{"id": "x", "name": "Xland", "level": "nation"},
              {"id": "north", "name": "North, \"upper\"", **UNIT},
              {"id": "south", "name": "South", **UNIT},
              {"id": "empty", "name": "Nobody's", **UNIT}],
    "contests": [
        # Fusion: Bob leads with two lines; blank has the most votes of all.
        contest("fusion", [*candidate_lines(("ann", "red"), ("bob", "blue"), ("bob", "green")),
                           other("blank"), other("write_in")]),
        # Three seats; the third and the fourth are level, so two are led.
        contest("council", candidate_lines(("ann", "red"), ("bob", "blue"), ("cid", "red"),
                                           ("dee", "green"), ("eve", None)),
                votes_allowed=3, seats=3),
        contest("tied", candidate_lines(("fay", "red"), ("gus", "blue"))),
        # Lists for two seats: the law's. One seat for a list: it leads.
        contest("lists", candidate_lines(("", "red"), ("", "blue"), ("hal", "green")), seats=2),
        contest("list", candidate_lines(("", "red"), ("", "blue")), office="Seat"),
        contest("own", candidate_lines(("fay", "red"), ("gus", "blue")), office="Seat"),
        contest("bridge", [other("yes"), other("no"), other("spoiled")]),
        contest("nobody", candidate_lines(("ann", "red"), ("bob", "blue")), office="Seat"),
        contest("alone", candidate_lines(("ann", "red"))),
    ],
    "ballot_styles": [{"id": "s", "contests": [{"contest": name} for name in (
        "fusion", "council", "tied", "lists", "list", "own", "bridge", "nobody", "alone")]}],
}
VOTES = {
    "fusion": {"ann-red": 7, "bob-blue": 6, "bob-green": 3, "blank": 20, "write_in": 4},
    "council": {"ann-red": 12, "bob-blue": 10, "cid-red": 8, "dee-green": 8, "eve-none": 2},
    "tied": {"fay-red": 9, "gus-blue": 9},
    "lists": {"list-red": 11, "list-blue": 5, "hal-green": 4},
    "list": {"list-red": 3, "list-blue": 14},
    "own": {"fay-red": 8, "gus-blue": 1},
    "bridge": {"yes": 6, "no": 9, "spoiled": 12},
    "alone": {"ann-red": 1},
}
# Fay's own party is green, whatever the line.
SEATS = [("Alone", "red", "left", 1, 1), ("Council", "blue", "left", 1, 3),
         ("Council", "red", "left", 1, 3), ("Fusion", "blue", "left", 1, 1),
         ("Seat", "blue", "left", 1, 3), ("Seat", "green", None, 1, 3)]
BALLOTS = 40


def ballots():
    """40 NDJSON lines that give exactly VOTES: of each contest a mark after the other."""
    lines = [{"voter_id": f"v{i}", "unit": "north" if i % 3 else "south",
              "method": "mail" if i % 5 == 0 else "booth", "contests": {}} for i in range(BALLOTS)]
    for name, votes in VOTES.items():
        marks = [choice for choice, n in votes.items() for _ in range(n)]
        for i, mark in enumerate(marks):
            lines[i % BALLOTS]["contests"].setdefault(name, []).append(mark)
    random.Random(1).shuffle(lines)
    return "".join(json.dumps(line) + "\n" for line in lines)
