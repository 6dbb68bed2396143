"""Ballots out of Kafka: each once, refused ones to the dead-letter topic, nothing unasked."""

import http.server
import json
import os
import threading
import time
from contextlib import contextmanager

import pytest

from harness import SLOWER, run_psephos, wait_until
from kafka_mock import Mock, Producer, committed_of, ends, read
from kafka_source import Source, ended, letters

PARTITIONS = 3


@pytest.fixture
def broker():
    mock = Mock()
    mock.topic("votes", PARTITIONS)
    mock.topic("dead", 1)
    yield mock
    mock.close()


@contextmanager
def producing(broker):
    producer = Producer(broker.bootstrap)
    try:
        yield producer
    finally:
        producer.close()


def vote(voter, **members):
    """A ballot of the fixture town.json, without an ID."""
    return json.dumps({"voter_id": voter, "unit": "north-1", "method": "booth",
                       "contests": {"mayor": ["bob"]}} | members).encode()


def group_of(one, epochs):
    """No other cluster's, not that of a rehearsal on the same topic either."""
    return f"count-{one.description['cluster_id'][:8]}-{epochs}"


def at_rest(source, broker, epochs=2):
    """All of the topic is final and committed."""
    group = group_of(source.one, epochs)
    wait_until(lambda: committed_of(broker.bootstrap, group, "votes", PARTITIONS)
               == [high for _, high in ends(broker.bootstrap, "votes", PARTITIONS)],
               timeout=90 * SLOWER, every=0.2,
               what=f"the end of the topic\n{source.log.read_text()}\n{source.metrics()}")


def total(one):
    return one.accounting()["total"]


GOOD, AGAIN, ELSEWHERE = 1500, 200, 50


def send_all(producer):
    """Good ballots, some twice (also in another partition), and what is to be refused."""
    for i in range(GOOD):
        voter = f"good-{i}"
        producer.send("votes", vote(voter), voter.encode())
        if i < AGAIN:
            producer.send("votes", vote(voter), voter.encode())
        if i < ELSEWHERE:
            for partition in range(PARTITIONS):
                producer.send("votes", vote(voter), voter.encode(), partition)
    for i in range(20):  # its voter's first ballot stands before it in the same partition
        voter = f"good-{100 + i}"
        producer.send("votes", vote(voter, contests={}), voter.encode())
    for i in range(15):
        producer.send("votes", vote(f"invalid-{i}", unit="nort"), b"invalid")
    for i in range(10):
        producer.send("votes", b'{"voter_id": "unreadable-%d", ' % i, b"unreadable")
    for _ in range(5):
        producer.send("votes", None, b"good-1")
    producer.flush()


def refused_of(messages):
    """{(topic, partition, offset): disposition} that the dead letters must be."""
    wanted = {}
    for partition, offset, _, value in messages:
        ballot = (value or b"").decode()
        kind = ("unreadable" if "unreadable" in ballot else "invalid" if "invalid" in ballot
                else "double_vote" if '"contests": {}' in ballot else None)
        if kind:
            wanted["votes", partition, offset] = kind
    assert len(wanted) == 45
    return wanted


def dispositions(broker):
    found = letters(read(broker.bootstrap, "dead"))
    for letter in found.values():  # of the ballot nothing is told
        assert set(letter) == {"format", "topic", "partition", "offset", "time", "disposition",
                               "reason"}
        assert not any(word in str(letter) for word in ("good-", "nort", "late"))
    return {place: letter["disposition"] for place, letter in found.items()}


@contextmanager
def collector(one):
    """(URL, lie): it says what the cluster's does, but for what `lie` has: epochs that are so much
    higher, another state."""
    lie = {}

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = one.get_json(self.path)
            for shard in answer["version"]["shards"]:
                shard["epoch"] += lie.get("epochs", 0)
            answer["election"]["state"] = lie.get("state", answer["election"]["state"])
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", lie
    finally:
        server.shutdown()
        server.server_close()


LARGE = 12


def push_out(broker, partition, source):
    """The partition's first messages are deleted, which keeps 5 MB; each large one is read."""
    received = source.metrics()["received_total"]
    with producing(broker) as producer:
        for i in range(LARGE):
            producer.send("votes", b"x" * 500000, None, partition)
            producer.flush()
            source.wait_metric("received_total", received + i + 1)


def test_each_message_counts_once_and_dead_letters_are_exact(cluster, fixture_file, broker):
    one = cluster(fixture_file("town.json"), up_options=["--closed"])
    with producing(broker) as producer:
        send_all(producer)
    with collector(one) as (api, lie):
        source = Source(one, broker.bootstrap, "votes", api=api)
        with ended(source):
            count_once(one, broker, source)
            read_again(one, broker, source, lie)
            pause_until_closed(one, broker, source, lie)
            reset_is_refused(one, source)
            source.stop()


def count_once(one, broker, source):
    source.start().wait_state("waiting", "the election is new: nothing is cast before it is open")
    assert source.metrics()["received_total"] == 0 and total(one)["received"] == 0
    one.call("open", check=0)
    at_rest(source, broker)
    source.wait_state("taking")
    assert dispositions(broker) == refused_of(read(broker.bootstrap, "votes", PARTITIONS))
    books = total(one)
    again = AGAIN + ELSEWHERE * PARTITIONS
    assert (books["counted"], books["replayed"]) == (GOOD, again)
    assert (books["double_vote"], books["invalid"], books["closed"]) == (20, 15, 0)
    metrics = source.metrics()
    assert metrics["received_total"] == GOOD + again + 50
    assert metrics["skipped_total"] == 5 and metrics["letters_total"] == 45
    assert metrics['rejected_total{reason="invalid"}'] == 15
    assert metrics["lag_messages"] == 0 and metrics["alarms_total"] == 0


