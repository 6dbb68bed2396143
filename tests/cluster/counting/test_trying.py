"""A cluster for trying says TEST in all it gives out, and stays one; and the proof of zero."""

import csv
import hashlib
import json
import struct
import subprocess

import pytest

from harness import BIN, run_psephos
from test_refusals import daemon, run_shard

LINE = "TEST: no vote counted here is a vote"


@pytest.fixture
def trying(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2, up_options=["--test"])
    one.cast("--returns", fixture_file("sparse.csv"))
    return one


def first_line_of_watch(one):
    with subprocess.Popen([BIN / "psephos", "results", "--dir", one.directory, "--watch"],
                          stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.kill()
    return line.rstrip("\n")


def without_mode(text):
    """The rows of a CSV of a test, without their first column, which says TEST in each."""
    heading, *rows = csv.reader(text.splitlines(keepends=True))
    assert heading[0] == "mode" and {row[0] for row in rows} == {"TEST"}
    return [row[1:] for row in (heading, *rows)]


def rewrite_mode(one, mode):
    path = one.directory / "cluster.json"
    description = json.loads(path.read_text())
    path.write_text(json.dumps(description | {"mode": mode}))


def test_nothing_leaves_a_test_without_saying_so(trying, fixture_file, tmp_path):
    for call in ("results", "accounting", "status", "stations", "recount"):
        told = trying.call(call, check=0).stdout
        assert told.splitlines()[0] == LINE and told.count("TEST") == 1, call
        assert json.loads(trying.call(call, "--json", check=0).stdout)["mode"] == "test", call
    sparse = ["cast", "--returns", fixture_file("sparse.csv")]
    assert trying.call(*sparse, "--allow-refused", check=0).stdout.splitlines()[0] == LINE
    again = trying.call(*sparse, "--allow-refused", "--json", check=0).stdout
    assert json.loads(again)["mode"] == "test"
    assert trying.description["mode"] == "test" and first_line_of_watch(trying) == LINE

    table = trying.call("results", "--format", "csv", check=0).stdout
    assert without_mode(table)[0][:2] == ["contest", "unit"]
    returns = trying.results_csv()
    votes = csv.reader(fixture_file("sparse.csv").read_text().splitlines(keepends=True))
    assert sorted(without_mode(returns)) == sorted(votes)
    (tmp_path / "test.csv").write_text(returns)
    assert "header" in run_psephos("import", tmp_path / "test.csv", "--out", tmp_path / "e",
                                   check=1).stderr

    for path in ("results.csv?level=leaf", "turnout.csv"):
        _, headers, body = trying.get(f"/api/v1/{path}")
        assert headers["X-Psephos-Mode"] == "test" and without_mode(body.decode())
    for path in ("election", "accounting", "shards", "units"):
        assert trying.get_json(f"/api/v1/{path}")["mode"] == "test", path


def test_a_test_never_becomes_an_election(trying, tmp_path):
    trying.down()
    rewrite_mode(trying, "live")
    code, told = run_shard(trying)
    assert code == 1 and "mode differs between its first log entry and cluster.json" in told
    code, told = daemon(trying, "psephos-collector", "--collector", 0, "--data",
                        trying.directory / "data" / "collector-0")
    assert code == 1 and "another mode (live or test) than cluster.json" in told
    results = tmp_path / "results.csv"
    offline = trying.call("recount", "--offline", "--results", results, check=1)
    assert "counted in mode test, cluster.json says live" in offline.stderr
    assert offline.stdout.splitlines()[0] == LINE
    assert without_mode(results.read_text())[0][:2] == ["contest", "unit"]

    rewrite_mode(trying, "test")
    trying.up()
    offline = trying.call("recount", "--offline", "--json", check=0)
    assert json.loads(offline.stdout)["mode"] == "test"


def test_an_election_is_not_held_in_a_test_nor_tried_in_an_election(trying, cluster):
    start = ["up", "--dir", trying.directory]
    refused = run_psephos(*start, "--election", trying.election, check=1)
    assert "was made to test, and it stays one: give --test" in refused.stderr
    assert "mode      test" in run_psephos(*start, check=0).stdout  # it is only started
    live = cluster(trying.election, shards=1, name="live")
    assert "another mode (--test)" in live.up("--test", check=1).stderr
    told = live.up().stdout + live.call("cast", "-", check=0, stdin="").stdout + "".join(
        live.call(call, check=0).stdout for call in ("results", "accounting", "status", "recount"))
    assert "TEST" not in told and "mode" not in told
    assert live.results_csv().startswith("state,")


# ---- before the polls open ----

FINGERPRINTS = ("definition_hash", "roll_hash", "digest_key_hash")


def zero(one, check):
    told = one.call("zero", check=check)
    said = json.loads(one.call("zero", "--json", check=check).stdout)
    assert said["zero"] is (check == 0)
    assert told.stdout.splitlines()[-1].startswith("zero: " if check == 0 else "NOT ZERO: ")
    return said, told.stdout


def cast_one(one, voter, unit, check=0):
    ballot = {"voter_id": voter, "unit": unit, "method": "booth", "contests": {}}
    return json.loads(one.call("cast", "--json", "--allow-refused", "-", check=check,
                               stdin=json.dumps(ballot) + "\n").stdout)


def test_zero_is_proved_with_what_the_cluster_was_made_of(cluster, fixture_file, tmp_path):
    roll = tmp_path / "roll.csv"
    roll.write_text("voter_id,unit\nann,north-1\nbob,south\n")
    one = cluster(fixture_file("town.json"), shards=2, up_options=["--roll", roll, "--closed"])
    said, told = zero(one, check=0)
    assert [(s["shard"], s["state"], s["received"]) for s in said["shards"]] == \
        [(0, "new", 0), (1, "new", 0)]
    assert (said["mode"], said["publication"], said["epoch"]) == ("live", "immediate", 1)
    for name in ("cluster_id", *FINGERPRINTS):
        assert said[name] == one.description[name] and said[name] in told, name
    definition = hashlib.sha256(fixture_file("town.json").read_bytes()).hexdigest()
    assert said["definition_hash"] == definition
    slots = b"".join(struct.pack("<3I", s["shard"], *s["slots"])
                     for s in one.description["shards"])
    assert said["slot_map_hash"] == hashlib.blake2b(slots, digest_size=32).hexdigest()
    assert said["slot_map_hash"] in told

    one.call("open", check=0)
    assert {s["state"] for s in zero(one, check=0)[0]["shards"]} == {"open"}
    assert cast_one(one, "ann", "north-1")["counted"] == 1
    said, _ = zero(one, check=1)
    assert said["total"]["counted"] == said["total"]["received"] == 1


@pytest.mark.parametrize("opened", [False, True])
def test_a_refused_ballot_is_not_zero(cluster, fixture_file, tmp_path, opened):
    roll = tmp_path / "roll.csv"
    roll.write_text("voter_id,unit\nann,north-1\n")
    one = cluster(fixture_file("town.json"), shards=2,
                  up_options=["--roll", roll, *([] if opened else ["--closed"])])
    zero(one, check=0)
    done = cast_one(one, "nobody", "south")
    assert done["not_eligible" if opened else "closed"] == 1
    said, _ = zero(one, check=1)
    assert (said["total"]["received"], said["total"]["counted"]) == (1, 0)


def test_a_shard_that_cannot_be_asked_is_no_zero(cluster, fixture_file):
    one = cluster(fixture_file("town.json"), shards=2, up_options=["--test", "--closed"])
    assert zero(one, check=0)[1].splitlines()[0] == LINE
    one.kill("shard", shard=1)
    told = one.call("zero", check=3)
    assert told.stdout == "" and "shard 1:" in told.stderr and "shard 0" not in told.stderr
