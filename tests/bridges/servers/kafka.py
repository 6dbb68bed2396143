"""One Kafka 4 broker (KRaft), out of its jars.

It has two listeners on 127.0.0.1: `address`, without any check, and `sasl_address`
(SASL_PLAINTEXT, SCRAM-SHA-256, USER and PASSWORD). Topics are made with one partition when
somebody asks for them. Data survives kill() and start().
"""

import base64
import subprocess
import time
import uuid

from servers import have
from servers.server import Broken, Server, free_port

USER, PASSWORD = "psephos", "only-for-tests"
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
listeners=PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{control}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.sasl.scram-sha-256.sasl.jaas.config={jaas} required;
log.dirs={data}
num.partitions=1
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.hours=-1
{more}
"""
JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule"
LOG4J = """\
Configuration:
  status: WARN
  Appenders:
    Console: { name: OUT, PatternLayout: { pattern: "[%d] %p %m (%c)%n" } }
  Loggers:
    Root: { level: INFO, AppenderRef: { ref: OUT } }
"""


def cluster_id():
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


class Kafka(Server):
    name = "Kafka"

    def __init__(self, folder, heap="768m", **settings):
        super().__init__(folder)
        java = have.program("java", "openjdk-17-jdk-headless")
        (self.folder / "log4j2.yaml").write_text(LOG4J)
        self.java = [java, f"-Xmx{heap}", "-Xms128m", "-XX:+UseG1GC",
                     f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}",
                     "-cp", have.java("kafka")]
        port, sasl, control = free_port(), free_port(), free_port()
        self.address, self.sasl_address = f"127.0.0.1:{port}", f"127.0.0.1:{sasl}"
        self.properties = self.folder / "server.properties"
        self.properties.write_text(PROPERTIES.format(
            port=port, sasl=sasl, control=control, data=self.folder / "data", jaas=JAAS,
            more="\n".join(f"{key.replace('_', '.')}={value}" for key, value in settings.items())))
        self.format()

    def format(self):
        done = subprocess.run(
            [*self.java, "kafka.tools.StorageTool", "format", "-t", cluster_id(), "-c",
             self.properties, "--add-scram",
             f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90, check=False)
        if done.returncode:
            raise Broken(f"Kafka's folder was not made: {done.stdout[-800:]}{done.stderr[-800:]}")

    def command(self):
        return [*self.java, "kafka.Kafka", self.properties]

    def is_ready(self):
        return "Kafka Server started" in self.said()


class Topics:
    """What tests do with a broker, through Confluent's client; `address` is a broker's."""

    def __init__(self, address):
        from confluent_kafka.admin import AdminClient
        self.address = address
        # A broker that is killed is meant to be: no words about it on stderr.
        self.settings = {"bootstrap.servers": address, "log_level": 2}
        self.admin = AdminClient(self.settings)

    def create(self, name, partitions=1, **config):
        """`config`: cleanup_policy="compact" ..."""
        from confluent_kafka.admin import NewTopic
        topic = NewTopic(name, partitions, 1,
                         config={key.replace("_", "."): value for key, value in config.items()})
        self.admin.create_topics([topic])[name].result(30)
        return name

    def produce(self, topic, messages, **settings):
        """`messages`: (key, value) or (key, value, partition); returns when all are kept."""
        from confluent_kafka import Producer
        failed = []
        producer = Producer(self.settings | {"linger.ms": 20, "enable.idempotence": True,
                                             "queue.buffering.max.messages": 400000} | settings)
        count = 0
        for key, value, *partition in messages:
            more = {"partition": partition[0]} if partition else {}
            while True:
                try:
                    producer.produce(topic, value, key, on_delivery=lambda error, _:
                                     error and failed.append(error), **more)
                    break
                except BufferError:
                    producer.poll(0.05)
            count += 1
            if count % 1000 == 0:
                producer.poll(0)
        left = producer.flush(120)
        assert not left and not failed, (left, failed[:3])
        return count

    def partitions(self, topic):
        return sorted(self.admin.list_topics(topic, timeout=30).topics[topic].partitions)

    def read(self, topic, count=None, timeout_s=60, **settings):
        """Messages from the earliest, as confluent_kafka has them: `count`, or all there are."""
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
        consumer = Consumer(self.settings | {
            "group.id": "psephos-tests", "enable.auto.commit": False,
            "isolation.level": "read_committed", "enable.partition.eof": True} | settings)
        ends, found = set(), []
        try:
            consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING)
                             for p in self.partitions(topic)])
            until = time.monotonic() + timeout_s
            while time.monotonic() < until:
                for message in consumer.consume(10000, 0.2):
                    if message.error():
                        ends.add(message.partition())
                    else:
                        found.append(message)
                if len(found) >= count if count else len(ends) == len(self.partitions(topic)):
                    return found
        finally:
            consumer.close()
        raise AssertionError(f"{topic}: {len(found)} messages in {timeout_s} s, wanted {count}")

    def bounds(self, topic):
        """partition -> (earliest offset, next offset)."""
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer(self.settings | {"group.id": "psephos-tests"})
        try:
            return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)
                    for p in self.partitions(topic)}
        finally:
            consumer.close()

    def committed(self, group, topic):
        """partition -> the offset that the group has committed, none left out as -1001."""
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer(self.settings | {"group.id": group, "enable.auto.commit": False})
        try:
            return {one.partition: one.offset for one in consumer.committed(
                [TopicPartition(topic, p) for p in self.partitions(topic)], timeout=30)}
        finally:
            consumer.close()