def read_again(one, broker, source, lie):
    """After a restore all that is still there is read again, by another group."""
    refused = refused_of(read(broker.bootstrap, "votes", PARTITIONS))
    push_out(broker, 0, source)
    at_rest(source, broker)
    low, _ = ends(broker.bootstrap, "votes", PARTITIONS)[0]
    assert low > 0 and source.metrics()["alarms_total"] == 0
    lie["epochs"] = 2
    at_rest(source, broker, 6)
    source.wait_state("taking", f"votes [0] begins at offset {low}, and this group has read "
                      "nothing")
    assert source.ready()["ready"] is True and source.metrics()["alarms_total"] == 1
    assert total(one)["counted"] == GOOD  # no ballot of the others was new
    found = dispositions(broker)  # each still stands once by its key
    assert {place: kind for place, kind in found.items() if place in refused} == refused
    assert len(found) == 45 + LARGE


def pause_until_closed(one, broker, source, lie):
    """A verdict `closed` while the collector says open: an alarm, and nothing more is cast."""
    lie["state"] = "open"
    one.call("close", check=0)
    received = source.metrics()["received_total"]
    with producing(broker) as producer:
        producer.send("votes", vote("late"), b"late")
        producer.flush()
        source.wait_state("paused", "got the verdict closed")
        for i in range(40):
            producer.send("votes", vote(f"late-{i}"), b"late")
        producer.flush()
        source.wait_metric("alarms_total", 2)
        time.sleep(0.5)  # it would have read them
        assert source.metrics()["received_total"] == received + 1
        assert source.ready()["state"] == "paused"
        del lie["state"]
        source.wait_state("taking")
        at_rest(source, broker, 6)
    assert total(one)["closed"] == 41
    assert list(dispositions(broker).values()).count("closed") == 41


def reset_is_refused(one, source):
    """While a bridge reads; tests/bridges does it without one."""
    done = one.call("bridge", "reset", source.path, "--from", "earliest", check=1)
    group = group_of(one, 6)
    assert f"psephos bridge reset: a bridge reads as one of the group {group}" in done.stderr


CHUNK = 700


def test_it_is_exact_through_kills_and_a_second_bridge(cluster, fixture_file, broker):
    one = cluster(fixture_file("town.json"))
    first, second = (Source(one, broker.bootstrap, "votes", name=name) for name in ("a", "b"))
    sent = 0
    with ended(first, second), producing(broker) as producer:
        def more(ballots=CHUNK):
            nonlocal sent
            for i in range(sent, sent + ballots):
                voter = f"v{i}"
                producer.send("votes", vote(voter) if i % 50 else b"unreadable", voter.encode())
            producer.flush()
            sent += ballots

        def counts(source):
            """It has partitions, and is in the middle of them: more comes until it counts."""
            def counted():
                return source.metrics().get("counted_total", 0)
            before = counted()
            wait_until(lambda: more(100) or counted() > before, timeout=60 * SLOWER,
                       what=f"{source.name} counts\n{source.log.read_text()}")

        first.start()
        while True:  # until a kill has met ballots that were not committed yet
            more()
            counts(first)
            first.kill()
            first.start()
            if not second.running():
                second.start()
            more()
            at_rest(first, broker)
            if total(one)["replayed"] > 0:
                break
        counts(second)  # it has partitions of its own
        more()
        second.stop()
        more()
        at_rest(first, broker)
        books = total(one)
        bad = len(range(0, sent, 50))
        assert books["counted"] == sent - bad and books["replayed"] > 0
        assert books["double_vote"] == books["invalid"] == books["closed"] == 0
        found = dispositions(broker)
        assert len(found) == bad and set(found.values()) == {"unreadable"}
        first.stop()


def refuse(one, source, *words):
    source.start()
    assert source.process.wait(20 * SLOWER) == 1
    said = source.log.read_text()
    for word in words:
        assert word in said, said
    source.log.unlink()


def test_what_cannot_work_is_refused_before_anything_is_read(cluster, fixture_file):
    one = cluster(fixture_file("town.json"), shards=1)
    nowhere = "127.0.0.1:1"
    missing = one.directory / "none.key"
    refuse(one, Source(one, nowhere, "votes", ballot_ids=str(missing)),
           f"{missing} is missing", "The bridge makes none", "double votes")
    assert not missing.exists()
    missing.write_text("00" * 32 + "\n")
    os.chmod(missing, 0o644)
    refuse(one, Source(one, nowhere, "votes", ballot_ids=str(missing)), "must have mode 0600")
    refuse(one, Source(one, nowhere, "votes", settings={"group.id": "mine"}),
           '"group.id" is set by the bridge', '"group" beside it')
    refuse(one, Source(one, nowhere, "votes", settings={"auto.offset.reset": "latest"}),
           '"auto.offset.reset" is set by the bridge')
    refuse(one, Source(one, nowhere, "votes", settings={"bootstrap.sever": "x"}),
           'has no setting "bootstrap.sever"')
    refuse(one, Source(one, nowhere, "votes", settings={"sasl.password_file": str(missing)}),
           "a file with a password must have mode 0600")
    refuse(one, Source(one, nowhere, "votes", key=str(one.directory / "no.key")), "no.key")
    done = run_psephos("bridge", "reset", Source(one, nowhere, "votes").path, "--from", "latest",
                       "--dir", one.directory, check=2)
    assert "earliest" in done.stderr
