"""Ballots out of a real broker: Vermont exact through whatever dies, dead letters exact by kind."""

import json
import re
from collections import Counter

import pytest

from casting import ballots_of_returns
from harness import ROOT, assert_same_lines, wait_until
from kafka_mock import committed_of, ends
from kafka_source import letters
from servers import have
from servers.kafka import Kafka, Topics
from servers.server import free_port

VERMONT = ROOT / "demo" / "vermont-2020-county.csv"
# Six seconds are the least that a broker takes: so long it waits for a member that was killed.
SETTINGS = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500,
            "reconnect.backoff.max.ms": 1000}


def source(name, address, topic, settings=None, **members):
    return {"name": name, "source": {"kafka": {
        "settings": {"bootstrap.servers": address, **SETTINGS, **(settings or {})},
        "topics": [topic], "group": topic, "format": "ndjson", "ballot_ids": "keys/ballot-ids.key",
        "dead_letter_topic": f"{topic}.dead"} | members}}


def key_of(one):
    return str(one.directory / "clients" / "local.key")


def total(one):
    return one.accounting()["total"]


def group_of(one, topic):
    return f"{topic}-{one.description['cluster_id'][:8]}-2"


def at_rest(one, address, topic, partitions, what, timeout=180):
    """All of the topic is final and committed."""
    def is_so():
        done = committed_of(address, group_of(one, topic), topic, partitions)
        return done == [high for _, high in ends(address, topic, partitions)]
    wait_until(is_so, timeout=timeout, every=0.5, what=what)


def value_of(ballot):
    return json.dumps({name: v for name, v in ballot.items() if name != "ballot_id"}).encode()


def messages_of(ballots):
    """(key, value, kind or None): a producer that retries, and what is to be refused."""
    for i, ballot in enumerate(ballots):
        voter, value = ballot["voter_id"].encode(), value_of(ballot)
        yield voter, value, None
        if i % 100 == 0:
            yield voter, value, None
        if i % 2000 == 1:  # its voter's other ballot, behind the first in the same partition
            yield voter, value_of(ballot | {"contests": {}}), "double_vote"
        if i % 2500 == 2:
            other = ballot | {"voter_id": f"stranger-{i}", "unit": "nowhere"}
            yield voter, value_of(other), "invalid"
        if i % 3000 == 3:
            yield voter, value[:-3], "unreadable"
        if i % 5000 == 4:
            yield voter, None, "tombstone"


def test_vermont_is_exact_through_kills_and_restarts(own, cluster, import_returns, bridge):
    election = import_returns(VERMONT)
    one = cluster(election, shards=2)
    broker = own(Kafka)
    topics = Topics(broker.address)
    topics.create("vt", partitions=6)
    topics.create("vt.dead", cleanup_policy="compact")
    ballots = ballots_of_returns(VERMONT, election)
    sent = list(messages_of(ballots))
    first, second = (bridge(one, source(name, broker.address, "vt", key=key_of(one)), start=False)
                     for name in ("a", "b"))
    first.start()

    def counted_since(number):
        wait_until(lambda: total(one)["counted"] > number, timeout=60, what="more that is counted")

    def kill_first():
        before = total(one)["counted"]
        first.kill()
        first.start()
        counted_since(before)

    def kill_broker():
        broker.kill()
        broker.start()

    part = len(sent) // 8 + 1
    after = [kill_first, second.start, kill_broker, kill_first, second.kill, second.start,
             second.stop, lambda: None]
    for i, then in enumerate(after):
        topics.produce("vt", [(key, value) for key, value, _ in sent[i * part:(i + 1) * part]],
                       **{"message.timeout.ms": 120000})
        then()
    at_rest(one, broker.address, "vt", 6, f"the end of the topic\n{first.tail()}")
    assert_same_lines(one.results_csv(), VERMONT.read_text(encoding="utf-8"))
    books = total(one)
    wanted = Counter(kind for _, _, kind in sent)
    print(wanted, books)
    assert books["counted"] == len(ballots) and books["balanced"] is True
    assert books["replayed"] >= len(ballots) // 100 and books["closed"] == 0
    found = letters((m.partition(), m.offset(), m.key(), m.value()) for m in topics.read("vt.dead"))
    assert Counter(letter["disposition"] for letter in found.values()) == \
        {kind: wanted[kind] for kind in ("double_vote", "invalid", "unreadable")}
    one.recount()


def vote(voter):
    return json.dumps({"voter_id": voter, "unit": "north-1", "method": "booth",
                       "contests": {"mayor": ["bob"]}}).encode()


