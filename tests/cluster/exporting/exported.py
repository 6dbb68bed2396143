"""Writes files of running clusters, and holds them against what the API says."""

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import time

from harness import run_psephos, wait_until

TABLES = ("election units methods contests choices candidates parties results turnout accounting "
          "corrections series version").split()
COLUMNS = ("contest unit unit_name level method choice choice_name party votes ballots undervotes "
           "overvotes").split()
# The lines of the API's CSV, these columns; what is held is in none.
LINES = """SELECT v.contest, v.unit, v.unit_name, v.level, COALESCE(v.method, ''), v.choice,
    v.choice_name, COALESCE(v.party, ''), CAST(v.votes AS TEXT), CAST(r.ballots AS TEXT),
    CAST(r.undervotes AS TEXT), CAST(r.overvotes AS TEXT)
    FROM v_results v JOIN results r ON r.contest = v.contest AND r.unit = v.unit
        AND r.method = COALESCE(v.method, '') AND r.choice = v.choice
    WHERE v.votes IS NOT NULL"""


def export(one, path, *options, check=0):
    """(what --json says, the open file)."""
    done = run_psephos("export", "sqlite", path, "--dir", one.directory, "--json", *options,
                       check=check)
    return json.loads(done.stdout), open_clean(path)


def open_clean(path):
    """The file, with nothing that sqlite3 finds wrong in it."""
    if shutil.which("sqlite3"):
        done = subprocess.run(["sqlite3", path, "PRAGMA integrity_check; PRAGMA foreign_key_check"],
                              capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("ok\n", "")
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    tables = db.execute("SELECT name, strict, wr FROM pragma_table_list "
                        "WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall()
    assert sorted(tables) == sorted((name, 1, 1) for name in TABLES)
    return db


def wait_at_rest(one):
    """Until the version stays: a leader's first entry may still come."""
    def version():
        return one.get_json("/api/v1/election")["version"]["shards"]

    def stays():
        before = version()
        time.sleep(1)
        return before == version()

    wait_until(stays, what="a version that stays")


def levels(one):
    """(levels, "" and, with several methods, what asks for each)."""
    about = one.get_json("/api/v1/election")["election"]
    return ([level["level"] for level in about["levels"]],
            ["", "&by=method"] if len(about["methods"]) > 1 else [""])


def assert_lines_equal(one, db):
    """Every row of the API's CSV of every level and method is in the file, and no other."""
    wanted = []
    for level in levels(one)[0]:
        for by in levels(one)[1]:
            status, _, body = one.get(f"/api/v1/results.csv?level={level}{by}")
            assert status == 200
            wanted += [tuple(line[column] for column in COLUMNS)
                       for line in csv.DictReader(io.StringIO(body.decode()))]
    got = db.execute(LINES).fetchall()
    assert len(set(got)) == len(got)
    assert sorted(got) == sorted(wanted), (sorted(set(got) ^ set(wanted))[:10])
    return len(got)


def all_results(one):
    for level in levels(one)[0]:
        for by in levels(one)[1]:
            cursor = ""
            while cursor is not None:
                page = one.get_json(f"/api/v1/results?level={level}{by}&limit=1000"
                                    + (f"&cursor={cursor}" if cursor else ""))
                yield from page["results"]
                cursor = page["next_cursor"]


def six(share):
    """As the API has it; views do not round."""
    return None if share is None else int(share * 1_000_000 + 0.5)


def assert_standing_equals(one, db):
    """Candidates, shares, leaders and margins of the views are those of the API."""
    candidates, leaders = {}, {}
    for row in db.execute("SELECT contest, unit, method, choice, candidate, name, party, votes, "
                          "share FROM v_candidates ORDER BY place"):
        candidates.setdefault(row[:3], []).append((*row[3:8], six(row[8])))
    for row in db.execute("SELECT contest, unit, method, leader, leader_votes, second, "
                          "second_votes, margin, margin_of, tied, valid, ballots "
                          "FROM v_leaders"):
        leaders[row[:3]] = row[3:]
    asked = 0
    for result in all_results(one):
        key = result["contest"], result["unit"], result["method"]
        got = candidates.pop(key, [])
        first = leaders.pop(key)
        if result["choices"] is None:
            assert {row[4:] for row in got} <= {(None, None)}
            assert first == (None, None, None, None, None, result["margin_of"], None, None,
                             result["ballots"])
            continue
        assert [row[1:] for row in got] == [
            (c["candidate"], c["name"], c["party"], c["votes"], six(c["share"]))
            for c in result["candidates"]], key
        # The first line of an entry may be on no ballot here; then it is another's.
        votes = [c["votes"] for c in result["candidates"]] + [0, 0]
        leads = votes[0] > votes[1]
        assert first == (
            got[0][0] if leads else None, votes[0],
            got[1][0] if leads and votes[1] > 0 else None, votes[1],
            result["margin"], result["margin_of"], result["tied"], result["valid"],
            result["ballots"]), key
        asked += 1
    assert not leaders and not candidates
    return asked


def assert_leaders_equal(one, db, contest, level):
    """The columns of /leaders, as another path of the collector gives them."""
    told = one.get_json(f"/api/v1/leaders?contest={contest}&level={level}")
    units = [u["id"] for u in one.get_json(
        f"/api/v1/units?parent={told['unit']}&level={level}&limit=1000")["units"]]
    places = dict(db.execute("SELECT choice, position FROM choices WHERE contest = ?", [contest]))
    rows = {row[0]: row[1:] for row in db.execute(
        "SELECT unit, leader, leader_votes, second, second_votes, valid FROM v_leaders "
        "WHERE contest = ? AND level = ? AND method IS NULL", [contest, level])}
    for i, unit in enumerate(units):
        leader, leader_votes, second, second_votes, valid = rows.pop(unit)
        assert (places.get(leader), leader_votes, places.get(second), second_votes, valid) == tuple(
            told[name][i] for name in
            ("leader", "leader_votes", "second", "second_votes", "valid")), unit
    assert not rows


def assert_turnout_equals(one, db):
    names = ("ballots ballots_counted registered ballots_expected complete units_partial "
             "report_under_way over_registered over_expected").split()
    rows = {row[0]: row for row in db.execute(
        f"SELECT t.unit, v.share, t.report, t.still_out, t.ceiling, t.ceiling_of, "
        f"{', '.join('t.' + name for name in names)} "
        f"FROM turnout t JOIN v_turnout v ON v.unit = t.unit")}
    for level in levels(one)[0]:
        cursor = ""
        while cursor is not None:
            page = one.get_json(f"/api/v1/turnout?level={level}&limit=1000"
                                + (f"&cursor={cursor}" if cursor else ""))
            for unit in page["turnout"]:
                row = rows.pop(unit["unit"])
                share, report, still_out, ceiling, ceiling_of = row[1:6]
                assert six(share) == six(unit["share"])
                assert report == (unit["report"] or {}).get("number")
                progress = unit["progress"]
                assert (still_out, ceiling, ceiling_of) == (
                    progress["out"], progress["ceiling"], progress["ceiling_of"])
                assert row[6:] == tuple(unit[name] for name in names)
            cursor = page["next_cursor"]
    assert not rows


def assert_books_equal(one, db):
    told = one.accounting()
    cursor = db.execute("SELECT * FROM accounting ORDER BY shard")
    names = [column[0] for column in cursor.description]
    for row, books in zip(cursor.fetchall(), [told["total"], *told["shards"]], strict=True):
        got = dict(zip(names, row))
        assert got.pop("shard") == books.get("shard", -1)
        assert {name: value for name, value in got.items() if value is not None} == {
            name: value for name, value in books.items() if name != "shard"}


def assert_same_as_api(one, db):
    """All of it, of a cluster at rest."""
    lines = assert_lines_equal(one, db)
    assert_standing_equals(one, db)
    assert_turnout_equals(one, db)
    assert_books_equal(one, db)
    head = one.get_json("/api/v1/election")
    shards = db.execute("SELECT shard, epoch, log_index FROM version ORDER BY shard").fetchall()
    assert shards == [(s["shard"], s["epoch"], s["index"]) for s in head["version"]["shards"]]
    number, as_of, mode = db.execute("SELECT version_number, as_of, mode FROM election").fetchone()
    assert number == sum((epoch << 40) + index for _, epoch, index in shards)
    assert (as_of, mode) == (head["as_of"], head["mode"])
    return lines
