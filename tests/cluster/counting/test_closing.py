"""`close`: one time for every shard, the same when it is asked again."""

import json
import os
import signal
import subprocess
from datetime import datetime, timezone

import pytest

from harness import BIN, wait_until
from test_crashes import CAST_SECONDS, CAST_TIMEOUT_S, counted_so_far, county_returns  # noqa: F401
from test_round_trip import assert_books_balance, ballots_of

SHARDS = 4


@pytest.fixture
def one(cluster, import_returns, county_returns):  # noqa: F811
    return cluster(import_returns(county_returns), shards=SHARDS)


def close_times(one):
    """By shard, as its replica tells; of those that answer."""
    return {p["shard"]: p["close_at"] for p in one.processes()
            if p["role"] == "shard" and p["version"]}


def state(one):
    return one.get_json("/api/v1/election")["election"]["state"]


def casting(one, returns):
    """Takes twice as long as a close."""
    rate = ballots_of(returns) // (2 * CAST_SECONDS)
    return subprocess.Popen(
        [BIN / "psephos", "cast", "--json", "--allow-refused", "--dir", one.directory,
         "--returns", returns, "--rate", str(rate)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ballots_cast_while_it_closes_are_counted_before_and_closed_after(
        one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > 0, what="the first counted ballots")
    asked = datetime.now(timezone.utc)
    done = json.loads(one.call("close", "--json", check=0).stdout)
    assert [d["shard"] for d in done["done"]] == [0, 1, 2, 3]
    assert all(set(d) == {"shard", "index"} and d["index"] > 0 for d in done["done"])
    assert state(one) == "closed"
    counted = counted_so_far(one)

    times = close_times(one)
    assert len(times) == SHARDS and len(set(times.values())) == 1, times
    ahead = datetime.fromisoformat(times[0]) - asked
    assert ahead.total_seconds() >= 2

    out, err = cast.communicate(timeout=CAST_TIMEOUT_S)
    assert cast.returncode == 0, err
    told = json.loads(out)
    assert told["counted"] == counted > 0 and told["closed"] > 0
    assert told["counted"] + told["closed"] == told["cast"] == ballots_of(county_returns)
    books = assert_books_balance(one)
    assert (books["counted"], books["closed"]) == (told["counted"], told["closed"])
    one.recount()


def test_a_shard_that_does_not_answer_is_named_and_gets_the_same_time_later(one):
    [pid] = one.pids("shard", 2)
    os.kill(pid, signal.SIGSTOP)
    try:
        refused = one.call("close", check=1)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert "shard 2: no replica answers; call again" in refused.stderr
    assert "shard 0" not in refused.stderr and "shard 3" not in refused.stderr
    assert "shard 2" not in refused.stdout and "shard 3: done at index" in refused.stdout
    times = close_times(one)
    at = times[0]
    assert at and {times[0], times[1], times[3]} == {at}

    one.call("close", check=0)
    assert set(close_times(one).values()) == {at}
    assert state(one) == "closed"
    # Also after a restart of all, and when there is nothing left to do.
    one.kill()
    one.up()
    again = one.call("close", check=0)
    assert again.stdout.count("done at index") == SHARDS
    assert set(close_times(one).values()) == {at}


def test_after_another_opening_another_time_is_chosen(one):
    assert set(close_times(one).values()) == {None}
    one.call("close", check=0)
    [first] = set(close_times(one).values())
    one.call("open", check=0)
    assert set(close_times(one).values()) == {None}
    one.call("close", check=0)
    [second] = set(close_times(one).values())
    assert datetime.fromisoformat(first) < datetime.fromisoformat(second)


def test_what_was_never_open_has_nothing_to_close(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2, up_options=["--closed"])
    done = one.call("close", check=1)
    assert done.stdout == ""  # above all no time
    assert "is not open, and never was: nothing was done" in done.stderr
    assert json.loads(one.call("close", "--json", check=1).stdout) == \
        {"done": [], "not_final": None}
    assert state(one) == "new" and set(close_times(one).values()) == {None}


@pytest.fixture
def two(cluster, import_returns, fixture_file):
    """Of two shards, opened."""
    return cluster(import_returns(fixture_file("sparse.csv")), shards=2)


def phase(one, check):
    told = json.loads(one.call("status", "--json", check=check).stdout)["election"]
    return told, one.call("status", check=check).stdout.splitlines()[-1]


def test_closed_in_some_shards_is_said_until_it_is_closed_in_all(two):
    assert phase(two, 0) == ("open", "the election is open")
    two.kill("shard", 1)
    assert "shard 1: no replica answers" in two.call("close", check=1).stderr
    told = two.up()
    warning = f"the election is PARTLY CLOSED: shard 0 closed; shard 1 open. Ballots are refused " \
              f"as closed for ever where it is not open: run psephos close --dir " \
              f"{two.directory} again"
    assert told.stdout.startswith("PARTLY CLOSED: 2 shards in ")
    assert "ready to count" not in told.stdout
    assert told.stderr == f"psephos up: {warning}\n"
    assert json.loads(two.up("--json").stdout)["election"] == "partly_closed"
    assert phase(two, 1) == ("partly_closed", warning)
    two.call("close", check=0)
    assert phase(two, 0) == ("closed", "the election is closed")
    told = two.up()
    assert told.stdout.startswith("the election is closed, and counts no more: 2 shards in ")
    assert told.stderr == "" and json.loads(two.up("--json").stdout)["election"] == "closed"


def test_open_in_some_shards_is_said_and_up_opens_none_that_others_closed(
        cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2, up_options=["--closed"])
    assert phase(one, 0) == ("new", "the election is not open yet")
    one.kill("shard", 1)
    assert "shard 1: no replica answers" in one.call("open", check=3).stderr
    told = one.up()  # --closed
    assert told.stdout.startswith("PARTLY OPEN: 2 shards in ")
    assert "PARTLY OPEN: shard 0 open; shard 1 never opened" in told.stderr
    told, said = phase(one, 1)
    assert told == "partly_open" and f"run psephos open --dir {one.directory} again" in said
    said = one.call("close", check=0).stderr
    assert "shard 1 was never opened: nothing was counted there" in said
    one.up_options = []
    one.up()
    assert close_times(one)[1] is None and phase(one, 0)[0] == "closed"


def test_without_any_shard_nothing_is_closed(one):
    one.kill("shard")
    refused = one.call("close", check=3)
    assert refused.stdout == ""  # above all no time
    assert refused.stderr.startswith("psephos close: no shard answers: nothing runs, and nothing "
                                     "is closed")
    assert json.loads(one.call("close", "--json", check=3).stdout) == \
        {"done": [], "not_final": None}
