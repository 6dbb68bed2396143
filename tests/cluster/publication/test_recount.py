"""A recount of an election that publishes by reports: what is held is compared, and not printed."""

import csv
import json
import re
import shutil
import time

import pytest

from harness import FIXTURES, run_psephos, wait_until

TOWN = FIXTURES / "town.json"
BOB, ANN = ["bob"], ["blue-ann"]


def election(tmp_path, **changes):
    path = tmp_path / "election.json"
    path.write_text(json.dumps(json.loads(TOWN.read_text()) | {"publication": "reports"} | changes))
    return path


def ballots(path, first, north, south):
    """NDJSON of north-1's ballots for bob and of the south's for ann, of new voters."""
    rows = [("north-1", BOB)] * north + [("south", ANN)] * south
    path.write_text("".join(
        json.dumps({"voter_id": f"v{first + i}", "unit": unit, "method": "booth",
                    "contests": {"mayor": choices}}) + "\n"
        for i, (unit, choices) in enumerate(rows)))
    return path


def numbers(text):
    return set(map(int, re.findall(r"\d+", text.replace(",", ""))))


def told(one):
    """Indexes of the lines of the shards' logs that say what was told of held rows."""
    lines = [line for path in sorted((one.directory / "logs").glob("shard-*.log"))
             for line in path.read_text().splitlines() if "held_compared" in line]
    return [int(line.rsplit("index ", 1)[1].split('"')[0]) for line in lines]


@pytest.fixture
def town(cluster, tmp_path):
    """A cluster of two shards; 1,237 ballots of north-1 and 1,613 of the south are counted."""
    one = cluster(election(tmp_path))
    one.cast(ballots(tmp_path / "first.ndjson", 0, 1237, 1613))
    return one


def test_a_recount_compares_what_is_held_and_prints_none_of_it(town, tmp_path):
    hidden = {1237, 1613}
    for moment in range(3):
        before = len(told(town))
        table = town.recount(check=0).stdout
        said = json.loads(town.recount("--json", check=0).stdout)
        wait_until(lambda: len(told(town)) >= before + 2 * town.shards,
                   what="a line a question")
        lines = told(town)
        assert len(lines) == before + 2 * town.shards
        assert set(lines[-2:]) == {shard["index"] for shard in said["shards"]}
        assert said["agrees"] and said["publication"] == "reports"
        for shard in said["shards"]:
            assert all(shard[part] is True for part in
                       ("books", "totals", "units", "held", "hash", "balanced"))
        assert "what is held" in table and "held" in table.splitlines()[0]
        assert not hidden & (numbers(table) | numbers(json.dumps(said)))
        if moment == 0:
            town.call("report", "north", check=0)
        elif moment == 1:
            town.cast(ballots(tmp_path / "more.ndjson", 5000, 31, 17))
            town.call("report", "--all", "--final", check=0)
            town.cast(ballots(tmp_path / "late.ndjson", 9000, 3, 5))


def test_a_shard_answers_once_a_second(town):
    town.recount(check=0)
    start = time.monotonic()
    for _ in range(2):
        town.recount("--shard", 0, check=0)
    assert time.monotonic() - start > 1


