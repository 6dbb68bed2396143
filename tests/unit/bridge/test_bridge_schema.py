#!/usr/bin/python3
"""docs/bridge.schema.json and the reader agree on the shape of a bridge.json, and on the
examples of docs/bridges.md. Usage: test_bridge_schema.py PSEPHOS."""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(0)

ROOT = pathlib.Path(__file__).resolve().parents[3]
DELETE = object()
HEAD = {"format": 1, "name": "page", "http_local": "127.0.0.1:9464"}
SETTINGS = {"bootstrap.servers": "b:9092"}
GOOD = [
    HEAD | {"sink": {"postgres": {"conninfo": "dbname=p", "schema": "s", "reader": "r"}},
            "api": ["http://127.0.0.1:8080"]},
    HEAD | {"sink": {"opensearch": {"url": "http://127.0.0.1:9200", "prefix": "p", "user": "u",
                                    "password_file": "f"}}},
    HEAD | {"sink": {"kafka": {"settings": SETTINGS, "results_topic": "r", "contest": "c",
                               "level": "l", "candidates_topic": "a", "turnout_topic": "t"}}},
    HEAD | {"source": {"kafka": {
        "settings": SETTINGS, "topics": ["votes_topic"], "group": "g", "format": "votes-topic",
        "key": "keys/a.key", "ballot_ids": "keys/ballot-ids.key", "dead_letter_topic": "d",
        "dead_letter": "origin"}}},
]


def places(value, path=()):
    """Every path to a value inside, outermost first."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*path, key))


def changed(document, path, value):
    document = copy.deepcopy(document)
    at = document
    for key in path[:-1]:
        at = at[key]
    if value is DELETE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


def mutations():
    for good in GOOD:
        yield good
        for path in places(good):
            for value in (DELETE, 7, "A b/ü", [], None):
                yield changed(good, path, value)
            if isinstance(path[-1], str):
                yield changed(good, (*path[:-1], "unknown"), 1)


def documents():
    text = (ROOT / "docs/bridges.md").read_text(encoding="utf-8")
    examples = [json.loads(block) for block in re.findall(r"```json\n(\{.*?\})\n```", text, re.S)]
    examples = [d for d in examples if "sink" in d or "source" in d]
    assert examples, "docs/bridges.md has no example"
    return examples


def main():
    schema = json.loads((ROOT / "docs/bridge.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for good in [*GOOD, *documents()]:
        validator.validate(good)
    differ = asked = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bridge.json"
        for document in [*documents(), *mutations()]:
            path.write_text(json.dumps(document), encoding="utf-8")
            done = subprocess.run([sys.argv[1], "check", path], capture_output=True, text=True,
                                  check=False)
            asked += 1
            if "/conninfo: is none that libpq knows" in done.stderr:
                continue  # libpq's own rules, which no schema has
            if (done.returncode == 0) != validator.is_valid(document):
                differ += 1
                print(f"{json.dumps(document)}\n  check: {done.returncode} {done.stderr.strip()}\n"
                      f"  schema: {[e.message for e in validator.iter_errors(document)]}")
    print(f"{asked} documents, {differ} on which they differ")
    return 1 if differ or asked < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
