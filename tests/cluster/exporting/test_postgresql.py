"""The same tables and views in a real PostgreSQL: DDL, keys, and every row of every view."""

import csv
import io
import os
import subprocess

import pytest

import standing
from postgres_server import NO_SERVER, SERVERS, Server
from exported import TABLES, export
from harness import BIN, ROOT, wait_until
from test_export_standing import cast, town  # noqa: F401

DDL = BIN.parent / "tests" / "test_sql_schema"
VIEWS = "v_results v_candidates v_leaders v_turnout v_seats".split()


@pytest.fixture
def server():
    if not SERVERS or not DDL.exists():
        pytest.skip(f"{NO_SERVER}, or the unit tests are not built")
    one = Server()
    try:
        yield one.start()
    finally:
        one.stop()


def as_text(value):
    return "\\N" if value is None else str(value)


def fill(server, db):
    """The DDL in a schema of its own, then every row of the file, in one transaction each."""
    ddl = subprocess.run([DDL, "--postgresql"], capture_output=True, text=True, check=True).stdout
    script = ["BEGIN; CREATE SCHEMA psephos; SET search_path = psephos;", ddl, "COMMIT; BEGIN;"]
    for table in TABLES:
        script.append(f"COPY {table} FROM STDIN (FORMAT csv, NULL '\\N');")
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            map(as_text, row) for row in db.execute(f"SELECT * FROM {table}"))
        script.append(text.getvalue() + "\\.")
    script.append("COMMIT;")
    path = server.folder / "fill.sql"
    path.write_text("\n".join(script))
    os.chmod(path, 0o644)
    server.run(server.bin / "psql", "-h", server.folder, "-U", "postgres", "-qX", "-v",
               "ON_ERROR_STOP=1", "-f", path)


def comparable(columns, row):
    """Numbers as numbers, shares to 12 digits, booleans as SQLite has them."""
    result = []
    for name, cell in zip(columns, row):
        if name in ("complete", "leaf", "over_registered", "over_expected", "tied"):
            cell = {"t": "1", "f": "0"}.get(cell, cell)
        if name == "share" and cell is not None:
            cell = f"{float(cell):.12f}"
        result.append(None if cell is None else str(cell))
    return tuple(result)


@pytest.mark.parametrize("publication", ["immediate", "reports"])
def test_every_view_says_the_same(server, cluster, tmp_path, publication, monkeypatch):
    monkeypatch.setitem(standing.ELECTION, "publication", publication)
    if publication == "reports":
        monkeypatch.setitem(standing.ELECTION, "report_min", 1)
    (tmp_path / "election.json").write_text(standing.json.dumps(standing.ELECTION))
    one = cluster(tmp_path / "election.json", shards=2)
    one.call("cast", "-", stdin=standing.ballots(), check=0)
    wait_until(lambda: one.accounting()["total"]["counted"] == standing.BALLOTS, what="the count")
    if publication == "reports":
        one.call("report", "north", check=0)
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] > 0, what="votes")
    _, db = export(one, tmp_path / "results.db")
    fill(server, db)
    for view in VIEWS:
        cursor = db.execute(f"SELECT * FROM {view}")
        columns = [column[0] for column in cursor.description]
        wanted = [comparable(columns, row) for row in cursor]
        got = [comparable(columns, row) for row in server.sql(f"SELECT * FROM psephos.{view}")]
        key = lambda row: tuple(cell or "" for cell in row)  # noqa: E731
        assert sorted(got, key=key) == sorted(wanted, key=key), view
        assert wanted or view == "v_seats"


def test_keys_hold_and_comments_are_there(server, town, tmp_path):  # noqa: F811
    cast(town)
    fill(server, export(town, tmp_path / "results.db")[1])
    for wrong, why in (
            ("UPDATE psephos.results SET unit = 'mars' WHERE unit = 'x'", "results_unit_fkey"),
            ("UPDATE psephos.choices SET party = 'pirates'", "choices_party_fkey"),
            ("INSERT INTO psephos.version SELECT * FROM psephos.version", "version_pkey"),
            ("UPDATE psephos.results SET ballots = NULL", "not-null")):
        with pytest.raises(AssertionError, match=why):
            server.sql(wrong)
    comments = server.sql("SELECT obj_description('psephos.results'::regclass), "
                          "col_description('psephos.results'::regclass, 5), "
                          "obj_description('psephos.v_seats'::regclass)")
    assert comments[0][1] == "NULL: held, not told yet; that is not 0" and all(comments[0])
    source = (ROOT / "lib" / "sql" / "views.c").read_text()
    assert all(f'{{"{view}"' in source for view in VIEWS)