def test_a_compacted_topic_is_warned_of_and_all_is_read_again_by_hand(
        topics, cluster, fixture_file, bridge):
    one = cluster(fixture_file("town.json"))
    topics.create("again", partitions=3, cleanup_policy="compact")
    topics.produce("again", [(b"%d" % i, vote(f"v{i}")) for i in range(500)])
    config = source("again", topics.address, "again", key=key_of(one))
    reads = bridge(one, config)
    at_rest(one, topics.address, "again", 3, reads.tail())
    wait_until(lambda: reads.metrics()["psephos_bridge_alarms_total"] == 1, what="the alarm")
    assert "topic again is compacted (cleanup.policy=compact)" in reads.get("/readyz")[1]
    reset = ("bridge", "reset", reads.file, "--from", "earliest", "--json")
    group = group_of(one, "again")
    assert f"a bridge reads as one of the group {group}" in one.call(*reset, check=1).stderr
    reads.stop()
    assert json.loads(one.call(*reset, check=0).stdout) == {"group": group, "partitions": 3}
    assert committed_of(topics.address, group, "again", 3) == [0, 0, 0]
    reads.start()
    at_rest(one, topics.address, "again", 3, reads.tail())
    books = total(one)
    assert (books["counted"], books["replayed"]) == (500, 500)


def test_the_end_of_a_transaction_is_no_message_that_lacks(topics, cluster, fixture_file, bridge):
    """A broker's own record stands behind the last ballot; of one that was aborted, all of it."""
    from confluent_kafka import Producer
    one = cluster(fixture_file("town.json"))
    topics.create("transactions", partitions=1)
    producer = Producer(topics.settings | {"transactional.id": "transactions-in"})
    producer.init_transactions(30)

    def transaction(voters, end):
        producer.begin_transaction()
        for voter in voters:
            producer.produce("transactions", vote(voter), voter)
        producer.flush(30)
        end(30)

    reads = bridge(one, source("transactions", topics.address, "transactions", key=key_of(one)))
    transaction(["a", "b"], producer.commit_transaction)
    at_rest(one, topics.address, "transactions", 1, "the end of a transaction", timeout=60)
    transaction(["c"], producer.commit_transaction)
    transaction(["d"], producer.abort_transaction)
    at_rest(one, topics.address, "transactions", 1, "the end of those after it", timeout=60)
    wait_until(lambda: reads.metrics()["psephos_bridge_lag_messages"] == 0, timeout=30,
               what="nothing that lacks")
    assert total(one)["counted"] == 3


class TlsKafka(Kafka):
    """With one listener more, `tls_address`, whose certificate `ca` vouches for."""

    def __init__(self, folder):
        super().__init__(folder)
        port, self.ca, key, both = free_port(), folder / "ca.pem", folder / "key", folder / "both"
        have.fetch([have.program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048",
                    "-nodes", "-keyout", key, "-out", self.ca, "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], "a certificate")
        both.write_text(key.read_text() + self.ca.read_text())
        self.tls_address = f"127.0.0.1:{port}"
        said = self.properties.read_text()
        for name in ("listeners", "advertised.listeners"):
            said = re.sub(f"(?m)^({name}=.*)$", rf"\1,TLS://{self.tls_address}", said)
        said = re.sub("(?m)^(listener.security.protocol.map=.*)$", r"\1,TLS:SSL", said)
        self.properties.write_text(said + f"""
ssl.keystore.type=PEM
ssl.keystore.location={both}
ssl.client.auth=none
""")


@pytest.fixture
def tls_broker(tmp_path):
    try:
        broker = TlsKafka(tmp_path / "tls")
    except have.Missing as missing:
        pytest.skip(str(missing))
    yield broker.start()
    broker.kill()


def test_tls_goes_through_by_the_librarys_own_settings(tls_broker, cluster, fixture_file, bridge):
    one = cluster(fixture_file("town.json"))
    topics = Topics(tls_broker.address)
    topics.create("tls", partitions=2)
    topics.produce("tls", [(b"%d" % i, vote(f"v{i}")) for i in range(50)])
    settings = {"security.protocol": "SSL"}
    reads = bridge(one, source("tls", tls_broker.tls_address, "tls", settings, key=key_of(one)))
    wait_until(lambda: "ssl.ca.location" in reads.get("/readyz")[1], timeout=30,
               what="words for a certificate that nobody vouches for")
    assert total(one)["received"] == 0
    reads.stop()
    settings["ssl.ca.location"] = str(tls_broker.ca)
    config = source("tls", tls_broker.tls_address, "tls", settings, key=key_of(one))
    reads = bridge(one, config)
    at_rest(one, tls_broker.address, "tls", 2, reads.tail())
    assert total(one)["counted"] == 50
