"""Kafka out on a real broker: one transaction a version, one writer, and what pages read."""

import http.server
import json
import os
import signal
import subprocess
import threading
import time

import jsonschema
import pytest

import test_backup
import test_report
from harness import ROOT, wait_until
from servers.kafka import Kafka, Topics

RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
SCHEMAS = {path.name.removesuffix(".schema.json"): json.loads(path.read_text())
           for path in (ROOT / "bridge" / "schemas").glob("*.schema.json")}
CANDIDATES, TURNOUT = "aggregated_votes_per_candidate", "aggregated_turnout_by_location"
RESULTS = "psephos.results"
BACK = 2000  # records: more than a version has here


class Out:
    """Topics of one test, whose names end in its own word."""

    def __init__(self, topics, word):
        self.topics, self.word, self.checked = topics, word, 0
        self.contest, self.level = "president", "county"
        self.results, self.candidates, self.turnout = (
            f"{name}.{word}" for name in (RESULTS, CANDIDATES, TURNOUT))

    def config(self, name=None, **more):
        return {"name": name or self.word, "sink": {"kafka": {
            "settings": {"bootstrap.servers": self.topics.address}, "results_topic": self.results,
            "contest": self.contest, "level": self.level, "candidates_topic": self.candidates,
            "turnout_topic": self.turnout} | more}}

    def check(self, topic, value):
        """Against its schema; of thousands every hundredth."""
        self.checked += 1
        if self.checked < 500 or self.checked % 100 == 0:
            jsonschema.validate(value, SCHEMAS[topic.removesuffix("." + self.word)])

    def records(self, topic, **settings):
        """[(key, value or None)], each as its schema says."""
        found = []
        if topic not in self.topics.admin.list_topics(timeout=30).topics:
            return found  # to ask for it by name would make it
        for message in self.topics.read(topic, **settings):
            value = json.loads(message.value()) if message.value() else None
            if value is not None:
                self.check(topic, value)
            found.append((message.key().decode(), value))
        return found

    def held(self):
        """The places of the shards that the newest record of the results says: of its end."""
        from confluent_kafka import Consumer, TopicPartition
        if self.results not in self.topics.admin.list_topics(timeout=30).topics:
            return None
        end = self.topics.bounds(self.results)[0][1]
        consumer = Consumer(self.topics.settings | {
            "group.id": "psephos-tests", "isolation.level": "read_committed",
            "enable.partition.eof": True, "enable.auto.commit": False})
        newest = None
        try:
            consumer.assign([TopicPartition(self.results, 0, max(0, end - BACK))])
            while (message := consumer.poll(30)) is not None and not message.error():
                if message.key() == b"version":
                    newest = json.loads(message.value())
        finally:
            consumer.close()
        return newest and newest["version"]["shards"]

    def is_level(self, cluster):
        return self.held() == cluster.get_json("/api/v1/election")["version"]["shards"]


@pytest.fixture
def out(topics, request):
    return Out(topics, request.node.name.removeprefix("test_")[:28].strip("_").replace("_", "-"))


def follows(out, cluster):
    wait_until(lambda: out.is_level(cluster), timeout=60, every=0.3, what="the topic is level")


def rows_of_api(cluster):
    """{key: the line} of all results that are shown."""
    lines = cluster.get("/api/v1/changes?kind=result")[2].decode().splitlines()[:-1]
    return {f"{r['contest']}/{r['unit']}/{r['method'] or ''}": r
            for r in map(json.loads, lines) if r["choices"] is not None}


def assert_level(out, cluster):
    """All three topics against the API, at rest."""
    follows(out, cluster)
    newest = dict(out.records(out.results))
    end = newest.pop("version")
    for row in newest.values():
        if row:
            assert row.pop("version")["number"] <= end["version"]["number"]
            row.pop("as_of")
            row.pop("decreased", None)
    assert {key: row for key, row in newest.items() if row} == rows_of_api(cluster)
    result = cluster.get_json(f"/api/v1/results?contest={out.contest}")["results"][0]
    wanted = {c["candidate"]: c["votes"] for c in result["candidates"] or []}
    # What an aborted transaction left is gone, too: a page may read without isolation.
    sets = out.records(out.candidates, **{"isolation.level": "read_uncommitted"})
    assert len(sets) == len(dict(sets))
    assert {k: v["total_votes"] for k, v in sets if k in wanted} == wanted
    # No blank and spoiled papers.
    assert sum(v["total_votes"] for _, v in sets) == (result["valid"] or 0)
    places = out.records(out.turnout, **{"isolation.level": "read_uncommitted"})
    assert len(places) == len(dict(places))
    assert {k: v["count"] for k, v in places} == {
        t["unit_name"]: t["ballots_counted"]
        for t in cluster.get_json(f"/api/v1/turnout?level={out.level}&limit=1000")["turnout"]}


