"""Kafka without a broker: librdkafka's mock cluster in this process, and a small client of it.

The client also speaks to real brokers. Nothing but the library itself is needed (ctypes): the
bridge that is tested has it, too.
"""

import ctypes
import ctypes.util
import time

LIBRARY = ctypes.CDLL(ctypes.util.find_library("rdkafka") or "librdkafka.so.1")
PRODUCER, CONSUMER = 0, 1
COPY, BLOCK = 2, 4
PURGE_QUEUE = 1
OFFSET_BEGINNING = -2
UNASSIGNED = -1


class Message(ctypes.Structure):
    _fields_ = [("err", ctypes.c_int), ("rkt", ctypes.c_void_p), ("partition", ctypes.c_int32),
                ("payload", ctypes.c_void_p), ("len", ctypes.c_size_t),
                ("key", ctypes.c_void_p), ("key_len", ctypes.c_size_t),
                ("offset", ctypes.c_int64), ("private", ctypes.c_void_p)]


class TopicPartition(ctypes.Structure):
    _fields_ = [("topic", ctypes.c_char_p), ("partition", ctypes.c_int32),
                ("offset", ctypes.c_int64), ("metadata", ctypes.c_void_p),
                ("metadata_size", ctypes.c_size_t), ("opaque", ctypes.c_void_p),
                ("err", ctypes.c_int), ("private", ctypes.c_void_p)]


class TopicPartitionList(ctypes.Structure):
    _fields_ = [("cnt", ctypes.c_int), ("size", ctypes.c_int),
                ("elems", ctypes.POINTER(TopicPartition))]


def declare(name, result, *arguments):
    function = getattr(LIBRARY, name)
    function.restype, function.argtypes = result, arguments
    return function


P, S, I, L, Z = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int64,
                 ctypes.c_size_t)
LIST = ctypes.POINTER(TopicPartitionList)
conf_new = declare("rd_kafka_conf_new", P)
conf_set = declare("rd_kafka_conf_set", I, P, S, S, S, Z)
new = declare("rd_kafka_new", P, I, P, S, Z)
destroy = declare("rd_kafka_destroy", None, P)
topic_new = declare("rd_kafka_topic_new", P, P, S, P)
topic_destroy = declare("rd_kafka_topic_destroy", None, P)
topic_name = declare("rd_kafka_topic_name", S, P)
produce = declare("rd_kafka_produce", I, P, ctypes.c_int32, I, P, Z, S, Z, P)
poll = declare("rd_kafka_poll", I, P, I)
flush = declare("rd_kafka_flush", I, P, I)
list_new = declare("rd_kafka_topic_partition_list_new", LIST, I)
list_add = declare("rd_kafka_topic_partition_list_add", ctypes.POINTER(TopicPartition), LIST, S,
                   ctypes.c_int32)
list_destroy = declare("rd_kafka_topic_partition_list_destroy", None, LIST)
assign = declare("rd_kafka_assign", I, P, LIST)
committed = declare("rd_kafka_committed", I, P, LIST, I)
consumer_poll = declare("rd_kafka_consumer_poll", ctypes.POINTER(Message), P, I)
message_destroy = declare("rd_kafka_message_destroy", None, ctypes.POINTER(Message))
query = declare("rd_kafka_query_watermark_offsets", I, P, S, ctypes.c_int32,
                ctypes.POINTER(L), ctypes.POINTER(L), I)
mock_new = declare("rd_kafka_mock_cluster_new", P, P, I)
mock_destroy = declare("rd_kafka_mock_cluster_destroy", None, P)
mock_bootstraps = declare("rd_kafka_mock_cluster_bootstraps", S, P)
mock_topic = declare("rd_kafka_mock_topic_create", I, P, S, I, I)
mock_down = declare("rd_kafka_mock_broker_set_down", I, P, ctypes.c_int32)
mock_up = declare("rd_kafka_mock_broker_set_up", I, P, ctypes.c_int32)
mock_errors = declare("rd_kafka_mock_push_request_errors_array", None, P, ctypes.c_int16, Z,
                      ctypes.POINTER(I))
mock_topic_error = declare("rd_kafka_mock_topic_set_error", None, P, S, I)


