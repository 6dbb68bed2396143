"""Leaders, shares and seats of the views are those of the API, in every kind of contest."""

import json

import pytest

import standing
from exported import assert_leaders_equal, assert_same_as_api, export, wait_at_rest
from harness import wait_until


@pytest.fixture
def town(cluster, tmp_path):
    (tmp_path / "election.json").write_text(json.dumps(standing.ELECTION))
    one = cluster(tmp_path / "election.json", shards=2)
    yield one


def cast(one):
    one.call("cast", "-", stdin=standing.ballots(), check=0)
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] == standing.BALLOTS,
               what="all ballots are shown")


@pytest.mark.quick
def test_every_kind_of_contest(town, tmp_path):
    cast(town)
    _, db = export(town, tmp_path / "results.db")
    assert_same_as_api(town, db)
    for contest in standing.ELECTION["contests"]:
        assert_leaders_equal(town, db, contest["id"], "precinct")
    leaders = {row[0]: row[1:] for row in db.execute(
        "SELECT contest, leader, leader_name, leader_party, leader_votes, second, second_votes, "
        "margin, margin_of, tied FROM v_leaders WHERE unit = 'x' AND method IS NULL")}
    assert leaders == {
        "fusion": ("bob-blue", "Bob", "blue", 9, "ann-red", 7, 2, "first", 0),
        "council": ("ann-red", "Ann", "red", 12, "bob-blue", 10, 0, "last_seat", 1),
        "tied": (None, None, None, 9, None, 9, 0, "first", 1),
        "lists": ("list-red", "Red", "red", 11, "list-blue", 5, 1, "last_seat", 0),
        "list": ("list-blue", "Blue", "blue", 14, "list-red", 3, 11, "first", 0),
        "own": ("fay-red", "Fay", "green", 8, "gus-blue", 1, 7, "first", 0),
        "bridge": ("no", "No", None, 9, "yes", 6, 3, "first", 0),
        "nobody": (None, None, None, 0, None, 0, None, "first", 0),
        "alone": ("ann-red", "Ann", "red", 1, None, 0, None, "first", 0),
    }
    # Votes of all lines, of which blank and spoiled ones are none.
    shares = db.execute("SELECT choice, share FROM v_results WHERE contest = 'fusion' AND "
                        "unit = 'x' AND method IS NULL ORDER BY choice").fetchall()
    assert shares == [("ann-red", 7 / 20), ("blank", None), ("bob-blue", 6 / 20),
                      ("bob-green", 3 / 20), ("write_in", 4 / 20)]


def test_seats_are_those_of_the_overview(town, tmp_path):
    cast(town)
    _, db = export(town, tmp_path / "results.db")
    seats = db.execute('SELECT * FROM v_seats ORDER BY "group", party').fetchall()
    assert seats == standing.SEATS
    told = [(group["group"], entry["party"], entry["alliance"], entry["seats_led"],
             group["seats_total"])
            for group in town.get_json("/api/v1/overview")["groups"] for entry in group["entries"]]
    assert sorted(told) == seats


def test_nothing_is_counted(town, tmp_path):
    wait_at_rest(town)
    said, db = export(town, tmp_path / "results.db")
    assert_same_as_api(town, db)
    assert db.execute("SELECT DISTINCT votes FROM v_results").fetchall() == [(0,)]
    assert db.execute("SELECT count(*) FROM v_seats").fetchone() == (0,)
    assert db.execute("SELECT leader FROM v_leaders WHERE leader IS NOT NULL").fetchall() == []
    assert said["rows"]["results"] > 0
    assert db.execute("SELECT max(votes), max(ballots) FROM series").fetchone() in (
        (None, None), (0, 0))


def test_what_is_held_is_null_and_not_0(cluster, tmp_path):
    election = {**standing.ELECTION, "publication": "reports", "turnout": "reports",
                "report_min": 1}
    (tmp_path / "election.json").write_text(json.dumps(election))
    one = cluster(tmp_path / "election.json", shards=2)
    one.call("cast", "-", stdin=standing.ballots(), check=0)
    wait_until(lambda: one.accounting()["total"]["counted"] == standing.BALLOTS, what="the count")
    said, db = export(one, tmp_path / "results.db")
    assert db.execute("SELECT count(*), count(votes), count(valid) FROM results").fetchone() == (
        said["rows"]["results"], 0, 0)
    assert said["held"] == said["rows"]["results"] / 25 * 9  # 25 lines in 9 contests
    assert db.execute("SELECT count(leader_votes), count(margin), count(tied) FROM v_leaders"
                      ).fetchone() == (0, 0, 0)
    assert db.execute("SELECT count(*) FROM v_seats").fetchone() == (0,)
    assert db.execute("SELECT count(ballots_counted), count(share) FROM v_turnout"
                      ).fetchone() == (0, 0)
    assert_same_as_api(one, db)

    one.call("report", "north", "--final", check=0)
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] > 0,
               what="the report")
    said, db = export(one, tmp_path / "results.db")
    held = {unit for unit, in db.execute("SELECT DISTINCT unit FROM results WHERE votes IS NULL")}
    assert held == {"south", "empty"}
    assert db.execute("SELECT report, report_final, complete FROM turnout WHERE unit = 'north'"
                      ).fetchone() == (1, 1, 1)
    assert_same_as_api(one, db)
