"""SIGKILL in the middle of the count: nothing counted is lost, nothing counts twice."""

import json
import subprocess
import time

import pytest

from harness import BIN, SLOWER, assert_same_lines, wait_until
from test_round_trip import assert_books_balance, ballots_of

CAST_TIMEOUT_S = 180 * SLOWER
CAST_SECONDS = 4  # the rate is chosen so that an undisturbed cast takes about this long


@pytest.fixture(scope="module")
def county_returns(tmp_path_factory):
    """40 units, 2 contests, 40,000 ballots: enough to be caught in the middle."""
    lines = ["state,county,county_fips,precinct,office,district,party,candidate,votes"]
    for county in range(4):
        for precinct in range(10):
            place = f"VT,County {county},5000{county},Ward {precinct}"
            lines += [f"{place},President,,Pine,Ada Ash,{600 + county}",
                      f"{place},President,,Fern,Ben Birch,{400 - county}",
                      f"{place},Sheriff,,,Cy Cedar,{700 + precinct}",
                      f"{place},Sheriff,,,Blanks,{300 - precinct}"]
    path = tmp_path_factory.mktemp("returns") / "county.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def casting(one, returns):
    rate = ballots_of(returns) // CAST_SECONDS
    return subprocess.Popen(
        [BIN / "psephos", "cast", "--json", "--dir", one.directory, "--returns", returns,
         "--rate", str(rate), "--seed", "5"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def counted_so_far(one):
    try:
        return one.get_json("/api/v1/accounting")["total"]["counted"]
    except OSError:
        return 0


def wait_for_the_middle(one, returns):
    wait_until(lambda: counted_so_far(one) > ballots_of(returns) // 5, what="a fifth counted")


def in_the_middle(one, cast, returns, sixths):
    """Waits for so many sixths of the ballots; False: the cast is over."""
    wait_until(lambda: cast.poll() is not None or
               counted_so_far(one) > ballots_of(returns) * sixths // 6,
               what="progress between two kills", timeout=60 * SLOWER)
    return cast.poll() is None


def hit(one, cast, *args):
    """Kills while the cast runs: after it, a kill would show nothing."""
    assert cast.poll() is None, "the cast was over before the kill"
    one.kill(*args)
    assert cast.poll() is None, "the cast was over when the kill came"


def finish_cast(process):
    out, err = process.communicate(timeout=CAST_TIMEOUT_S)
    assert process.returncode == 0, (process.returncode, out, err[-2000:])
    return json.loads(out)


def assert_exact(one, returns):
    ballots = ballots_of(returns)
    assert_same_lines(one.results_csv(), returns.read_text())
    books = assert_books_balance(one)
    assert books["counted"] == ballots
    one.recount()
    return books


@pytest.mark.quick
@pytest.mark.parametrize("role, shard", [("shard", 0), ("router", None), ("collector", None),
                                         (None, None)],
                         ids=["a shard", "the router", "the collector", "everything"])
# promise 1, 2
def test_killed_and_up_again_stays_exact(cluster, import_returns, county_returns, role, shard):
    one = cluster(import_returns(county_returns), shards=2)
    cast = casting(one, county_returns)
    wait_for_the_middle(one, county_returns)
    hit(one, cast, role, shard)
    time.sleep(0.5)
    one.up()
    summary = finish_cast(cast)
    assert summary["counted"] == ballots_of(county_returns)
    books = assert_exact(one, county_returns)
    assert books["replayed"] <= summary["resent"]


def test_a_shard_killed_again_and_again_stays_exact(cluster, import_returns, county_returns):
    one = cluster(import_returns(county_returns), shards=2)
    cast = casting(one, county_returns)
    hits = 0
    while hits < 4 and in_the_middle(one, cast, county_returns, hits):
        one.kill("shard", hits % 2)
        hits += cast.poll() is None
        one.up()
    assert hits >= 2, "the cast was over before the kills"
    finish_cast(cast)
    assert_exact(one, county_returns)


def test_an_interrupted_cast_run_again_stays_exact(cluster, import_returns, county_returns):
    one = cluster(import_returns(county_returns), shards=2)
    cast = casting(one, county_returns)
    wait_for_the_middle(one, county_returns)
    assert cast.poll() is None, "the cast was over before the kill"
    cast.kill()
    cast.communicate()
    again = one.cast("--returns", county_returns, "--seed", 5)
    assert again["counted"] + again["replayed"] == again["cast"] == ballots_of(county_returns)
    assert again["counted"] > 0 and again["replayed"] > 0
    books = assert_exact(one, county_returns)
    assert again["replayed"] <= books["replayed"]


def test_a_count_that_was_down_goes_on_where_it_was(cluster, import_returns, county_returns):
    one = cluster(import_returns(county_returns), shards=2)
    one.cast("--returns", county_returns, "--seed", 5)
    before = one.accounting()
    one.down()
    assert one.pids() == []
    one.up()
    wait_until(lambda: not one.get_json("/api/v1/accounting")["stale"], what="a fresh board")
    assert one.accounting()["total"] == before["total"]
    assert_exact(one, county_returns)


def test_a_restarted_collector_shows_the_last_board_at_once_and_says_it_is_stale(
        cluster, import_returns, county_returns):
    one = cluster(import_returns(county_returns), shards=2)
    one.cast("--returns", county_returns, "--seed", 5)
    known = one.get_json("/api/v1/accounting")
    assert known["stale"] is False
    one.kill()           # shards too: nobody can tell the new collector anything
    one.start_collector()
    board = wait_until(lambda: answer_of(one), what="the collector's first answer")
    assert board["stale"] is True
    assert board["total"] == known["total"]
    for member in ("number", "cluster", "shards"):  # the id is a process's own
        assert board["version"][member] == known["version"][member]
    assert one.get("/readyz")[0] == 503
    one.up()
    wait_until(lambda: not one.get_json("/api/v1/accounting")["stale"], what="a fresh board")
    assert one.get("/readyz")[0] == 200


def answer_of(one):
    try:
        return one.get_json("/api/v1/accounting")
    except OSError:
        return None


# promise 5
def test_a_published_total_never_goes_backwards(cluster, import_returns, county_returns):
    one = cluster(import_returns(county_returns), shards=2)
    cast = casting(one, county_returns)
    seen = []
    killed = False
    while cast.poll() is None:
        try:
            answer = one.get_json("/api/v1/accounting")
        except OSError:
            continue
        seen.append((answer["total"]["counted"],
                     [s["index"] for s in answer["version"]["shards"]]))
        if not killed and answer["total"]["counted"] > ballots_of(county_returns) // 3:
            hit(one, cast)
            one.up()
            killed = True
    finish_cast(cast)
    assert killed and len(seen) > 5
    assert [counted for counted, _ in seen] == sorted(counted for counted, _ in seen)
    for (_, before), (_, after) in zip(seen, seen[1:]):
        assert all(a <= b for a, b in zip(before, after))
