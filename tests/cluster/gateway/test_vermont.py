"""Vermont through the gateway, exact, while gateway, router and a shard's leader are killed."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from casting import add, ballots_of_returns, ndjson, with_gateway
from harness import ROOT, SLOWER, assert_same_lines, wait_until

VERMONT = ROOT / "demo" / "vermont-2020-county.csv"
KILLS = ["gateway", "router", "leader", "gateway"]

TWENTY_LINES = """\
import json, sys
import psephos
url, token, path = sys.argv[1:]
ballots = [json.loads(line) for line in open(path)]
verdicts = psephos.cast(ballots, url, token)
assert len(verdicts) == len(ballots)
assert [v["ballot_id"] for v in verdicts] == [b["ballot_id"] for b in ballots]
print(json.dumps({"counted": sum(v["first"] == "counted" for v in verdicts),
                  "replayed": sum(v["disposition"] == "replayed" for v in verdicts)}))
"""


@pytest.fixture
def vermont(cluster, import_returns):
    election = import_returns(VERMONT)
    one, address = with_gateway(cluster, election, shards=2,
                                up_options=["--replicas", "3", "--routers", "2"])
    return one, address, ballots_of_returns(VERMONT, election)


def kill_one(one, what, rng):
    processes = one.processes()
    if what == "leader":
        chosen = rng.choice([p for p in processes if p["state"] == "leader"])
    else:
        chosen = rng.choice([p for p in processes if p["role"] == what])
    os.kill(chosen["pid"], 9)
    wait_until(lambda: not os.path.exists(f"/proc/{chosen['pid']}") or
               open(f"/proc/{chosen['pid']}/stat").read().split()[2] == "Z",
               what=f"the end of {what}")
    one.up(check=None)


class Killing:
    """Kills one after another while the block runs; `complete` once each kind was killed."""

    def __init__(self, one, seed):
        self.one, self.rng, self.ended, self.done = one, random.Random(seed), threading.Event(), []
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def complete(self):
        return set(self.done) == set(KILLS)

    def run(self):
        for what in KILLS * 10:
            if self.ended.wait(1.5):
                return
            kill_one(self.one, what, self.rng)
            self.done.append(what)


def assert_exact(one, ballots):
    one.up()
    wait_until(lambda: one.accounting()["total"]["counted"] >= len(ballots), timeout=60 * SLOWER,
               what="the count")
    assert_same_lines(one.results_csv(), VERMONT.read_text(encoding="utf-8"))
    total = one.accounting()["total"]
    assert total["counted"] == len(ballots) and total["balanced"] is True
    assert total["double_vote"] == total["invalid"] == total["closed"] == 0
    one.recount()


def test_twenty_lines_of_python_cast_vermont_through_kills(vermont, tmp_path):
    one, address, ballots = vermont
    token = add(one, "web")
    path = tmp_path / "ballots.ndjson"
    path.write_bytes(ndjson(ballots))
    assert len(TWENTY_LINES.splitlines()) <= 20
    counts = []
    with Killing(one, 1) as killing:
        while not killing.complete():
            done = subprocess.run(
                [sys.executable, "-c", TWENTY_LINES, f"http://{address}", token, path],
                env=os.environ | {"PYTHONPATH": str(ROOT / "client" / "python")},
                capture_output=True, text=True, timeout=600 * SLOWER)
            assert done.returncode == 0, done.stderr
            counts.append(json.loads(done.stdout)["counted"])
    print(killing.done, counts)
    assert set(counts) == {len(ballots)}
    assert_exact(one, ballots)


def curl(address, token, path):
    """Until every line has its verdict: as a script would do it."""
    for _ in range(200):
        done = subprocess.run(
            ["curl", "-s", "-H", f"Authorization: Bearer {token}", "-H",
             "Content-Type: application/x-ndjson", "--data-binary", f"@{path}", "-w",
             "%{stderr}%{http_code}", f"http://{address}/api/v1/ballots"],
            capture_output=True, text=True)
        if done.returncode == 0 and done.stderr == "200":
            return [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode != 0 or done.stderr in ("503", "429"), done.stderr
        time.sleep(0.3)
    raise AssertionError("no whole answer")


def test_curl_casts_vermont_through_kills(vermont, tmp_path):
    one, address, ballots = vermont
    token = add(one, "web")
    parts = []
    for at in range(0, len(ballots), 20000):
        part = tmp_path / f"part-{at}"
        part.write_bytes(ndjson(ballots[at:at + 20000]))
        parts.append(part)
    with Killing(one, 2) as killing, ThreadPoolExecutor(2) as pool:
        while not killing.complete():  # a fast machine sends all of it twice
            answers = pool.map(lambda part: curl(address, token, part), parts)
            verdicts = [line for answer in answers for line in answer]
            assert [v["ballot_id"] for v in verdicts] == [b["ballot_id"] for b in ballots]
            assert {v["first"] for v in verdicts} == {"counted"}
    assert_exact(one, ballots)
