"""OpenSearch out on a real node: documents equal the API, and none ever goes backwards."""

import json
import os
import random
import re
import signal
import threading
import time

import pytest

import test_backup
import test_report
from harness import ROOT, wait_until
from servers.opensearch import Index, OpenSearch

RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
QUERY = re.compile(r"```json\n(POST (\S+)/_search\n)(.*?)```", re.S)


class Out:
    def __init__(self, index, prefix):
        self.index, self.prefix = index, prefix

    def config(self, name="search"):
        return {"name": name, "sink": {"opensearch": {"url": self.index.url,
                                                      "prefix": self.prefix}}}

    def held(self):
        status, answer = self.index.call("GET", f"/{self.prefix}-version/_doc/held")
        return answer["_source"] if status == 200 else {}

    def is_level(self, cluster):
        held = self.held()
        return held.get("written") and held["shards"] == cluster.get_json(
            "/api/v1/election")["version"]["shards"]

    def documents(self, kind):
        return self.index.documents(f"{self.prefix}-{kind}")

    def versions(self):
        """_id -> version of each result; what was refreshed."""
        return {key: d["version"]["number"] for key, d in self.documents("results").items()}


@pytest.fixture
def out(index, request):
    return Out(index, re.sub(r"[^a-z0-9]+", "-", request.node.name[5:33]).strip("-"))


def follows(out, cluster):
    wait_until(lambda: out.is_level(cluster), timeout=60, every=0.2, what="the index is level")


def lines_of_api(cluster, kind):
    return list(map(json.loads, cluster.get(f"/api/v1/changes?kind={kind}")[2].splitlines()[:-1]))


def assert_level(out, cluster):
    """At rest: each row that is shown is a document, and no other document is shown."""
    follows(out, cluster)
    wanted = {f"{r['contest']}/{r['unit']}/{r['method'] or ''}": r
              for r in lines_of_api(cluster, "result") if r["choices"] is not None}
    found = {k: d for k, d in out.documents("results").items() if not d["held"]}
    assert set(found) == set(wanted)
    for key, row in wanted.items():
        assert {c["choice"]: c["votes"] for c in found[key]["choices"]} == {
            c["choice"]: c["votes"] for c in row["choices"]}, key
        for name in ("ballots", "undervotes", "overvotes", "revision", "unit", "contest"):
            assert found[key][name] == row[name], key
    turnout = {t["unit"]: t["ballots_counted"] for t in lines_of_api(cluster, "turnout")}
    assert {k: d["ballots_counted"] for k, d in out.documents("turnout").items()} == turnout


def test_votes_of_a_candidate_at_once(out, cluster, bridge, import_returns):
    """By the query that docs/bridges.md has."""
    one = cluster(import_returns(RETURNS))
    bridge(one, out.config())
    one.cast("--returns", RETURNS)
    assert_level(out, one)
    _, path, body = QUERY.search((ROOT / "docs" / "bridges.md").read_text()).groups()
    result = one.get_json("/api/v1/results?contest=president")["results"][0]
    for candidate in result["candidates"][:3]:
        query = json.loads(body.replace("president-joseph-biden", candidate["candidate"]))
        answer = out.index.search(path.strip("/").replace("psephos", out.prefix), query)
        found = answer["aggregations"]["choices"]["candidate"]["votes"]["value"]
        assert found == candidate["votes"]
    older = {"index": {"_index": f"{out.prefix}-results", "_id": "president/vt/", "version": 1,
                       "version_type": "external_gte"}}
    assert out.index.bulk([older, {"votes": 0}])[1]["items"][0]["index"]["status"] == 409


