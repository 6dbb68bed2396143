"""Published returns, cast vote by vote, come out as they went in."""

import csv
import io
import json

import pytest

from harness import assert_same_lines

pytestmark = pytest.mark.quick

DISPOSITIONS = ["counted", "replayed", "double_vote", "not_eligible", "invalid", "closed"]


def ballots_of(returns):
    """Ballots a unit needs, summed: its largest contest, votes allowed being 1.

    Worked out from the CSV alone, by another path than the programs take.
    """
    largest = {}
    for row in csv.DictReader(io.StringIO(returns.read_text(encoding="utf-8"))):
        unit = (row["state"], row["county"], row["county_fips"], row["precinct"])
        contest = (row["office"], row["district"])
        largest.setdefault(unit, {}).setdefault(contest, 0)
        largest[unit][contest] += int(row["votes"])
    return sum(max(contests.values()) for contests in largest.values())


# promise 3
def assert_books_balance(one):
    books = one.accounting()
    for part in [books["total"], *books["shards"]]:
        assert part["balanced"] is True
        assert part["received"] == sum(part[name] for name in DISPOSITIONS)
    for name in ["received", *DISPOSITIONS]:
        assert books["total"][name] == sum(shard[name] for shard in books["shards"])
    return books["total"]


def assert_replayed(again, ballots):
    """What `cast` says of ballots that were all cast before: what it sent once came back so."""
    assert again["cast"] == again["replayed"] + again["counted"] == ballots, again
    assert again["counted"] <= again["resent"], again


def assert_round_trip(one, returns, replayed=0.0, double_votes=0.0):
    ballots = ballots_of(returns)
    cast = one.cast("--returns", returns, "--replayed", replayed, "--double-votes", double_votes,
                    "--seed", 1)
    assert cast["counted"] == ballots
    assert abs(cast["replayed"] - replayed * ballots) <= 1
    assert abs(cast["double_vote"] - double_votes * ballots) <= 1
    assert cast["not_eligible"] == cast["invalid"] == cast["closed"] == 0
    assert cast["cast"] == ballots + cast["replayed"] + cast["double_vote"]

    assert_same_lines(one.results_csv(), returns.read_text(encoding="utf-8"))

    books = assert_books_balance(one)
    assert books["counted"] == ballots
    assert books["double_vote"] == cast["double_vote"]
    assert cast["replayed"] <= books["replayed"] <= cast["replayed"] + cast["resent"]
    assert len(one.accounting()["shards"]) == one.shards
    one.recount()


def test_sparse_returns_come_out_as_they_went_in(cluster, import_returns, fixture_file):
    returns = fixture_file("sparse.csv")
    one = cluster(import_returns(returns), shards=3)
    assert_round_trip(one, returns)


def test_sparse_returns_with_replays_and_double_votes_come_out_as_they_went_in(
        cluster, import_returns, fixture_file):
    returns = fixture_file("sparse.csv")
    one = cluster(import_returns(returns), shards=2)
    assert_round_trip(one, returns, replayed=0.2, double_votes=0.1)


def test_vermont_2020_comes_out_as_it_went_in(cluster, import_returns, data):
    returns = data("vt-2020-general-precinct.csv")
    one = cluster(import_returns(returns), shards=4)
    assert ballots_of(returns) == 370_968  # from the file's own description
    assert_round_trip(one, returns, replayed=0.02, double_votes=0.01)
    assert len(one.results_csv().splitlines()) == 21_451


def scaled_down(returns, path, divisor):
    """The same file with every count divided, rounded to the nearest."""
    with open(returns, newline="", encoding="utf-8") as source, \
            open(path, "w", newline="", encoding="utf-8") as target:
        reader = csv.reader(source)
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(next(reader))
        for row in reader:
            writer.writerow(row[:-1] + [(int(row[-1]) + divisor // 2) // divisor])
    return path


def test_us_2024_counties_one_in_100_come_out_as_they_went_in(
        cluster, import_returns, data, tmp_path):
    returns = scaled_down(data("us-2024-president-county.csv"), tmp_path / "us.csv", 100)
    one = cluster(import_returns(returns), shards=2)
    assert_round_trip(one, returns, replayed=0.01)
    results = one.get_json("/api/v1/results?level=nation")["results"]
    assert len(results) == 1 and results[0]["ballots"] == ballots_of(returns)


# promise 2
def test_casting_the_same_returns_again_counts_nothing_twice(
        cluster, import_returns, fixture_file):
    returns = fixture_file("sparse.csv")
    one = cluster(import_returns(returns), shards=2)
    first = one.cast("--returns", returns, "--seed", 7)
    again = one.cast("--returns", returns, "--seed", 7)
    assert first["counted"] == ballots_of(returns)
    assert_replayed(again, ballots_of(returns))
    books = assert_books_balance(one)
    assert books["counted"] == ballots_of(returns)
    assert books["replayed"] >= ballots_of(returns)
    assert_same_lines(one.results_csv(), returns.read_text(encoding="utf-8"))


@pytest.mark.parametrize("strangers", [0.01])
def test_vermont_2020_with_a_roll_and_strangers(cluster, import_returns, psephos, data, tmp_path,
                                                strangers):
    returns = data("vt-2020-general-precinct.csv")
    psephos("generate", "--returns", returns, "--out", tmp_path / "roll", check=0, timeout=300)
    roll = tmp_path / "roll" / "roll.csv"
    one = cluster(import_returns(returns), shards=2, up_options=["--roll", roll])
    cast = one.cast("--returns", returns, "--roll", roll, "--strangers", strangers, "--seed", 3)
    assert cast["counted"] == 370_968
    assert abs(cast["not_eligible"] - strangers * 370_968) <= 1
    books = assert_books_balance(one)
    assert books["not_eligible"] == cast["not_eligible"]
    assert_same_lines(one.results_csv(), returns.read_text(encoding="utf-8"))
    status = json.loads(one.call("status", "--json", check=0).stdout)
    assert {p["role"] for p in status["processes"]} == {"router", "shard", "collector"}
