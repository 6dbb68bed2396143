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
    done = one.call("close", check=0)
    assert done.stdout.count(": the election is not open") == 2
    assert state(one) == "new"


def test_without_any_shard_nothing_is_closed(one):
    one.kill("shard")
    refused = one.call("close", check=3)
    assert refused.stdout == ""  # above all no time
    assert refused.stderr.startswith("psephos close: no shard answers: nothing runs, and nothing "
                                     "is closed")
    assert json.loads(one.call("close", "--json", check=3).stdout) == {"done": []}
