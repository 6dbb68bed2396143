"""The books by station: for those who run the election, and kept by the collector."""

import json
import re
import shutil

import pytest

from harness import FIXTURES, run_psephos, wait_until

TOWN = FIXTURES / "town.json"
BALLOTS = "".join(json.dumps({"voter_id": f"v{i}", "unit": "north-1", "method": "booth",
                              "contests": {}}) + "\n" for i in range(5))


@pytest.fixture
def one(cluster):
    return cluster(TOWN, shards=1)


@pytest.fixture
def machine(tmp_path):
    folder = tmp_path / "machine"
    folder.mkdir()
    return folder


def keygen(key):
    return run_psephos("station", "keygen", key, check=0).stdout.strip()


def cast(one, machine, check=0):
    for name in ("cluster.json", "election.json"):
        shutil.copy(one.directory / name, machine)
    return run_psephos("cast", "--json", "--cluster", machine / "cluster.json",
                       "--key", machine / "school.key", "-", stdin=BALLOTS, check=check)


def books(number, name, units, **counts):
    """As /stations tells them; what is not named is 0."""
    counters = ("received", "counted", "replayed", "double_vote", "not_eligible", "invalid",
                "closed", "forgotten")
    return {"number": number, "name": name, "units": units} | {
        counter: counts.get(counter, 0) for counter in counters}


def test_the_books_by_station_are_for_operators_and_outlive_the_collector(one, machine):
    public = keygen(machine / "school.key")
    one.call("client", "add", "school", "--public-key", public, "--units", "north-1", check=0)
    cast(one, machine)
    cast(one, machine)  # the same again
    # Under another secret: other ballots of the same voters.
    one.call("cast", "--allow-refused", "-", stdin=BALLOTS, check=0)
    wanted = [books(1, "local", None, received=5, double_vote=5),
              books(2, "school", ["north-1"], received=10, counted=5, replayed=5)]
    wait_until(lambda: one.get_json("/stations", local=True)["stations"] == wanted,
               what="the books by station")
    told = json.loads(one.call("stations", "--json", check=0).stdout)
    assert told["stations"] == wanted and not told["stale"]
    assert json.loads(run_psephos("stations", "--api", one.api_local, "--json",
                                  check=0).stdout)["stations"] == wanted
    table = one.call("stations", check=0).stdout
    assert re.search(r"^ *2 +school +north-1 +10 +5 +5 +0 +0 +0 +0 +0$", table, re.M), table
    assert re.search(r"^ *total +15 +5 +5 +5 +0 +0 +0 +0$", table, re.M), table

    # Nothing of it for the public.
    assert one.get("/stations")[0] == 404 and one.get("/api/v1/stations")[0] == 404
    refused = run_psephos("stations", "--api", one.api, check=1)
    assert "HTTP 404" in refused.stderr and "http_local" in refused.stderr

    # Without its list a station is a number. The shard stays silent: what is shown was stored.
    (one.directory / "clients.json").rename(machine / "clients.json")
    one.kill("collector")
    one.kill("shard")
    one.start_collector()
    wait_until(lambda: one.call("stations", "--json").returncode == 0, what="the collector")
    told = json.loads(one.call("stations", "--json", check=0).stdout)
    assert told["stale"]
    assert told["stations"] == [station | {"name": None, "units": None} for station in wanted]
    (machine / "clients.json").rename(one.directory / "clients.json")
    wait_until(lambda: one.get_json("/stations", local=True)["stations"] == wanted,
               what="the names again")
