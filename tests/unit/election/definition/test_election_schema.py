#!/usr/bin/python3
"""docs/election.schema.json and the parser agree: what one refuses for its shape,
the other refuses too. Usage: test_election_schema.py [PSEPHOS]."""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(0)

ROOT = pathlib.Path(__file__).resolve().parents[4]
DELETE = object()

# (path, new value): each breaks the town's definition in one way.
MUTATIONS = [
    (["format"], 0),
    (["format"], 1),  # the units are of format 2
    (["format"], 3),
    (["format"], "1"),
    (["format"], DELETE),
    (["id"], "Town 2024"),
    (["id"], ""),
    (["name"], 7),
    (["name"], "n" * 1025),
    (["date"], "5 November 2024"),
    (["date"], "2024-13-05"),
    (["extra"], 1),
    (["publication"], DELETE),
    (["publication"], "never"),
    (["publication"], 1),
    (["report_min"], 0),
    (["report_min"], 2**53),
    (["report_min"], "10"),
    (["turnout"], "never"),
    (["turnout"], "reports"),  # with publication immediate
    (["methods"], []),
    (["methods"], DELETE),
    (["methods", 0, "note"], "x"),
    (["parties"], {}),
    (["parties", 0, "color"], "red"),
    (["parties", 0], "red"),
    (["candidates", 0, "biography"], 1),
    (["candidates", 0, "party"], ""),
    (["units"], []),
    (["units", 2, "registered"], -1),
    (["units", 2, "registered"], 1.5),
    (["units", 2, "registered"], 2**53),
    (["units", 0, "level"], "ward"),
    (["units", 0, "name"], DELETE),
    (["units", 2, "ballot_style"], "full"),
    (["units", 2, "ballot_styles"], "full"),
    (["units", 2, "ballot_styles"], []),
    (["units", 2, "ballot_styles"], ["full", "full"]),
    (["units", 2, "ballot_styles"], ["full", "Short"]),
    (["units", 2, "ballot_styles"], ["full", 5]),
    (["units", 2, "ballot_styles"], [f"s{i}" for i in range(257)]),
    (["contests"], []),
    (["contests", 0, "choices"], []),
    (["contests", 0, "office"], DELETE),
    (["contests", 1, "votes_allowed"], 0),
    (["contests", 1, "votes_allowed"], 257),
    (["contests", 0, "choices", 0, "kind"], "person"),
    (["contests", 0, "choices", 0], {"id": "list", "name": "List", "kind": "candidate"}),
    (["contests", 0, "seats"], 0),
    (["contests", 0, "seats"], 4097),
    (["contests", 0, "group"], 1),
    (["contests", 0, "party"], ""),
    (["contests", 0, "printed"], {"blank": {"name": "Blank"}}),
    (["contests", 0, "printed"], {"overvotes": {"party": "X"}}),
    (["parties", 0, "alliance"], 1),
    (["levels"], []),
    (["levels"], [{"id": "leaf", "name": "Leaf", "plural": "Leaves"}]),
    (["levels"], [{"id": "nation", "name": "Nation"}]),
    (["levels"], [{"id": f"l{i}", "name": "L", "plural": "L"} for i in range(17)]),
    (["languages"], []),
    (["languages"], ["en", "en"]),
    (["languages"], ["English"]),
    (["languages"], "en"),
    (["time_zone"], "Europe//Paris"),
    (["time_zone"], ""),
    (["source"], 1),
    (["licence"], ["MIT"]),
    (["contests", 0, "choices", 4, "candidate"], "ann"),
    (["ballot_styles"], []),
    (["ballot_styles", 0, "contests"], []),
    (["ballot_styles", 0, "contests", 1, "choices"], []),
    (["ballot_styles", 0, "contests", 1, "choices"], ["bob", "bob"]),
    (["ballot_styles", 0, "contests", 1, "choices", 0], 5),
    (["map", "file"], "../town.topojson"),
    (["map", "key"], DELETE),
]


def mutated(definition, path, value):
    changed = copy.deepcopy(definition)
    at = changed
    for step in path[:-1]:
        at = at[step]
    if value is DELETE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


def format_1(definition):
    changed = copy.deepcopy(definition)
    changed["format"] = 1
    del changed["publication"]
    for unit in changed["units"]:
        if "ballot_styles" in unit:
            (unit["ballot_style"],) = unit.pop("ballot_styles")
    return changed


def parser_accepts(psephos, definition):
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(definition, file, ensure_ascii=False)
        file.flush()
        code = subprocess.run(
            [psephos, "check", file.name], capture_output=True, check=False
        ).returncode
    assert code in (0, 1), code
    return code == 0


def main():
    schema = json.loads((ROOT / "docs/election.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    psephos = sys.argv[1] if len(sys.argv) > 1 and os.path.exists(sys.argv[1]) else None
    if psephos is None:
        print("note: no psephos program here: only the schema is tested")
    town = json.loads((ROOT / "tests/fixtures/town.json").read_text(encoding="utf-8"))
    validator.validate(town)
    assert psephos is None or parser_accepts(psephos, town)
    first = format_1(town)
    validator.validate(first)
    assert psephos is None or parser_accepts(psephos, first)
    rich = copy.deepcopy(town)
    rich |= {"languages": ["en", "pt-BR"], "time_zone": "America/Argentina/Salta",
             "source": "The town", "licence": "CC0-1.0"}
    rich["levels"] = [{"id": level, "name": {"en": level.title()}, "plural": level.title() + "s"}
                      for level in ("nation", "state", "ward", "county", "precinct")]
    rich["name"] = {"en": "Town", "pt-BR": "Cidade"}
    rich["units"][0]["name"] = {"en": "One"}
    rich["parties"][0]["alliance"] = "Left"
    rich["contests"][0] |= {"seats": 4096, "group": "Council", "party": rich["parties"][0]["id"],
                            "printed": {"overvotes": {"name": "Over", "party": "NON"},
                                        "undervotes": {"name": "Under"}}}
    validator.validate(rich)
    assert psephos is None or parser_accepts(psephos, rich)
    said = {"publication": "immediate", "report_min": 10, "turnout": "immediate",
            "languages": ["en"], "time_zone": "UTC", "source": "x", "licence": "x",
            "levels": [{"id": "precinct", "name": "P", "plural": "P"}]}
    for member, value in said.items():
        mixed = mutated(first, [member], value)
        assert not validator.is_valid(mixed), f"the schema accepts {member} in format 1"
        assert psephos is None or not parser_accepts(psephos, mixed), member
    held = mutated(mutated(town, ["publication"], "reports"), ["turnout"], "reports")
    validator.validate(held)
    for path, value in MUTATIONS:
        definition = mutated(town, path, value)
        assert not validator.is_valid(definition), f"the schema accepts {path}"
        if psephos is not None:
            assert not parser_accepts(psephos, definition), f"the parser accepts {path}"
    if psephos is not None:
        with tempfile.TemporaryDirectory() as folder:
            returns = ROOT / "tests/fixtures/sparse.csv"
            for call in (["import", returns], ["generate", "--voters", "20", "--force"]):
                subprocess.run([psephos, *call, "--out", folder], check=True, capture_output=True)
                made = pathlib.Path(folder, "election.json").read_text(encoding="utf-8")
                validator.validate(json.loads(made))
    print(f"{len(MUTATIONS)} mutations refused")


if __name__ == "__main__":
    main()
