"""librdkafka's mock cluster, in this process and for any other: one broker on a free port."""

import ctypes

LIBRARY = "librdkafka.so.1"
PRODUCER, CONSUMER, BEGINNING = 0, 1, -2


class Message(ctypes.Structure):
    _fields_ = [("err", ctypes.c_int), ("topic", ctypes.c_void_p), ("partition", ctypes.c_int32),
                ("payload", ctypes.c_void_p), ("len", ctypes.c_size_t), ("key", ctypes.c_void_p),
                ("key_len", ctypes.c_size_t), ("offset", ctypes.c_int64)]


def load():
    library = ctypes.CDLL(LIBRARY)
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new",
                 "rd_kafka_topic_partition_list_new", "rd_kafka_topic_partition_list_add",
                 "rd_kafka_topic_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_consumer_poll.restype = ctypes.POINTER(Message)
    library.rd_kafka_produce.argtypes = [
        ctypes.c_void_p, ctypes.c_int32, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t,
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]
    return library


class MockKafka:
    def __init__(self):
        self.library = load()
        self.client = self.make(PRODUCER)
        self.cluster = self.library.rd_kafka_mock_cluster_new(ctypes.c_void_p(self.client), 1)
        self.brokers = self.library.rd_kafka_mock_cluster_bootstraps(
            ctypes.c_void_p(self.cluster)).decode()

    def make(self, kind, **settings):
        error = ctypes.create_string_buffer(512)
        conf = ctypes.c_void_p(self.library.rd_kafka_conf_new())
        for name, value in settings.items():
            assert self.library.rd_kafka_conf_set(
                conf, name.replace("_", ".").encode(), value.encode(), error, 512) == 0, error.value
        client = self.library.rd_kafka_new(kind, conf, error, ctypes.c_size_t(512))
        assert client, error.value
        return client

    def topic(self, name, partitions):
        assert self.library.rd_kafka_mock_topic_create(
            ctypes.c_void_p(self.cluster), name.encode(), partitions, 1) == 0

    def send(self, topic, key, value):
        client = ctypes.c_void_p(self.make(PRODUCER, bootstrap_servers=self.brokers))
        handle = ctypes.c_void_p(self.library.rd_kafka_topic_new(client, topic.encode(), None))
        assert self.library.rd_kafka_produce(handle, -1, 2, value, len(value), key, len(key),
                                             None) == 0
        assert self.library.rd_kafka_flush(client, 10000) == 0
        self.library.rd_kafka_topic_destroy(handle)
        self.library.rd_kafka_destroy(client)

    def messages(self, topic, partitions, n):
        """The first n (key, value, partition) of a topic; it is an error when fewer come."""
        client = ctypes.c_void_p(self.make(CONSUMER, bootstrap_servers=self.brokers,
                                           group_id="test"))
        parts = ctypes.c_void_p(self.library.rd_kafka_topic_partition_list_new(partitions))
        for partition in range(partitions):
            self.library.rd_kafka_topic_partition_list_add(parts, topic.encode(), partition)
            self.library.rd_kafka_topic_partition_list_set_offset(
                parts, topic.encode(), partition, ctypes.c_int64(BEGINNING))
        assert self.library.rd_kafka_assign(client, parts) == 0
        found = []
        while len(found) < n:
            message = self.library.rd_kafka_consumer_poll(client, 10000)
            assert message, f"{len(found)} of {n} messages came"
            about = message.contents
            assert about.err == 0, about.err
            found.append((ctypes.string_at(about.key, about.key_len),
                          ctypes.string_at(about.payload, about.len), about.partition))
            self.library.rd_kafka_message_destroy(message)
        self.library.rd_kafka_topic_partition_list_destroy(parts)
        self.library.rd_kafka_destroy(client)
        return found

    def end(self):
        self.library.rd_kafka_mock_cluster_destroy(ctypes.c_void_p(self.cluster))
        self.library.rd_kafka_destroy(ctypes.c_void_p(self.client))
