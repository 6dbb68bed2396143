"""CSV of every level and method has the API's numbers, and comes back by import."""

import csv
import io
import json

import pytest

import standing
from exported import levels
from harness import ROOT, run_psephos, wait_until
from test_round_trip import assert_same_lines

RETURNS = ROOT / "demo" / "vermont-2020-county.csv"


def write(one, path):
    """(what --json says, rows, FILE.source.json)."""
    done = run_psephos("export", "openelections", path, "--dir", one.directory, "--json", check=0)
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = json.loads(done.stdout)
    assert said["rows"] == {"rows": len(rows)}
    return said, rows, json.loads(path.with_name(path.name + ".source.json").read_text())


@pytest.mark.quick
def test_one_level_is_what_was_cast(cluster, import_returns, tmp_path):
    one = cluster(import_returns(RETURNS), shards=2)
    one.cast("--returns", RETURNS)
    _, rows, source = write(one, tmp_path / "all.csv")
    assert {row["level"] for row in rows} == {"nation", "state", "county"}
    lines = io.StringIO()
    columns = RETURNS.read_text().splitlines()[0].split(",")
    writer = csv.DictWriter(lines, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for row in rows if row["level"] == "county")
    assert_same_lines(lines.getvalue(), RETURNS.read_text())
    assert [row["votes"] for row in rows if row["level"] == "state" and row["office"] == "President"
            and row["candidate"] == "Joseph Biden"] == ["242820"]
    assert source["id"] == "vermont-2020-county" and source["mode"] == "live"
    assert source["version"] == one.get_json("/api/v1/election")["version"]

    # Import reads the lowest level: what was counted once is counted once.
    back = json.loads(run_psephos("import", tmp_path / "all.csv", "--date", "2020-11-03", "--out",
                                  tmp_path / "back", "--json", check=0).stdout)
    assert back["ballots"] == 370_968
    assert {group["kind"]: group["rows"] for group in back["report"]}["total_unit"] == 2

    # Without the nation's rows import takes the state's for what they are: a total.
    with open(tmp_path / "below.csv", "w", encoding="utf-8") as file:
        file.writelines(line for line in open(tmp_path / "all.csv", encoding="utf-8")
                        if not line.startswith("nation,"))
    done = run_psephos("import", tmp_path / "below.csv", "--date", "2020-11-03", "--out",
                       tmp_path / "again", "--json", check=0)
    assert json.loads(done.stdout)["ballots"] == 370_968


def test_methods_are_columns_and_source_and_licence_stand_beside(cluster, tmp_path):
    (tmp_path / "election.json").write_text(json.dumps(standing.ELECTION))
    one = cluster(tmp_path / "election.json", shards=2)
    one.call("cast", "-", stdin=standing.ballots(), check=0)
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] == standing.BALLOTS,
               what="all ballots are shown")
    said, rows, source = write(one, tmp_path / "all.csv")
    assert (said["held"], source["source"], source["licence"]) == (
        0, "https://example.org/source", "CC0-1.0")
    assert list(rows[0])[-3:] == ["votes", "booth", "mail"]
    wanted = {}
    contests = {c["id"]: c for c in one.get_json("/api/v1/contests?limit=1000")["contests"]}
    parties = {p["id"]: p["name"] for p in standing.ELECTION["parties"]} | {None: ""}
    for level in levels(one)[0]:
        for by in ("", "&by=method"):
            for result in one.get_json(f"/api/v1/results?level={level}{by}&limit=1000")["results"]:
                for line in result["choices"]:
                    contest = contests[result["contest"]]
                    choice = next(c for c in contest["choices"] if c["id"] == line["choice"])
                    precinct = result["unit_name"] if level == "precinct" else ""
                    key = (level, precinct, contest["office"], parties[choice["party"]],
                           choice["name"], contest["name"] if contest["office"] == "Seat" else "")
                    wanted.setdefault(key, {})[result["method"] or "votes"] = str(line["votes"])
    # The contests of one office have no district that tells them apart here.
    got = sorted((row["level"], row["precinct"], row["office"], row["party"], row["candidate"],
                  row["votes"], row["booth"], row["mail"]) for row in rows)
    assert got == sorted((*key[:5], cells["votes"], cells["booth"], cells["mail"])
                         for key, cells in wanted.items())


def test_what_is_held_is_not_in_it(cluster, tmp_path):
    election = {**standing.ELECTION, "publication": "reports", "report_min": 1}
    (tmp_path / "election.json").write_text(json.dumps(election))
    one = cluster(tmp_path / "election.json", shards=2)
    one.call("cast", "-", stdin=standing.ballots(), check=0)
    said, rows, _ = write(one, tmp_path / "all.csv")
    assert rows == [] and said["held"] == 4 * 9 * 3  # units, contests, all and two methods
    one.call("report", "north", check=0)
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["ballots"] > 0, what="votes")
    said, rows, _ = write(one, tmp_path / "all.csv")
    assert {row["precinct"] for row in rows} == {"", 'North, "upper"'}
    assert said["held"] == 2 * 9 * 3


def test_a_test_cluster_says_so_in_every_line(cluster, import_returns, tmp_path):
    one = cluster(import_returns(RETURNS), shards=1, up_options=["--test"])
    one.cast("--returns", RETURNS)
    said, rows, source = write(one, tmp_path / "all.csv")
    assert {row["mode"] for row in rows} == {"TEST"}
    assert said["mode"] == source["mode"] == "test"
