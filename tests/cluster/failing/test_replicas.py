"""Three replicas: any one machine of each shard may go, and nobody notices but by time."""

import json
import os
import random
import shutil
import signal

import pytest

from harness import SLOWER, is_running, wait_until
from test_crashes import (
    assert_exact,
    casting,
    county_returns,
    counted_so_far,
    finish_cast,
    in_the_middle,
)  # noqa: F401
from test_round_trip import ballots_of

LEADER_S = 10 * SLOWER


@pytest.fixture
def one(cluster, import_returns, county_returns):  # noqa: F811
    return cluster(import_returns(county_returns), shards=2, up_options=["--replicas", 3])


def replicas(one, shard, state=None):
    return [p for p in one.processes() if p["role"] == "shard" and p["shard"] == shard
            and state in (None, p["state"])]


def leader(one, shard):
    return wait_until(lambda: (replicas(one, shard, "leader") or [None])[0], timeout=LEADER_S,
                      what=f"a leader of shard {shard}")


def end(process, sig=signal.SIGKILL):
    os.kill(process["pid"], sig)
    wait_until(lambda: not is_running(process["pid"]), what="the end of the process")


def caught_up(one, shard):
    found = replicas(one, shard)
    return len(found) == 3 and len({p["index"] for p in found}) == 1 and all(
        p["state"] in ("leader", "follower") for p in found)


def wait_for_all(one):
    for shard in range(2):
        wait_until(lambda: caught_up(one, shard), timeout=30 * SLOWER,
                   what=f"three replicas of shard {shard} at one index")


def test_leaders_killed_again_and_again_stay_exact(one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    hits = 0
    while hits < 4 and in_the_middle(one, cast, county_returns, hits):
        shard = hits % 2
        end(leader(one, shard))
        hits += cast.poll() is None
        leader(one, shard)  # another one, before the dead one is back
        one.up()
    assert hits >= 2, "the cast was over before the kills"
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    wait_for_all(one)
    assert_exact(one, county_returns)


# promise 1
def test_one_replica_of_each_shard_destroyed_with_its_disk_loses_nothing(
        one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 4, what="a quarter")
    for shard in range(2):
        gone = leader(one, shard)
        assert cast.poll() is None, "the cast was over before the kill"
        end(gone)
        shutil.rmtree(one.directory / "data" / f"shard-{shard}-{gone['replica']}")
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    assert_exact(one, county_returns)


def test_a_paused_leader_is_replaced_and_comes_back_as_a_follower(
    one, county_returns
):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 4, what="a quarter")
    paused = leader(one, 0)
    os.kill(paused["pid"], signal.SIGSTOP)
    try:
        wait_until(lambda: [p for p in replicas(one, 0, "leader")
                            if p["replica"] != paused["replica"]],
                   timeout=LEADER_S, what="another leader")
    finally:
        os.kill(paused["pid"], signal.SIGCONT)
    finish_cast(cast)
    wait_for_all(one)
    assert_exact(one, county_returns)


def test_a_rolling_restart_refuses_and_loses_nothing(one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 8, what="a start")
    for process in one.processes():
        end(process, signal.SIGTERM)
        one.up()
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    assert all(summary[name] == 0 for name in ("invalid", "not_eligible", "closed", "double_vote"))
    wait_for_all(one)
    assert_exact(one, county_returns)


def test_leadership_moves_under_load_without_a_lost_or_refused_ballot(
        one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 8, what="a start")
    for to in (0, 1, 2, 1):
        told = json.loads(one.call("leader", "move", "--shard", 0, "--to", to, "--json",
                                   check=0).stdout)
        assert told["to"] == to and told["moved"] == (told["from"] != to)
        assert leader(one, 0)["replica"] == to
    assert "leads already" in one.call("leader", "move", "--shard", 0, "--to", 1, check=0).stdout
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    assert all(summary[name] == 0 for name in ("invalid", "not_eligible", "closed", "double_vote"))
    wait_for_all(one)
    assert_exact(one, county_returns)


def wipe(one, process):
    end(process)
    shutil.rmtree(one.directory / "data" / f"shard-{process['shard']}-{process['replica']}")


