"""`psephos inspect`: every record of a file with its bytes, damage named, and only off line."""

import json
import re
import shutil

import pytest

from harness import FIXTURES, TIMEOUT_S, run_psephos, wait_until

TOWN = FIXTURES / "town.json"


def inspected(path, check=0):
    return json.loads(run_psephos("inspect", path, "--json", check=check).stdout)


def flip(path, at):
    bytes_ = bytearray(path.read_bytes())
    bytes_[at] ^= 8
    path.write_bytes(bytes_)


@pytest.fixture
def counted(cluster, tmp_path):
    """A cluster that has counted ten ballots, running."""
    one = cluster(TOWN, shards=1)
    (tmp_path / "b.ndjson").write_text("".join(
        json.dumps({"voter_id": f"v{i}", "unit": "north-1", "method": "mail",
                    "contests": {"mayor": ["bob"]}}) + "\n" for i in range(10)))
    one.call("cast", tmp_path / "b.ndjson")
    return one


def test_every_record_of_a_log_is_listed_and_damage_named(counted):
    log = counted.directory / "data" / "shard-0-0" / "log"
    segment = log / "0000000000000001.log"
    busy = run_psephos("inspect", segment, check=1)
    assert "in use by another process" in busy.stderr and busy.stdout == ""
    copy = counted.directory / segment.name
    shutil.copy(segment, copy)
    assert inspected(copy)["what"] == "segment"  # of a copy elsewhere it says what it can
    counted.down()

    before = segment.read_bytes()
    told = inspected(segment)
    records = told["records"]
    assert (told["damaged"], told["good"]) == (0, len(records))
    assert told["head"]["first"] == 1 and told["head"]["shard"] == 0
    assert [r["index"] for r in records] == list(range(1, len(records) + 1))
    at = 64
    for record in records:
        assert record["offset"] == at and record["checksum"] == "good"
        assert int.from_bytes(before[at + 8:at + 16], "little") == record["index"]
        assert int.from_bytes(before[at + 16:at + 24], "little") == record["term"]
        at += record["bytes"]
    assert at == len(before) and segment.read_bytes() == before
    assert records[0]["kind"] == "configuration"
    assert {"genesis", "open", "ballots"} <= {r["entry"] for r in records}
    assert sum(r["ballots"] for r in records) == 10

    ballots = next(r for r in records if r["entry"] == "open")
    flip(segment, ballots["offset"] + 41)
    bad = inspected(segment, check=1)
    assert [r["index"] for r in bad["records"]] == [r["index"] for r in records]
    assert bad["damaged"] == 1
    gap = next(r for r in bad["records"] if r["fault"])
    assert (gap["offset"], gap["index"], gap["last"]) == \
        (ballots["offset"], ballots["index"], ballots["index"])
    assert gap["checksum"] == "bad" and "checksum" in gap["fault"]
    lines = run_psephos("inspect", segment, check=1).stdout
    assert f"DAMAGED at byte {ballots['offset']}" in lines
    flip(segment, 33)
    headless = inspected(segment, check=1)
    assert headless["head"] is None and headless["damaged"] == 2


def test_a_vote_file_and_both_stores(counted):
    data = counted.directory / "data"
    store = data / "shard-0-0" / "store" / "data.mdb"

    def checkpointed():
        shutil.copy(store, counted.directory / "copy.mdb")
        told = run_psephos("inspect", counted.directory / "copy.mdb", "--json").stdout
        return '"table":"voters"' in told.replace(" ", "")
    wait_until(checkpointed, timeout=TIMEOUT_S, what="a checkpoint")
    counted.down()
    vote = data / "shard-0-0" / "log" / "vote"
    told = inspected(vote)
    assert told["what"] == "vote" and told["damaged"] == 0
    first, second = told["records"]
    assert first["term"] == second["term"] > 0 and first["log_held"] > 3
    flip(vote, second["offset"] + 50)
    assert [r["checksum"] for r in inspected(vote, check=1)["records"]] == ["good", "bad"]

    told = inspected(store)
    assert (told["what"], told["head"]["of"], told["damaged"]) == ("store", "shard", 0)
    tables = {r["table"] for r in told["records"]}
    assert {"meta", "voters", "counted", "totals", "stations"} <= tables
    assert all(r["checksum"] == "good" for r in told["records"])
    assert {"format", "owner", "position"} <= {r["key"] for r in told["records"]}
    assert list((data / "shard-0-0" / "store").glob("*"))
    voters = next(r for r in told["records"] if r["table"] == "voters")
    flip(store, voters["offset"])
    bad = inspected(store, check=1)
    assert bad["damaged"] == 1
    assert next(r for r in bad["records"] if r["fault"])["offset"] == voters["offset"]

    board = data / "collector-0" / "data.mdb"
    told = inspected(board)
    assert (told["head"]["of"], told["damaged"]) == ("collector", 0)
    assert {r["checksum"] for r in told["records"]} == {None}
    text = run_psephos("inspect", board).stdout
    assert re.search(r"^ +\d+ +\d+  meta cluster$", text, re.M)
    assert text.endswith("all good\n")


def test_what_is_no_such_file(tmp_path):
    (tmp_path / "x").write_text("not a store\n" * 1000)
    assert inspected(tmp_path / "x", check=1)["damaged"] == 1
    run_psephos("inspect", tmp_path / "nothing", check=1)
    run_psephos("inspect", tmp_path, check=1)
    run_psephos("inspect", check=2)
