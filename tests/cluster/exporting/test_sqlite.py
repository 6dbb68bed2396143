"""A SQLite file has the rows of the API's CSV: of real elections, and of one with many contests."""

import csv
import threading

import pytest

from exported import assert_leaders_equal, assert_same_as_api, export
from harness import ROOT, wait_until
from test_round_trip import scaled_down


def cast_and_export(one, returns, tmp_path):
    counted = one.cast("--returns", returns)["counted"]
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] == counted,
               what="all ballots are shown")
    contest = one.get_json("/api/v1/contests?limit=1")["contests"][0]["id"]
    total = one.get_json(f"/api/v1/results?contest={contest}")["results"][0]["ballots"]
    wait_until(lambda: [point["ballots"] for point in one.get_json(
        f"/api/v1/series?contest={contest}")["points"]][-1:] == [total], what="the last point")
    said, db = export(one, tmp_path / "results.db")
    assert {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in said["rows"]} == said["rows"]
    assert said["held"] == 0 and said["version"]["shards"]
    return db


@pytest.mark.quick
def test_the_demos_counties(cluster, import_returns, tmp_path):
    returns = ROOT / "demo" / "vermont-2020-county.csv"
    one = cluster(import_returns(returns), shards=2)
    db = cast_and_export(one, returns, tmp_path)
    assert assert_same_as_api(one, db) == 560
    assert_leaders_equal(one, db, "president", "county")
    assert db.execute("SELECT votes FROM v_results WHERE unit = 'vt' AND method IS NULL AND "
                      "choice = 'democratic-joseph-biden'").fetchone() == (242_820,)
    series = one.get_json("/api/v1/series?contest=president")
    kept = db.execute("SELECT at, ballots, group_concat(votes) FROM (SELECT * FROM series s JOIN "
                      "choices c USING (contest, choice) WHERE contest = 'president' "
                      "ORDER BY point, position) GROUP BY point ORDER BY point").fetchall()
    points = [(p["at"], p["ballots"], ",".join(map(str, p["votes"]))) for p in series["points"]]
    assert kept and set(kept) <= set(points) and kept[-1][1:] == points[-1][1:]


def test_vermont_2020(cluster, import_returns, data, tmp_path):
    returns = data("vt-2020-general-precinct.csv")
    one = cluster(import_returns(returns), shards=4)
    db = cast_and_export(one, returns, tmp_path)
    assert assert_same_as_api(one, db) > 21_450
    assert_leaders_equal(one, db, "president", "precinct")


def test_indias_constituencies_one_in_2000(cluster, import_returns, data, tmp_path):
    returns = scaled_down(data("in-2024-lok-sabha.csv"), tmp_path / "in.csv", 2000)
    one = cluster(import_returns(returns), shards=2)
    db = cast_and_export(one, returns, tmp_path)
    assert_same_as_api(one, db)
    assert db.execute("SELECT count(*) FROM contests").fetchone() == (542,)  # nobody voted in Surat
    led = db.execute('SELECT sum(seats_led), max(seats_total) FROM v_seats').fetchone()
    ties = db.execute("SELECT count(*) FROM v_leaders v JOIN contests c ON c.contest = v.contest "
                      "AND c.unit = v.unit WHERE leader IS NULL").fetchone()[0]
    assert led == (542 - ties, 542)


def georgia(path):
    """293 contests in 159 counties of two precincts: 5 state-wide, the others by district."""
    offices = {"United States Representative": 14, "State Senator": 56,
               "State Representative": 180, "District Attorney": 38}
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow("state county county_fips precinct office district party candidate votes"
                        .split())
        for county in range(159):
            for precinct in range(2):
                seed = 7 * county + precinct
                contests = [(f"Office {o}", "") for o in range(5)]
                contests += [(office, str(1 + (county * n // 159 + extra) % n))
                             for office, n in offices.items()
                             for extra in range(2 if office == "State Representative" else 1)]
                for office, district in contests:
                    for c, party in enumerate(("Republican", "Democratic", "Libertarian")):
                        writer.writerow(["GA", f"County {county:03}", f"{13001 + 2 * county}",
                                         f"P{precinct}", office, district, party,
                                         f"{party[0]} {office} {district}",
                                         (seed * (c + 3) + len(district)) % (17 - 5 * c)])
    return path


def test_293_contests_as_georgia_has_them(cluster, import_returns, tmp_path):
    returns = georgia(tmp_path / "ga.csv")
    one = cluster(import_returns(returns), shards=2)
    contests = one.get_json("/api/v1/election")["election"]["contests"]
    assert contests == 293
    db = cast_and_export(one, returns, tmp_path)
    assert_same_as_api(one, db)
    groups = dict(db.execute('SELECT "group", max(seats_total) FROM v_seats GROUP BY 1'))
    assert groups["State Representative"] == 180 and len(groups) == 9


def test_a_file_written_while_ballots_come_in_is_of_one_version(cluster, import_returns, tmp_path):
    returns = ROOT / "demo" / "vermont-2020-county.csv"
    one = cluster(import_returns(returns), shards=2)
    caster = threading.Thread(target=one.cast, args=("--returns", returns, "--rate", "40000"))
    caster.start()
    seen = []
    try:
        while caster.is_alive():
            said, db = export(one, tmp_path / "results.db")
            # Sums of one version fit: choices, counties, turnout and the books' index.
            counties, state, ballots = db.execute(
                "SELECT (SELECT sum(votes) FROM v_results WHERE level = 'county'), "
                "(SELECT sum(votes) FROM v_results WHERE level = 'state'), "
                "(SELECT sum(ballots) FROM v_turnout WHERE level = 'county')").fetchone()
            counted, = db.execute("SELECT counted FROM accounting WHERE shard = -1").fetchone()
            assert (counties, ballots) == (state, counted)
            shards = db.execute("SELECT epoch, log_index FROM version ORDER BY shard").fetchall()
            assert shards == [(s["epoch"], s["index"]) for s in said["version"]["shards"]]
            latest = db.execute("SELECT max(at) FROM series").fetchone()[0]
            assert latest is None or latest <= said["as_of"]
            seen.append(counted)
            db.close()
    finally:
        caster.join()
    assert seen == sorted(seen) and len(set(seen)) > 2, seen