def test_wiped_replicas_are_replaced_one_after_the_other_under_load(
        one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 8, what="a start")
    for _ in range(2):
        gone = leader(one, 0)
        wipe(one, gone)
        leader(one, 0)
        told = one.call("replica", "replace", "--shard", 0, "--replica", gone["replica"], check=0)
        assert f"replica {gone['replica']} votes again" in told.stdout
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    wait_for_all(one)
    # The members are known after a restart of everything, from the store.
    one.kill()
    one.up()
    wait_for_all(one)
    # ... and the new ones are a majority without the third.
    end(replicas(one, 0, "follower")[0])
    leader(one, 0)
    assert_exact(one, county_returns)


def test_a_replica_that_refuses_its_damaged_log_is_replaced(one, county_returns):  # noqa: F811
    finish_cast(casting(one, county_returns))
    damaged = replicas(one, 0, "follower")[0]
    end(damaged)
    folder = one.directory / "data" / f"shard-0-{damaged['replica']}"
    (folder / "log" / "vote").unlink()
    assert "vote is gone" in one.up(check=1).stderr
    one.call("replica", "replace", "--shard", 0, "--replica", damaged["replica"], check=0)
    wait_for_all(one)
    assert list(folder.parent.glob(folder.name + ".replaced-by-*/log/*.log"))
    assert_exact(one, county_returns)


def test_a_replica_is_not_replaced_when_its_state_has_nowhere_to_come_from(one):
    first, second = replicas(one, 0, "follower")
    end(first)
    refused = one.call("replica", "replace", "--shard", 0, "--replica", second["replica"], check=1)
    assert "not all others are up" in refused.stderr
    led = leader(one, 1)
    refused = one.call("replica", "replace", "--shard", 1, "--replica", led["replica"], check=1)
    assert "no other replica leads" in refused.stderr
    assert one.call("replica", "replace", "--shard", 0).returncode == 2


def test_an_order_that_a_shard_does_not_carry_out_says_why(one):
    leader(one, 0), leader(one, 1)
    again = one.call("open", check=0)
    assert again.stdout.count(": the election is open already") == 2
    for process in replicas(one, 0, "follower"):
        end(process)
    wait_until(lambda: not replicas(one, 0, "leader"), what="the end of the leadership")
    refused = one.call("close", check=1)
    assert "shard 0: no replica leads; 1 answer; call again" in refused.stderr
    assert "shard 1: done at index" in refused.stdout
    end(next(p for p in replicas(one, 0) if p["pid"]))
    refused = one.call("close", check=1)
    assert "shard 0: no replica answers; call again" in refused.stderr
    assert "shard 1: done at index" in refused.stdout


def test_leadership_does_not_move_to_what_is_not_there(one):
    stopped = replicas(one, 0, "follower")[0]
    end(stopped, signal.SIGTERM)
    refused = one.call("leader", "move", "--shard", 0, "--to", stopped["replica"], check=1)
    assert "does not answer" in refused.stderr
    assert "no replica 3" in one.call("leader", "move", "--shard", 0, "--to", 3, check=1).stderr
    assert "no shard 2" in one.call("leader", "move", "--shard", 2, check=1).stderr
    assert one.call("leader", "stay", "--shard", 0).returncode == 2


def test_a_replica_that_was_away_for_the_whole_count_catches_up(one, county_returns):  # noqa: F811
    away = replicas(one, 0, "follower")[0]
    end(away)
    finish_cast(casting(one, county_returns))
    one.up()
    wait_for_all(one)
    assert_exact(one, county_returns)


def test_everything_killed_at_once_stays_exact(one, county_returns):  # noqa: F811
    seed = random.randrange(1 << 30)
    print("seed", seed)
    random.seed(seed)
    cast = casting(one, county_returns)
    for _ in range(2):
        target = counted_so_far(one) + ballots_of(county_returns) // random.randint(4, 8)
        wait_until(lambda: cast.poll() is not None or counted_so_far(one) >= target,
                   timeout=60 * SLOWER, what="progress")
        one.kill()
        one.up()
    finish_cast(cast)
    assert_exact(one, county_returns)
    assert json.loads(one.get("/readyz")[2])
