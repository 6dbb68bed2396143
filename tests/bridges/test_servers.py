"""What the bridges rely on, seen on the real servers; no bridge takes part."""

import pytest

from servers.kafka import PASSWORD, USER, Kafka
from servers.opensearch import Index, OpenSearch
from servers.postgres import Postgres


def test_a_message_goes_round_through_the_demos_client(topics):
    """kafka-python, which their page uses, and librdkafka see the same."""
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    name = topics.create("servers.round", partitions=3)
    producer = KafkaProducer(bootstrap_servers=topics.address)
    wanted = {}
    for i in range(300):
        key, value = b"key-%d" % i, b"value-%d" % (i * 7)
        at = producer.send(name, value, key).get(30)
        wanted[at.partition, at.offset] = (key, value)
    producer.close()
    assert {p for p, _ in wanted} == {0, 1, 2}
    consumer = KafkaConsumer(bootstrap_servers=topics.address)
    consumer.assign([TopicPartition(name, p) for p in range(3)])
    consumer.seek_to_beginning()
    found = {}
    while len(found) < len(wanted):
        for records in consumer.poll(timeout_ms=5000).values():
            found |= {(r.partition, r.offset): (r.key, r.value) for r in records}
    consumer.close()
    assert found == wanted
    assert {(m.partition(), m.offset()): (m.key(), m.value())
            for m in topics.read(name, 300)} == wanted


def test_only_what_a_transaction_committed_is_read(topics):
    from confluent_kafka import Producer
    name = topics.create("servers.transaction")
    producer = Producer(topics.settings | {"transactional.id": "servers-transaction"})
    producer.init_transactions(30)
    for value, end in ((b"kept", producer.commit_transaction),
                       (b"dropped", producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce(name, value)
        producer.flush(30)
        end(30)
    assert [m.value() for m in topics.read(name)] == [b"kept"]
    assert [m.value() for m in topics.read(name, **{"isolation.level": "read_uncommitted"})] == [
        b"kept", b"dropped"]


def test_a_second_producer_of_the_same_name_fences_the_first(topics):
    from confluent_kafka import KafkaError, KafkaException, Producer
    name = topics.create("servers.fenced")
    first, second = (Producer(topics.settings | {"transactional.id": "servers-fenced"})
                     for _ in range(2))
    first.init_transactions(30)
    first.begin_transaction()
    first.produce(name, b"first")
    first.flush(30)
    second.init_transactions(30)
    with pytest.raises(KafkaException) as fenced:
        first.commit_transaction(30)
    assert fenced.value.args[0].fatal()
    assert fenced.value.args[0].code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED,
                                           KafkaError.INVALID_PRODUCER_EPOCH)
    assert topics.read(name, timeout_s=20) == []


def test_deleted_records_are_before_the_earliest_offset(topics):
    from confluent_kafka import TopicPartition
    name = topics.create("servers.deleted")
    topics.produce(name, ((b"k", b"%d" % i) for i in range(10)))
    topics.admin.delete_records([TopicPartition(name, 0, 7)])[
        TopicPartition(name, 0, 7)].result(30)
    assert topics.bounds(name) == {0: (7, 10)}
    assert [m.value() for m in topics.read(name)] == [b"7", b"8", b"9"]


def test_a_broker_that_is_killed_has_its_messages_and_checks_passwords(own):
    from servers.kafka import Topics
    server = own(Kafka)
    topics = Topics(server.address)
    topics.produce("servers.killed", ((b"%d" % i, b"value") for i in range(1000)))
    server.kill()
    server.start()
    assert len(topics.read("servers.killed")) == 1000
    topics.settings |= {"bootstrap.servers": server.sasl_address,
                        "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256",
                        "sasl.username": USER, "sasl.password": PASSWORD}
    assert topics.produce("servers.killed", [(b"more", b"value")]) == 1
    assert len(topics.read("servers.killed")) == 1001
    with pytest.raises(AssertionError):
        topics.produce("servers.killed", [(b"no", b"value")],
                       **{"sasl.password": "wrong", "message.timeout.ms": 4000})


def document(number, votes, name="u1-a", index="servers-results"):
    return [{"index": {"_index": index, "_id": name, "version": number,
                       "version_type": "external_gte"}}, {"votes": votes}]


def statuses(answer):
    assert answer[0] == 200, answer
    return [item["index"]["status"] for item in answer[1]["items"]]


def test_an_older_version_never_replaces_a_newer_one(index):
    assert statuses(index.bulk(document(5, 10))) == [201]
    assert statuses(index.bulk(document(5, 10))) == [200]  # the same again
    assert statuses(index.bulk(document(4, 1) + document(4, 7, "u2-a"))) == [409, 201]
    assert index.documents("servers-results") == {"u1-a": {"votes": 10}, "u2-a": {"votes": 7}}
    assert index.bulk(document(6, 11))[1]["errors"] is False
    assert index.documents("servers-results")["u1-a"] == {"votes": 11}


def test_a_search_node_that_is_killed_has_documents_and_versions(own):
    server = own(OpenSearch)
    one = Index(server.url)
    assert statuses(one.bulk(document(5, 10))) == [201]
    server.kill()
    server.start()
    assert statuses(one.bulk(document(4, 1))) == [409]
    assert one.documents("servers-results") == {"u1-a": {"votes": 10}}


def test_a_database_that_is_killed_has_what_was_committed(own):
    server = own(Postgres)
    server.database("killed")
    server.sql("CREATE TABLE t (n int)", "killed")
    open_one = server.connect("killed", autocommit=False)
    open_one.cursor().execute("INSERT INTO t VALUES (2)")
    server.sql("INSERT INTO t VALUES (1)", "killed")
    server.kill()
    server.start()
    assert server.sql("SELECT n FROM t", "killed") == [(1,)]
