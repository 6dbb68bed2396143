"""What `psephos cast` says of ballots that do not count, and the exit code it ends with."""

import json

import pytest

from harness import FIXTURES, run_psephos
from test_round_trip import assert_books_balance, assert_replayed, ballots_of

TOWN = FIXTURES / "town.json"
VERDICTS = ("counted", "replayed", "double_vote", "not_eligible", "invalid", "closed")


def line_of(voter, unit="north-1", **more):
    return json.dumps({"voter_id": voter, "unit": unit, "method": "booth", "contests": {},
                       **more}) + "\n"


GOOD = line_of("v1") + line_of("v2")
MIXED = GOOD + line_of("v1", cast_at=1) + line_of("v3", unit="nowhere")


@pytest.fixture
def one(cluster):
    return cluster(TOWN, shards=2)


def cast(one, text, *options, check=0):
    """(what became of the ballots, what was said beside it)."""
    done = one.call("cast", "--json", *options, "-", stdin=text, check=check)
    summary = json.loads(done.stdout)
    assert summary["cast"] == sum(summary[name] for name in (*VERDICTS, "not_allowed"))
    return summary, done.stderr


def test_a_refused_ballot_of_the_file_makes_the_exit_code_1(one):
    summary, said = cast(one, MIXED, check=1)
    assert (summary["counted"], summary["double_vote"], summary["invalid"]) == (2, 1, 1)
    assert "2 ballots were refused in all; --allow-refused" in said


def test_allow_refused_says_the_same_and_exits_with_0(one):
    summary, said = cast(one, MIXED, "--allow-refused")
    assert (summary["counted"], summary["double_vote"], summary["invalid"]) == (2, 1, 1)
    assert "refused" not in said


def test_cast_again_a_replay_is_what_it_was_first(one):
    cast(one, GOOD)
    assert_replayed(cast(one, GOOD)[0], 2)
    summary, said = cast(one, MIXED, check=1)
    assert (summary["replayed"], summary["counted"]) == (2, 0)
    summary, said = cast(one, MIXED, check=1)
    assert (summary["replayed"], summary["double_vote"], summary["invalid"]) == (4, 0, 0)
    assert "2 ballots were refused in all" in said
    cast(one, MIXED, "--allow-refused")


def test_what_comes_after_the_close_is_refused(one):
    cast(one, GOOD)
    one.call("close", check=0)
    assert_replayed(cast(one, GOOD)[0], 2)
    summary, said = cast(one, line_of("late"), check=1)
    assert summary["closed"] == 1 and "1 ballot was refused in all" in said
    assert cast(one, line_of("later"), "--allow-refused")[0]["closed"] == 1


def test_allow_refused_allows_no_line_that_cannot_be_read(one):
    assert "1 line could not be read" in cast(one, GOOD + "{\n", "--allow-refused", check=1)[1]


def test_the_table_has_a_line_for_what_was_not_allowed(one):
    printed = one.call("cast", "-", stdin=GOOD, check=0).stdout
    assert [line.split()[0] for line in printed.splitlines()[1:]][:-1] == [
        "cast", *VERDICTS, "not_allowed", "resent"]


def cast_by_school(one, text, *options, check=0):
    done = run_psephos("cast", "--json", "--cluster", one.directory / "cluster.json", "--key",
                       one.directory / "clients/school.key", *options, "-", stdin=text,
                       check=check)
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("form", [[], ["--rows"]], ids=["columns", "rows"])
def test_what_the_key_may_not_cast_is_not_allowed_and_the_rest_counts(one, form):
    one.call("client", "add", "school", "--units", "north", check=0)
    text = line_of("v1") + line_of("v2", unit="south") + line_of("v3") + line_of("v4", unit="south")
    summary, said = cast_by_school(one, text, *form, check=1)
    assert (summary["cast"], summary["counted"], summary["not_allowed"]) == (4, 2, 2)
    assert "2 ballots were not submitted: outside the units, methods or time of this key" in said
    assert "2 ballots were refused in all" in said
    summary, said = cast_by_school(one, text, *form, "--allow-refused")
    assert (summary["replayed"], summary["not_allowed"]) == (2, 2)
    assert "2 ballots were not submitted" in said
    books = assert_books_balance(one)
    assert (books["received"], books["counted"], books["replayed"]) == (4, 2, 2)


