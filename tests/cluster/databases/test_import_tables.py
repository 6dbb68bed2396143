"""`import --postgres`: the demos' tables become the same election as their copies."""

import csv
import json

import pytest

from database import database, server  # noqa: F401
from harness import run_psephos
from test_people import VOTER_COLUMNS, candidate, table, voter


def fill(database, voters, without=()):  # noqa: F811
    """The tables by hand, all columns text, a column left out where asked."""
    for name, rows in (("candidates", [candidate(i) for i in range(3)]), ("voters", voters)):
        flat = [{**row, **{f"address_{k}": v for k, v in row.get("address", {}).items()}}
                for row in rows]
        columns = [c for c in (VOTER_COLUMNS if name == "voters" else list(candidate(0)))
                   if c not in without]
        cells = ["(" + ", ".join("NULL" if row[c] is None else "$t$" + str(row[c]) + "$t$"
                                 for c in columns) + ")" for row in flat]
        database.script(f"CREATE TABLE {name} ({', '.join(c + ' text' for c in columns)}); "
                        f"INSERT INTO {name} VALUES {', '.join(cells)}")


def imported(database, out, *options, check=0):  # noqa: F811
    return run_psephos("import", "--postgres", database.conninfo, "--out", out, "--date",
                       "2026-11-29", *options, check=check)


def test_tables_make_the_election_that_their_copies_make(database, tmp_path):  # noqa: F811
    voters = [voter(i) for i in range(2500)]  # three blocks of rows
    fill(database, voters[::-1])
    told = json.loads(imported(database, tmp_path / "tables", "--json").stdout)
    assert (told["voters"], told["candidates"], told["leaves"], told["again"]) == (2500, 3, 3, 0)
    files = [table(tmp_path / f"{name}.csv", columns, database.sql(
        f"SELECT {', '.join(columns)} FROM {name} ORDER BY {columns[0]} COLLATE \"C\""))
        for name, columns in (("candidates", list(candidate(0))), ("voters", VOTER_COLUMNS))]
    run_psephos("import", "--candidates", files[0], "--voters", files[1], "--out",
                tmp_path / "files", "--date", "2026-11-29", check=0)
    for name in ("election.json", "roll.csv"):
        assert (tmp_path / "tables" / name).read_bytes() == (tmp_path / "files" / name).read_bytes()
    with open(tmp_path / "tables" / "roll.csv", newline="", encoding="utf-8") as file:
        rows = [row["voter_id"] for row in csv.DictReader(file)]
    assert rows == sorted(v["voter_id"] for v in voters)


def test_what_is_missing_is_told(database, tmp_path):  # noqa: F811
    out = tmp_path / "out"
    told = imported(database, out, check=1).stderr
    assert 'PostgreSQL: relation "candidates" does not exist' in told and "voters" not in told
    fill(database, [voter(0), voter(1) | {"address": dict.fromkeys(voter(1)["address"])}],
         without=("biography", "email"))
    told = imported(database, out, check=1).stderr
    assert "psephos import: voters:2: the voter's address has no state" in told
    assert "1 line cannot be taken: refused; --faulty drop leaves such lines out" in told
    assert not out.exists()
    imported(database, out, "--faulty", "drop")
    made = json.loads((out / "election.json").read_text())
    assert len(made["candidates"]) == 3 and "biography" not in made["candidates"][0]
    database.sql("ALTER TABLE voters DROP address_state")
    told = imported(database, tmp_path / "none", check=1).stderr
    assert "the table voters has no column address_state" in told
    database.sql("TRUNCATE candidates")
    assert "candidates: not one candidate is in it" in \
        imported(database, tmp_path / "none", check=1).stderr


@pytest.mark.parametrize("more, says", [
    (["--candidates", "c", "--voters", "v"], "--postgres, or --candidates and --voters"),
    (["returns.csv"], "RETURNS.csv, or --candidates and --voters, or --postgres"),
    (["--keep-all"], "how counts are shown; with --postgres, too"),
])
def test_usage(tmp_path, more, says):
    done = run_psephos("import", "--postgres", "dbname=x", "--out", tmp_path / "out", *more,
                       check=2)
    assert says in done.stderr