def assert_never_backwards(out):
    """Of all versions that were ever committed and not compacted since."""
    last = {}
    for key, value in out.records(out.results):
        if value:
            assert value["version"]["number"] >= last.get(key, 0), key
            last[key] = value["version"]["number"]


def test_topics_have_what_is_shown(out, cluster, bridge, import_returns):
    one = cluster(import_returns(RETURNS))
    bridge(one, out.config())
    follows(out, one)  # before the first ballot: a page fails on an empty topic
    first = dict(out.records(out.candidates))
    assert len(first) > 2 and {v["total_votes"] for v in first.values()} == {0}
    assert len(out.records(out.turnout)) == 14
    one.cast("--returns", RETURNS)
    assert_level(out, one)
    described = {topic: out.topics.bounds(topic) for topic in (out.candidates, out.turnout)}
    assert all(list(bounds) == [0] and bounds[0][0] > 0 for bounds in described.values())
    from kafka import KafkaConsumer  # their pages' client: no record of a transaction's end
    consumer = KafkaConsumer(out.candidates, bootstrap_servers=out.topics.address,
                             auto_offset_reset="earliest")
    try:
        found = []
        wait_until(lambda: found.extend(
            r for records in consumer.poll(timeout_ms=1000).values() for r in records)
            or len(found) >= len(first), timeout=30, what="records for kafka-python")
        assert {r.key.decode() for r in found} == set(first)
    finally:
        consumer.close()


def test_a_bridge_that_is_killed_goes_on(out, cluster, bridge, import_returns):
    one = cluster(import_returns(RETURNS))
    door = bridge(one, out.config())
    cast = threading.Thread(target=one.cast, args=("--returns", RETURNS, "--rate", "20000"))
    cast.start()
    kills = 0
    while cast.is_alive() or kills < 5:
        before = out.held()
        wait_until(lambda: out.held() != before or not cast.is_alive(), timeout=30, every=0.1,
                   what="a version more")
        door.kill()
        kills += 1
        door.start()
    cast.join()
    assert_level(out, one)
    assert_never_backwards(out)


def test_an_old_bridge_that_wakes_up_ends_with_words(out, cluster, bridge, import_returns):
    one = cluster(import_returns(RETURNS))
    old, new = bridge(one, out.config()), bridge(one, out.config(), start=False)
    cast = threading.Thread(target=one.cast, args=("--returns", RETURNS, "--rate", "40000"))
    cast.start()
    try:
        wait_until(lambda: old.metrics()["psephos_bridge_written_versions_total"] > 3, timeout=60,
                   what="versions by the old one")
        os.kill(old.pid, signal.SIGSTOP)
        new.start()
    finally:
        cast.join()
    assert_level(out, one)
    before = out.topics.bounds(out.results)
    os.kill(old.pid, signal.SIGCONT)
    wait_until(lambda: old.process.poll() is not None, timeout=60, what="the old one's end")
    assert old.process.returncode == 1
    assert "another bridge of this name has taken over" in old.said()
    assert_never_backwards(out)
    assert_level(out, one)
    # Of the old one there is at most the end of a transaction that was not committed.
    assert out.topics.bounds(out.results)[0][1] - before[0][1] <= 1


def test_a_bridge_of_another_name_leaves_the_topic_alone(out, cluster, bridge, import_returns):
    one = cluster(import_returns(RETURNS))
    first = bridge(one, out.config("first"))
    follows(out, one)
    before = out.topics.bounds(out.results)
    second = bridge(one, out.config("second"), start=False)
    assert run_to_its_end(second) == 1
    assert 'written by the bridge "first"' in second.log.read_text(), second.tail()
    assert out.topics.bounds(out.results) == before
    one.cast("--returns", RETURNS)
    assert_level(out, one)
    first.stop()


