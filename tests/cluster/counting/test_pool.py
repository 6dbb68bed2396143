"""In which order ballots leave: shuffled within a pool, but a voter's second after the first."""

import json
import subprocess
import time

import pytest

from harness import BIN, FIXTURES, SLOWER, wait_until

TOWN = FIXTURES / "town.json"


@pytest.fixture
def one(cluster):
    return cluster(TOWN, shards=2)


def line_of(voter, contests):
    return json.dumps({"voter_id": voter, "unit": "north-1", "method": "booth",
                       "contests": contests}) + "\n"


def received(one):
    return one.accounting()["total"]["received"]


@pytest.mark.parametrize("pool", [1, 50])
def test_of_two_ballots_of_a_voter_the_first_of_the_file_counts(one, pool):
    first, second = "bob", "red-ann"
    voters = range(3000)
    text = "".join(line_of(f"v{voter}", {"mayor": [choice]})
                   for voter in voters for choice in (first, second))
    done = one.call("cast", "--json", "--pool", pool, "--allow-refused", "-", stdin=text, check=0)
    summary = json.loads(done.stdout)
    assert (summary["counted"], summary["double_vote"]) == (len(voters), len(voters))
    result = one.get_json("/api/v1/results?contest=mayor")["results"][0]
    votes = {choice["choice"]: choice["votes"] for choice in result["choices"]}
    assert (votes[first], votes[second]) == (len(voters), 0)


def test_a_pausing_source_sends_an_unfilled_pool_after_its_wait_and_at_the_end(one):
    wait_s = 3 * SLOWER
    with subprocess.Popen([BIN / "psephos", "cast", "--dir", one.directory, "--pool", "10",
                           "--pool-wait", str(wait_s), "--json", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as caster:
        caster.stdin.write("".join(line_of(f"v{i}", {}) for i in range(3)))
        caster.stdin.flush()
        begun = time.monotonic()
        time.sleep(wait_s / 2)
        assert received(one) == 0
        wait_until(lambda: received(one) == 3, what="three ballots after the wait")
        assert time.monotonic() - begun >= wait_s
        caster.stdin.write("".join(line_of(f"v{i}", {}) for i in range(3, 13)))
        caster.stdin.flush() # full: at once
        wait_until(lambda: received(one) == 13, timeout=wait_s / 2, what="ten more at once")
        caster.stdin.write(line_of("v13", {}))
        ended = time.monotonic()
        out, said = caster.communicate(timeout=60)
    assert time.monotonic() - ended < wait_s
    assert caster.returncode == 0 and json.loads(out)["counted"] == 14
    assert "nothing answers" not in said # it waited for the pool, not for the cluster


@pytest.mark.parametrize("mode", ["live", "test"])
def test_with_a_key_fifty_leave_together_unless_the_mode_is_test(cluster, mode):
    one = cluster(TOWN, shards=1, up_options=["--test"] if mode == "test" else [])
    one.call("client", "add", "school", check=0)
    with subprocess.Popen([BIN / "psephos", "cast", "--cluster", one.directory / "cluster.json",
                           "--key", one.directory / "clients/school.key", "--pool-wait", "600",
                           "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as caster:
        caster.stdin.write("".join(line_of(f"v{i}", {}) for i in range(49)))
        caster.stdin.flush()
        if mode == "test":
            wait_until(lambda: received(one) == 49, what="what is not gathered")
        else:
            # Whoever casts meanwhile is through; these are not.
            one.call("cast", "-", stdin=line_of("x", {}), check=0)
            assert received(one) == 1
            caster.stdin.write(line_of("v49", {}))
            caster.stdin.flush()
            wait_until(lambda: received(one) == 51, what="fifty at once")
        caster.stdin.close()
        assert caster.wait(timeout=60) == 0


def test_returns_do_not_wait_for_the_last_pool(cluster, import_returns, fixture_file):
    returns = fixture_file("sparse.csv")
    one = cluster(import_returns(returns), shards=1)
    begun = time.monotonic()
    summary = one.cast("--returns", returns, "--pool", 50, "--pool-wait", 60 * SLOWER)
    assert summary["counted"] % 50 != 0
    assert time.monotonic() - begun < 30 * SLOWER