def test_what_a_key_cast_while_it_might_keeps_its_verdict_cast_again(one):
    one.call("client", "add", "school", check=0)
    assert cast_by_school(one, GOOD)[0]["counted"] == 2
    one.call("client", "revoke", "school", check=0)
    one.call("client", "add", "school", "--units", "south", check=0)  # its ballots' IDs stay
    assert_replayed(cast_by_school(one, GOOD)[0], 2)
    summary, said = cast_by_school(one, GOOD + line_of("v3"), check=1)
    assert (summary["replayed"], summary["counted"], summary["not_allowed"]) == (2, 0, 1)
    assert "1 ballot was not submitted" in said
    assert assert_books_balance(one)["counted"] == 2


@pytest.fixture
def returns(fixture_file):
    return fixture_file("sparse.csv")


def test_strangers_and_double_votes_of_ours_are_as_they_are_meant(
        cluster, import_returns, returns, tmp_path):
    run_psephos("generate", "--returns", returns, "--keep-all", "--out", tmp_path / "made", check=0)
    roll = tmp_path / "made" / "roll.csv"
    one = cluster(import_returns(returns), shards=2, up_options=["--roll", roll])
    options = ["--returns", returns, "--roll", roll, "--strangers", 0.2, "--double-votes", 0.1]
    first = one.cast(*options)  # exits with 0
    ballots = ballots_of(returns)
    assert first["counted"] == ballots
    assert (first["not_eligible"], first["double_vote"]) == (ballots // 5, ballots // 10)
    again = one.cast(*options)
    assert again["replayed"] + again["resent"] >= again["cast"] == first["cast"]
    books = assert_books_balance(one)
    assert (books["counted"], books["not_eligible"], books["double_vote"]) == (
        ballots, ballots // 5, ballots // 10)


def test_returns_after_the_close_are_refused(cluster, import_returns, returns):
    one = cluster(import_returns(returns), shards=1)
    one.call("close", check=0)
    summary = one.cast("--returns", returns, "--double-votes", 0.5, check=1)
    assert summary["closed"] == summary["cast"] == ballots_of(returns)  # no extra one follows
    assert one.cast("--returns", returns, "--allow-refused")["replayed"] > 0


def test_an_election_with_its_choices_in_another_order_takes_no_vote(cluster, tmp_path):
    """Votes travel as positions: of another file, a vote would be somebody else's."""
    one = cluster(TOWN, shards=1)
    own = one.directory / "election.json"
    other = json.loads(own.read_text())
    other["contests"][0]["choices"].reverse()
    station = tmp_path / "station"
    station.mkdir()
    (station / "cluster.json").write_text((one.directory / "cluster.json").read_text())
    (station / "election.json").write_text(json.dumps(other))
    line = json.dumps({"voter_id": "V", "unit": "south", "method": "mail",
                       "contests": {"mayor": ["bob"]}}) + "\n"
    for rows in ([], ["--rows"]):
        told = run_psephos("cast", "--cluster", station / "cluster.json", "--key",
                           one.directory / "clients/local.key", *rows, "-", stdin=line, check=1)
        assert "is not the election that cluster.json names" in told.stderr
    own.write_text(json.dumps(other))
    for call in (["cast", "-"], ["unit-complete", "south"], ["report", "south"]):
        told = one.call(*call, stdin=line if call[0] == "cast" else None, check=1)
        assert "is not the election that cluster.json names" in told.stderr
    assert one.accounting()["total"]["received"] == 0