class Holding(http.server.BaseHTTPRequestHandler):
    """A collector that has the cluster's rows, and of what changed says that it is held."""

    cluster, contest = None, None

    def do_GET(self):
        status, _, body = self.cluster.get(self.path.replace("wait=30", "wait=0"))
        if "since=" in self.path:
            status, _, body = self.cluster.get("/api/v1/changes")
            *rows, end = body.decode().splitlines()
            rows = [json.loads(row) for row in rows]
            held = {"choices": None, "ballots": None, "undervotes": None, "overvotes": None}
            body = "".join(json.dumps(row | held) + "\n" for row in rows
                           if row["kind"] == "result" and row["contest"] == self.contest)
            body = (body + end + "\n").encode()
            time.sleep(0.5)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_set_of_which_all_is_held_by_now_leaves_an_empty_topic(out, cluster, bridge,
                                                                 import_returns):
    one = cluster(import_returns(RETURNS))
    one.cast("--returns", RETURNS)
    handler = type("Handler", (Holding,), {"cluster": one, "contest": out.contest})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        bridge(one, out.config() | {"api": [f"http://127.0.0.1:{server.server_address[1]}"]})
        wait_until(lambda: out.candidates in out.topics.admin.list_topics(timeout=30).topics
                   and out.topics.bounds(out.candidates)[0][0] > 0
                   and out.records(out.candidates) == [], timeout=60, what="an empty topic")
    finally:
        server.shutdown()
        server.server_close()


def test_a_restore_is_followed_downwards(out, cluster, bridge, tmp_path):
    """Held again is no zero: its records go, from the sets by deletion, else by a tombstone."""
    path = test_report.telling.Telling("reports", "immediate").write(tmp_path)
    out.contest = "mayor"
    one = cluster(path)
    test_backup.backup(one, tmp_path / "empty")
    bridge(one, out.config())
    follows(out, one)
    assert out.records(out.candidates) == []  # nothing was reported
    test_report.cast(one, 20)
    test_report.report(one, "--all")
    wait_until(lambda: len(out.records(out.candidates)) == 2, timeout=60, what="the first set")
    assert_level(out, one)
    test_backup.restored(one, tmp_path / "empty")
    assert_level(out, one)
    assert out.records(out.candidates) == [] and rows_of_api(one) == {}
    tombs = {key for key, value in dict(out.records(out.results)).items() if value is None}
    assert "mayor/us/" in tombs and "version" not in tombs
    assert {v["count"] for v in dict(out.records(out.turnout)).values()} == {0}


@pytest.mark.parametrize("which, partitions, policy, words", [
    ("candidates", 3, "delete", "has 3 partitions, and must have 1"),
    ("turnout", 1, "compact", "cleanup.policy is compact, and must be delete"),
    ("results", 1, "delete", "cleanup.policy is delete, and must be compact"),
])
def test_a_topic_that_cannot_do_it_is_refused(out, cluster, bridge, import_returns, which,
                                              partitions, policy, words):
    out.word = f"{which}-{out.word}"[:28].strip("-")
    out = Out(out.topics, out.word)
    one = cluster(import_returns(RETURNS))
    out.topics.create(getattr(out, which), partitions, cleanup_policy=policy)
    door = bridge(one, out.config(), start=False)
    done = run_to_its_end(door)
    assert done == 1 and words in door.log.read_text(), door.tail()


def run_to_its_end(door, timeout_s=60):
    """The exit code of a bridge that does not stay."""
    with open(door.log, "ab") as log:
        door.begun_at = log.tell()
        return subprocess.run([str(part) for part in door.command()], cwd=door.folder,
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                              timeout=timeout_s, check=False).returncode


def test_a_broker_that_is_away_costs_nobody_anything(own, cluster, bridge, import_returns):
    server = own(Kafka)
    out = Out(Topics(server.address), "away")
    one = cluster(import_returns(RETURNS))
    door = bridge(one, out.config())
    follows(out, one)
    server.kill()
    one.cast("--returns", RETURNS)
    begun = time.monotonic()
    assert door.get("/healthz")[0] == 200
    server.start()
    assert_level(out, one)
    print(f"level {time.monotonic() - begun:.1f} s after the broker was started")
    assert_never_backwards(out)