def test_what_is_wrong_with_one_shard_is_not_forgotten_for_the_next(town, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(town.directory, copy)
    shutil.rmtree(copy / "data/shard-0-0/log")
    done = run_psephos("recount", "--dir", copy, "--json", check=1)
    said = json.loads(done.stdout)
    assert not said["agrees"] and [shard["shard"] for shard in said["shards"]] == [1]
    assert "shard 0: " in done.stderr and "shard 1: " not in done.stderr


def test_an_immediate_election_holds_nothing(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    one.cast(ballots(tmp_path / "b.ndjson", 0, 30, 20))
    said = json.loads(one.recount("--json", check=0).stdout)
    assert (said["publication"], said["shards"][0]["held"]) == ("immediate", None)
    assert told(one) == []


# ---- another history than the one that counts ----

def stopped(one):
    """Its collector begins anew: what it shows is another matter."""
    one.down()
    shutil.rmtree(one.directory / "data/collector-0")
    return one


@pytest.fixture
def twins(cluster, tmp_path):
    """twins(counts, its twin) -> (cluster that runs, folder of its twin). Both go on from the same
    reported election, each by the calls of its function, and one knows nothing of the other."""
    def make(ours, theirs):
        one = cluster(election(tmp_path), shards=1)
        one.cast(ballots(tmp_path / "first.ndjson", 0, 1237, 1613))
        one.call("report", "--all", check=0)
        stopped(one)
        kept = tmp_path / "kept"
        shutil.copytree(one.directory, kept)
        one.up()
        theirs(one)
        stopped(one).up()  # its journal goes further than the one that counts
        stopped(one)
        twin = tmp_path / "twin"
        shutil.move(one.directory, twin)
        shutil.move(kept, one.directory)
        one.up()
        ours(one)
        return one, twin

    return make


def differs(twin):
    """What a recount of the twin's journal says of the shard that runs; exit code 1."""
    done = run_psephos("recount", "--dir", twin, "--json", check=1)
    said = json.loads(done.stdout)
    (shard,) = said["shards"]
    assert not said["agrees"] and done.stderr == \
        f"psephos recount: shard 0 differs: {shard['difference']}\n"
    return shard, done.stdout + done.stderr


def cast_north(one, tmp_path, first, n, choices=BOB):
    """So few that they are one entry of the log."""
    path = tmp_path / "few.ndjson"
    path.write_text("".join(
        json.dumps({"voter_id": f"w{i}", "unit": "north-1", "method": "booth",
                    "contests": {"mayor": choices}}) + "\n" for i in range(first, first + n)))
    one.cast(path)


def test_another_held_vote_is_seen_and_not_told(twins, tmp_path):
    def vote(choices):
        def cast(one):
            cast_north(one, tmp_path, 0, 40)
            cast_north(one, tmp_path, 40, 1, choices)
        return cast

    one, twin = twins(vote(BOB), vote(["red-ann"]))
    assert json.loads(one.recount("--json", check=0).stdout)["agrees"]
    shard, text = differs(twin)
    assert shard["difference"] == "held rows, or the ballot that was counted last"
    assert (shard["books"], shard["totals"], shard["units"], shard["held"]) == \
        (True, True, True, False)
    assert not numbers(text) & {1237, 1277, 1278, 1613}


def test_a_report_that_is_missing_is_named(twins, tmp_path):
    def without(one):
        cast_north(one, tmp_path, 0, 20)
        cast_north(one, tmp_path, 20, 20)

    def with_one(one):
        one.call("report", "south", "--final", check=0)
        cast_north(one, tmp_path, 0, 40)

    _, twin = twins(without, with_one)
    shard, text = differs(twin)
    assert re.fullmatch(r"unit south, number of its last report: live 1, recounted \d+",
                        shard["difference"])
    assert (shard["books"], shard["totals"], shard["held"], shard["units"]) == \
        (True, True, True, False)
    assert not numbers(text) & {1237, 1277, 1613}


def test_another_reported_row_is_named_without_its_numbers(twins, tmp_path):
    def report(choices):
        def cast(one):
            cast_north(one, tmp_path, 0, 40, choices)
            one.call("report", "north-1", check=0)
        return cast

    _, twin = twins(report(BOB), report(["red-ann"]))
    shard, text = differs(twin)
    assert re.fullmatch(r"unit north-1, cell \d+, as reported", shard["difference"])
    assert (shard["totals"], shard["books"]) == (False, True)
    assert not numbers(text) & {1237, 1277, 1613}


# ---- off line ----

def rows(path):
    return {(row["contest"], row["unit"], row["method"], row["choice"]): int(row["votes"])
            for row in csv.DictReader(path.open())}


def offline(one, *arguments, check=0):
    return one.recount("--offline", *arguments, check=check)


def test_off_line_no_held_row_is_printed_or_written(town, tmp_path):
    file = tmp_path / "rows.csv"
    town.call("report", "north", check=0)
    done = offline(town, "--json", "--results", file)
    assert json.loads(done.stdout)["publication"] == "reports"
    assert rows(file) == {}
    assert "leaves 5 of 5 units out" in done.stderr
    assert not numbers(done.stdout + file.read_text()) & {1237, 1613}
    town.call("report", "south", "--final", check=0)
    town.cast(ballots(tmp_path / "late.ndjson", 9000, 0, 411))
    done = offline(town, "--results", file)
    assert "leaves 4 of 5 units out" in done.stderr
    got = rows(file)
    assert {unit for _, unit, _, _ in got} == {"south"}
    assert got["mayor", "south", "", "blue-ann"] == 1613  # as reported, and not a ballot more
    assert "south: 2,024" not in done.stdout and not numbers(done.stdout) & {2024, 411}
    town.call("report", "--all", "--final", check=0)
    done = offline(town, "--results", file)
    assert done.stderr == ""
    shown = town.get("/api/v1/results.csv?level=leaf")[2].decode().splitlines()
    assert len(shown) > 3
    assert [row for row in csv.DictReader(shown) if int(row["votes"]) != rows(file)[
        row["contest"], row["unit"], row["method"], row["choice"]]] == []
    assert rows(file)["mayor", "us", "", "blue-ann"] == 2024


def test_off_line_some_of_the_shards_tell_nothing_of_rows(town, tmp_path):
    town.call("report", "--all", "--final", check=0)
    file = tmp_path / "rows.csv"
    done = offline(town, "--shard", 1, "--results", file, check=1)
    assert "it takes all shards to tell what is shown" in done.stderr
    assert not file.exists()