class Watch(threading.Thread):
    """Looks again and again whether a document went backwards, in one life of the node: a search
    shows what was not acknowledged yet, and what was not a kill of the node takes back."""

    def __init__(self, out):
        super().__init__()
        self.out, self.looks, self.back, self.ended = out, 0, [], False
        self.life = 0

    def run(self):
        last, life = {}, 0
        while not self.ended:
            if life != self.life:
                last, life = {}, self.life
            try:
                now = self.out.versions()
            except (OSError, AssertionError, KeyError, TypeError):
                time.sleep(0.1)  # the node is away, or has no index yet
                continue
            if life != self.life:
                continue
            self.back += [key for key, number in now.items() if number < last.get(key, 0)]
            last |= now
            self.looks += 1

    def end(self):
        self.ended = True
        self.join()
        assert self.looks and not self.back, (self.looks, self.back[:5])


def test_bridge_and_node_are_killed(own, cluster, bridge, import_returns):
    server = own(OpenSearch)
    out = Out(Index(server.url), "killed")
    one = cluster(import_returns(RETURNS))
    door = bridge(one, out.config())
    follows(out, one)
    watch = Watch(out)
    watch.start()
    cast = threading.Thread(target=one.cast, args=("--returns", RETURNS, "--rate", "20000"))
    cast.start()
    chance, kills = random.Random(18), 0
    try:
        while cast.is_alive() or kills < 6:
            time.sleep(chance.uniform(0.2, 1.5))
            if kills % 3 == 2:
                server.kill()
                watch.life += 1
                server.start()
            else:
                door.kill()
                door.start()
            kills += 1
        cast.join()
        assert_level(out, one)
    finally:
        watch.end()
    print(f"{kills} kills, {watch.looks} looks")


def test_two_bridges_and_one_that_slept(out, cluster, bridge, import_returns):
    one = cluster(import_returns(RETURNS))
    first, second = bridge(one, out.config("one")), bridge(one, out.config("two"))
    follows(out, one)
    watch = Watch(out)
    watch.start()
    cast = threading.Thread(target=one.cast, args=("--returns", RETURNS, "--rate", "40000"))
    cast.start()
    try:
        for door in (first, second, first):
            before = door.metrics()["psephos_bridge_written_versions_total"]
            wait_until(lambda: not cast.is_alive() or door.metrics()[
                "psephos_bridge_written_versions_total"] > before, timeout=60, what="a version")
            os.kill(door.pid, signal.SIGSTOP)
            time.sleep(1)
            os.kill(door.pid, signal.SIGCONT)
        cast.join()
        assert_level(out, one)
    finally:
        watch.end()
    for door in (first, second):
        assert door.process.poll() is None, door.tail()


def test_what_is_held_after_a_restore_stays_as_held(out, cluster, bridge, tmp_path):
    """Documents of rows that were never shown are not there; those of others lose their numbers."""
    path = test_report.telling.Telling("reports", "immediate").write(tmp_path)
    one = cluster(path)
    test_backup.backup(one, tmp_path / "empty")
    bridge(one, out.config())
    follows(out, one)
    assert out.documents("results") == {}  # nothing was reported
    test_report.cast(one, 20)
    test_report.report(one, "--all")
    wait_until(lambda: "mayor/us/" in out.documents("results"), timeout=60, what="what is shown")
    assert_level(out, one)
    shown = set(out.documents("results"))
    test_backup.restored(one, tmp_path / "empty")
    assert_level(out, one)
    found = out.documents("results")
    assert set(found) == shown and all(d["held"] for d in found.values())
    assert not any("choices" in d or "ballots" in d for d in found.values())


def test_a_node_with_little_room_gets_all(own, cluster, bridge, import_returns, data):
    """A bulk over http.max_content_length is 413, a full queue 429."""
    server = own(OpenSearch, http__max_content_length="1mb", thread_pool__write__queue_size=1,
                 thread_pool__write__size=1)
    out = Out(Index(server.url), "little")
    returns = data("vt-2020-general-precinct.csv")
    one = cluster(import_returns(returns))
    one.cast("--returns", returns)
    bridge(one, out.config())
    assert_level(out, one)
