"""A disk that fails in the middle: whoever cannot write ends, and nothing that depends on what
was not written is told to anybody."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from harness import SLOWER, is_running, wait_until
from test_crashes import answer_of, casting, county_returns, finish_cast  # noqa: F401
from test_replicas import replicas
from test_round_trip import ballots_of

END_S = 60 * SLOWER

pytestmark = pytest.mark.skipif("PSEPHOS_SANITIZER" in os.environ,
                                reason="a sanitizer wants to be preloaded first")


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "failing_writes.so"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-o", library,
                    Path(__file__).with_name("failing_writes.c"), "-ldl"], check=True)
    return library


@pytest.fixture
def failing(preloaded, monkeypatch, tmp_path):
    """failing(at, after_ms): from fail() on, writes of files with `at` in their path fail."""
    trigger = tmp_path / "fail-now"

    def prepare(at, after_ms=0):
        monkeypatch.setenv("LD_PRELOAD", str(preloaded))
        monkeypatch.setenv("PSP_FAIL_AT", at)
        monkeypatch.setenv("PSP_FAIL_WHEN", str(trigger))
        monkeypatch.setenv("PSP_FAIL_AFTER_MS", str(after_ms))
        return trigger.touch
    return prepare


def process_of(one, role, replica=0):
    return next(p for p in one.processes() if p["role"] == role and p.get("replica", 0) == replica)


def ended_with(one, process, words):
    wait_until(lambda: not is_running(process["pid"]), timeout=END_S, what="the end of the process")
    name = "collector-0" if process["role"] == "collector" \
        else f"shard-{process['shard']}-{process['replica']}"
    text = (one.directory / "logs" / f"{name}.log").read_text()
    assert words in text, text[-2000:]


def started(one, returns):
    cast = casting(one, returns)
    wait_until(lambda: (answer_of(one) or {"total": {"counted": 0}})["total"]["counted"] > 0,
               timeout=END_S, what="a first ballot counted")
    return cast


# promise 1
@pytest.mark.parametrize("at, words", [
    ("shard-0-0/log/0", "writing the log failed"),
    ("shard-0-0/store/data.mdb", "writing a checkpoint failed"),
], ids=["the log", "a checkpoint"])
def test_a_shard_that_cannot_write_ends_and_nothing_is_lost(
        failing, cluster, import_returns, county_returns, monkeypatch, tmp_path, at, words):
    fail = failing(at)
    one = cluster(import_returns(county_returns), shards=1)
    shard = process_of(one, "shard")
    cast = started(one, county_returns)
    fail()
    ended_with(one, shard, words)
    assert cast.poll() is None, "the cast must wait: nothing that it has sent since is decided"
    (tmp_path / "fail-now").unlink()
    one.up()
    assert finish_cast(cast)["counted"] == ballots_of(county_returns)
    one.recount()


# promise 1: nobody is elected by a vote that its giver could forget
def test_a_vote_that_cannot_be_written_is_not_given(failing, cluster, import_returns,
                                                    county_returns):
    fail = failing("shard-0-0/log/vote:shard-0-2/log/vote")
    one = cluster(import_returns(county_returns), shards=1, up_options=["--replicas", 3])
    wait_until(lambda: len(replicas(one, 0, "follower")) == 2, timeout=END_S, what="two followers")
    one.call("leader", "move", "--shard", 0, "--to", 0, check=0)
    wait_until(lambda: len(replicas(one, 0, "follower")) == 2, timeout=END_S, what="two followers")
    others = [p for p in replicas(one, 0) if p["replica"] != 1]
    fail()
    # Replica 1 is told to campaign, and needs one vote beside its own.
    one.call("leader", "move", "--shard", 0, "--to", 1, "--json")
    elected = []
    end = time.monotonic() + 3  # what must not be is looked for a while
    while time.monotonic() < end and not elected:
        elected = [p for p in replicas(one, 0, "leader") if p["replica"] == 1]
    assert elected == []
    for process in others:
        ended_with(one, process, "writing term and vote failed")


# promise 5
def test_a_board_that_cannot_be_stored_is_not_shown(failing, cluster, import_returns,
                                                    county_returns):
    fail = failing("collector-0/data.mdb", after_ms=3000)
    one = cluster(import_returns(county_returns), shards=1)
    collector = process_of(one, "collector")
    cast = started(one, county_returns)
    fail()
    # The first write that fails is under way for three seconds: from then on nothing is new.
    numbers = []
    while is_running(collector["pid"]):
        answer = answer_of(one)
        if answer is not None:
            numbers.append(answer["version"]["number"])
    ended_with(one, collector, "cannot commit")
    assert len(numbers) > 10
    last = numbers[len(numbers) // 2:]
    assert last == [last[0]] * len(last), "shown although it was not stored"
    cast.kill()
    cast.communicate()
