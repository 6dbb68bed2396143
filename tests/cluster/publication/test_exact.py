"""Published returns come out exact, whenever they were shown."""

import pytest

from harness import ROOT, assert_same_lines, run_psephos
from test_round_trip import assert_books_balance, ballots_of

DEMO = ROOT / "demo" / "vermont-2020-county.csv"


def election_of(returns, folder, *options):
    run_psephos("import", returns, "--out", folder, *options, check=0)
    return folder / "election.json"


def assert_exact(one, returns):
    ballots = ballots_of(returns)
    assert_same_lines(one.results_csv(), returns.read_text(encoding="utf-8"))
    total = assert_books_balance(one)
    assert (total["counted"], total["shown"], total["held"]) == (ballots, ballots, 0)
    one.recount()


def cast_and_report(one, returns):
    """Nothing before the report, all after it."""
    cast = one.cast("--returns", returns, "--replayed", 0.02, "--double-votes", 0.01)
    assert cast["counted"] == ballots_of(returns)
    held = one.api_call("results", "--format", "openelections", check=0)
    assert len(held.stdout.splitlines()) == 1, "only the header while all is held"
    total = one.accounting()["total"]
    assert (total["shown"], total["held"]) == (0, total["counted"])
    one.call("close", check=0)
    one.call("report", "--all", "--final", check=0)


# promise 5
@pytest.mark.parametrize("turnout", ["immediate", "reports"])
def test_the_demos_returns_are_exact_once_they_are_reported(cluster, tmp_path, turnout):
    one = cluster(election_of(DEMO, tmp_path / "e", "--publication", "reports", "--turnout",
                              turnout), shards=4)
    cast_and_report(one, DEMO)
    assert_exact(one, DEMO)


def test_the_demos_returns_are_exact_where_they_are_shown_at_once(cluster, tmp_path):
    one = cluster(election_of(DEMO, tmp_path / "e", "--publication", "immediate"), shards=4)
    one.cast("--returns", DEMO)
    assert_exact(one, DEMO)


def test_vermont_2020_is_exact_once_it_is_reported(cluster, tmp_path, data):
    returns = data("vt-2020-general-precinct.csv")
    one = cluster(election_of(returns, tmp_path / "e", "--publication", "reports"), shards=4)
    cast_and_report(one, returns)
    assert_exact(one, returns)
