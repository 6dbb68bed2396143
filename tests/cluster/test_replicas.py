"""Three replicas: any one machine of each shard may go, and nobody notices but by time."""

import json
import os
import random
import shutil
import signal

import pytest

from harness import SLOWER, is_running, wait_until
from test_crashes import assert_exact, casting, county_returns, counted_so_far, finish_cast  # noqa: F401
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
    for kill in range(4):
        wait_until(lambda: cast.poll() is not None or
                   counted_so_far(one) > ballots_of(county_returns) * kill // 6,
                   what="progress between two kills", timeout=60 * SLOWER)
        end(leader(one, kill % 2))
        leader(one, kill % 2)  # another one, before the dead one is back
        one.up()
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    wait_for_all(one)
    assert_exact(one, county_returns)


def test_one_replica_of_each_shard_destroyed_with_its_disk_loses_nothing(
        one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 4, what="a quarter")
    for shard in range(2):
        gone = leader(one, shard)
        end(gone)
        shutil.rmtree(one.directory / "data" / f"shard-{shard}-{gone['replica']}")
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    assert_exact(one, county_returns)


def test_a_paused_leader_is_replaced_and_comes_back_as_a_follower(one, county_returns):  # noqa: F811
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