def client(kind, **settings):
    error = ctypes.create_string_buffer(512)
    conf = conf_new()
    conf_set(conf, b"log_level", b"2", error, 512)
    for name, value in settings.items():
        assert conf_set(conf, name.replace("_", ".").encode(), str(value).encode(), error, 512) \
            == 0, error.value
    made = new(kind, conf, error, 512)
    assert made, error.value
    return made


class Mock:
    """A cluster of `brokers`; `bootstrap` is its address. close() ends it."""

    def __init__(self, brokers=1):
        self.host = client(PRODUCER)
        self.cluster = mock_new(self.host, brokers)
        assert self.cluster
        self.bootstrap = mock_bootstraps(self.cluster).decode()

    def topic(self, name, partitions=1):
        assert mock_topic(self.cluster, name.encode(), partitions, 1) == 0

    def fail(self, request, *errors):
        """The next requests of a kind (0: Produce) are answered with these error codes."""
        mock_errors(self.cluster, request, len(errors), (I * len(errors))(*errors))

    def down(self, broker=1):
        assert mock_down(self.cluster, broker) == 0

    def up(self, broker=1):
        assert mock_up(self.cluster, broker) == 0

    def close(self):
        mock_destroy(self.cluster)
        destroy(self.host)


class Producer:
    """Whole when closed."""

    def __init__(self, bootstrap, **settings):
        self.kafka = client(PRODUCER, bootstrap_servers=bootstrap, linger_ms=5, **settings)
        self.topics = {}

    def send(self, topic, value, key=None, partition=UNASSIGNED):
        handle = self.topics.get(topic)
        if handle is None:
            handle = self.topics[topic] = topic_new(self.kafka, topic.encode(), None)
        while produce(handle, partition, COPY, value, len(value or b""), key, len(key or b""),
                      None) != 0:
            poll(self.kafka, 20)

    def flush(self):
        assert flush(self.kafka, 60000) == 0

    def close(self):
        self.flush()
        for handle in self.topics.values():
            topic_destroy(handle)
        destroy(self.kafka)


def ends(bootstrap, topic, partitions, **settings):
    """[(earliest offset, next offset)] of each partition."""
    kafka = client(CONSUMER, bootstrap_servers=bootstrap, group_id="looks", **settings)
    found = []
    for partition in range(partitions):
        low, high = L(), L()
        assert query(kafka, topic.encode(), partition, low, high, 10000) == 0
        found.append((low.value, high.value))
    destroy(kafka)
    return found


def read(bootstrap, topic, partitions=1, timeout=20, **settings):
    """All that stands in the topic now: [(partition, offset, key, value)]."""
    until = [high for _, high in ends(bootstrap, topic, partitions, **settings)]
    kafka = client(CONSUMER, bootstrap_servers=bootstrap, group_id="looks",
                   enable_auto_commit="false", fetch_wait_max_ms=50, **settings)
    wanted = list_new(partitions)
    for partition in range(partitions):
        list_add(wanted, topic.encode(), partition).contents.offset = OFFSET_BEGINNING
    assign(kafka, wanted)
    found, left = [], {p for p in range(partitions) if until[p] > 0}
    end = time.monotonic() + timeout
    while left:
        assert time.monotonic() < end, (topic, left)
        message = consumer_poll(kafka, 100)
        if not message:
            continue
        one = message.contents
        if one.err == 0:
            found.append((one.partition, one.offset,
                          ctypes.string_at(one.key, one.key_len) if one.key else None,
                          ctypes.string_at(one.payload, one.len) if one.payload else None))
            if one.offset + 1 >= until[one.partition]:
                left.discard(one.partition)
        message_destroy(message)
    list_destroy(wanted)
    destroy(kafka)
    return found


def committed_of(bootstrap, group, topic, partitions, **settings):
    """What the group has committed of each partition; negative: nothing."""
    kafka = client(CONSUMER, bootstrap_servers=bootstrap, group_id=group, **settings)
    wanted = list_new(partitions)
    for partition in range(partitions):
        list_add(wanted, topic.encode(), partition)
    assert committed(kafka, wanted, 10000) == 0
    found = [wanted.contents.elems[i].offset for i in range(partitions)]
    list_destroy(wanted)
    destroy(kafka)
    return found
