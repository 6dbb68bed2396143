"""A verdict is final: a retry gets the first one, whichever way and whenever it comes."""

import pytest

import python_client
from harness import SLOWER, wait_until
from test_python_client import Names

pytestmark = pytest.mark.quick


@pytest.fixture
def one(cluster, import_returns, fixture_file):
    return cluster(import_returns(fixture_file("sparse.csv")), shards=2,
                   up_options=["--routers", 2])


@pytest.fixture
def verdict(one):
    """verdict(ballots, router=0): (verdict, first verdict) of each, over a new connection."""
    def cast(ballots, router=0):
        client = python_client.Client(one.directory, router=router, timeout_s=2 * SLOWER)
        try:
            return [(r.verdict, r.first) for r in client.cast(ballots)]
        finally:
            client.close()
    return cast


@pytest.fixture
def ballots(one):
    """One that counts, one that is refused, and a second one of the first voter."""
    names = Names(one.election)
    return [names.ballot("ann"), names.ballot("bob", unit="atlantis"), names.ballot("ann")]


FIRST = [("counted", "counted"), ("invalid", "invalid"), ("double_vote", "double_vote")]
RETRY = [("replayed", first) for first, _ in FIRST]


def test_a_retry_through_another_router_gets_the_first_verdict(verdict, ballots):
    assert verdict(ballots, router=0) == FIRST
    assert verdict(ballots, router=1) == RETRY
    assert verdict(ballots, router=0) == RETRY


def test_a_retry_after_the_polls_closed_gets_the_first_verdict(one, verdict, ballots):
    assert verdict(ballots) == FIRST
    one.call("close", check=0)
    assert verdict(ballots) == RETRY
    names = Names(one.election)
    late = [names.ballot("late")]
    assert verdict(late) == [("closed", "closed")]
    one.call("open", check=0)
    assert verdict(late) == [("replayed", "closed")]  # final: a new ballot ID is needed
    assert verdict([names.ballot("late")]) == [("counted", "counted")]


# promise 2
@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_retry_after_a_restart_gets_the_first_verdict(one, verdict, ballots, how):
    assert verdict(ballots) == FIRST
    if how == "killed":
        one.kill()
    else:
        one.down()
    one.up()
    assert verdict(ballots) == RETRY


def test_polls_that_are_not_open_yet_count_nothing(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1, up_options=["--closed"])
    names = Names(one.election)
    client = python_client.Client(one.directory, timeout_s=2 * SLOWER)
    try:
        early, other = names.ballot("early"), names.ballot("other")
        assert client.cast([early])[0].verdict == "closed"
        one.call("open", check=0)
        assert client.cast([other])[0].verdict == "counted"
        assert client.cast([early])[0].first == "closed"
    finally:
        client.close()
    wait_until(lambda: one.get_json("/api/v1/election")["election"]["state"] == "open",
               what="an open election on the board")


def test_a_unit_is_reported_complete(one):
    names = Names(one.election)
    before = one.get_json(f"/api/v1/turnout?unit={names.unit}")["turnout"][0]
    assert before["complete"] is False
    one.call("unit-complete", names.unit, check=0)
    wait_until(lambda: one.get_json(f"/api/v1/turnout?unit={names.unit}")["turnout"][0]["complete"],
               what="a complete unit on the board")
    assert one.call("unit-complete", "atlantis").returncode != 0
