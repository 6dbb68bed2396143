"""What counts the votes of a topic: Spark as the demos use it, Kafka Streams, Psephos.

Each is started on a topic, tells what it shows, is killed (kill -9 of every process of it, the
broker apart) and started again on what it has kept.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import urllib.request
from pathlib import Path

from harness import BIN, Cluster, run_psephos
from measure import in_session
from servers import have
from servers.server import free_port, wait_for
from votes import election

HERE = Path(__file__).resolve().parent


class Totals:
    """The newest value of each key of topics; called again and again by one thread."""

    def __init__(self, address, topics, read):
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
        self.read, self.candidates, self.states = read, {}, {}
        self.consumer = Consumer({
            "bootstrap.servers": address, "group.id": "bench-shown", "enable.auto.commit": False,
            "isolation.level": "read_committed", "fetch.wait.max.ms": 20,
            "auto.offset.reset": "earliest"})
        self.consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING) for topic in topics])

    def __call__(self):
        for message in self.consumer.consume(2000, 0.02):
            if not message.error():
                kind, key, count = self.read(message)
                (self.candidates if kind == "c" else self.states)[key] = count
        return self.candidates, self.states


def of_demos(message):
    """A message of the demos' two topics."""
    one = json.loads(message.value())
    if "candidate_id" in one:
        return "c", one["candidate_id"], one["total_votes"]
    return "s", one["state"], one["count"]


def of_streams(message):
    kind, _, key = message.key().decode().partition(":")
    return kind, key, struct.unpack(">q", message.value())[0]


class System:
    """`topics` are of servers.kafka; `tag` names what it makes in the broker and on disk."""

    counts_messages = False  # a message that stands twice is counted twice
    every_s = 0.02           # how often it is asked what it shows

    def __init__(self, topics, topic, folder, tag):
        self.topics, self.topic, self.tag = topics, topic, tag
        self.folder = folder / f"{tag}-{self.name}"
        self.folder.mkdir(parents=True)
        self.started = []

    def out(self, what, **config):
        return self.topics.create(f"{self.tag}.{self.name}.{what}", 1, **config)

    def spawn(self, *command, **more):
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, start_new_session=True,
                                       cwd=self.folder, **more)
        self.started.append(process)

    def pids(self):
        return [pid for process in self.started for pid in in_session(process.pid)]

    def kill(self):
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self.started:
            process.wait(60)
        self.started = []

    def stop(self):
        self.kill()

    def tail(self):
        return (self.folder / "log").read_text(errors="replace")[-2000:]


class Spark(System):
    name, title = "spark", "Spark 3.5, their job"
    partitions = "default"
    counts_messages = True

    def prepare(self):
        self.candidates, self.turnout = self.out("candidates"), self.out("turnout")
        jars = Path(have.java("connector", HERE).split(":")[1].rstrip("*")).glob("*.jar")
        self.jars = ",".join(str(jar) for jar in jars)

    def start(self):
        self.spawn(have.python("spark"), HERE / "job.py", self.topics.address, self.topic,
                   self.candidates, self.turnout, self.folder / "checkpoints", self.jars,
                   self.partitions, env=os.environ | {
                       "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": str(have.python("spark")),
                       "SPARK_LOCAL_DIRS": str(self.folder / "local")})

    def totals(self):
        return Totals(self.topics.address, (self.candidates, self.turnout), of_demos)


class SparkFour(Spark):
    name, title, partitions = "spark4", "the same, shuffle.partitions=4", "4"


class Streams(System):
    name, title = "streams", "Kafka Streams 4.1, exactly_once_v2"

    def prepare(self):
        self.result = self.out("totals")
        self.java = [have.program("java", "openjdk-17-jdk-headless"), "-Xmx2g", "-cp",
                     have.java("streams", HERE), "Count"]

    def start(self):
        self.spawn(*self.java, f"{self.tag}.{self.name}", self.topics.address, self.topic,
                   self.result, self.folder / "state", os.cpu_count() or 2)

    def totals(self):
        return Totals(self.topics.address, (self.result,), of_streams)


class Psephos(System):
    """A cluster; what it shows is asked of its API."""

    shards = 2
    every_s = 0.05

    def prepare(self):
        definition = self.folder / "election.json"
        definition.write_text(json.dumps(election()))
        self.cluster = Cluster(self.folder / "cluster", definition, self.shards)
        self.cluster.up()
        added = self.cluster.call("client", "add", "bench", "--json", check=0)
        self.key = json.loads(added.stdout)["key"]

    def pids(self):
        return super().pids() + self.cluster.running_pids()

    def totals(self):
        api = self.cluster.api

        def get(path):
            with urllib.request.urlopen(api + path, timeout=10) as answer:
                return json.load(answer)

        def ask():
            try:
                results = get("/api/v1/results?contest=vote")["results"][0]
                states = get("/api/v1/results?contest=vote&level=state&limit=1000")["results"]
            except OSError:
                return None
            return ({one["choice"]: one["votes"] for one in results["choices"]},
                    {one["unit_name"]: one["ballots"] for one in states if one["ballots"]})
        return ask

    def again(self):
        """The daemons, after a kill."""
        run_psephos("up", "--dir", self.cluster.directory, check=0)

    def kill(self):
        super().kill()
        wait_for(lambda: not self.cluster.running_pids(), 30, "the end of the daemons")

    def stop(self):
        self.kill()
        self.cluster.finish()


class Topic(Psephos):
    """From the topic by one bridge, and to the demos' topics by another."""

    name, title = "psephos", "Psephos, from the topic"
    every_s = 0.02

    def prepare(self):
        super().prepare()
        settings = {"bootstrap.servers": self.topics.address}
        self.candidates, self.turnout = self.out("candidates"), self.out("turnout")
        self.files = [self.file("in", "source", {
            "settings": settings, "topics": [self.topic], "group": f"{self.tag}.psephos",
            "format": "votes-topic", "key": self.key,
            "ballot_ids": "keys/ballot-ids.key", "dead_letter_topic": f"{self.tag}.dead-letter",
            "dead_letter": "origin"}), self.file("out", "sink", {
                "settings": settings, "results_topic": f"{self.tag}.results", "contest": "vote",
                "level": "state", "candidates_topic": self.candidates,
                "turnout_topic": self.turnout})]

    def file(self, name, kind, kafka):
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({
            "format": 1, "name": f"{self.tag}-{name}", "http_local": f"127.0.0.1:{free_port()}",
            kind: {"kafka": kafka}}))
        return path

    def start(self):
        if not self.cluster.running_pids():
            self.again()
        for path in self.files:
            self.spawn(BIN / "psephos-bridge", "--cluster",
                       self.cluster.directory / "cluster.json", "--config", path)

    def totals(self):
        return Totals(self.topics.address, (self.candidates, self.turnout), of_demos)


class Cast(Psephos):
    """`psephos cast` of the same messages as lines, without a broker."""

    name, title = "cast", "Psephos, by cast"

    def start(self):
        if not self.cluster.running_pids():
            self.again()
        self.spawn(BIN / "psephos", "cast", "--dir", self.cluster.directory, "--format",
                   "votes-topic", self.lines)

    def lines_of(self, votes):
        """Written beforehand: what `start` casts."""
        self.lines = self.folder / "votes.ndjson"
        with open(self.lines, "w", encoding="ascii", buffering=1 << 20) as out:
            for _, text in votes:
                out.write(text + "\n")

    def feed(self, votes, rate):
        """Lines to `cast -` as they are due; when the first one was."""
        file = self.folder / "begun"
        made = subprocess.Popen([sys.executable, HERE / "votes.py", str(votes.seed),
                                 str(votes.count), str(rate), file], stdout=subprocess.PIPE)
        with open(self.folder / "log", "ab") as log:
            self.started.append(subprocess.Popen(
                [BIN / "psephos", "cast", "--dir", self.cluster.directory, "--format",
                 "votes-topic", "-"], stdin=made.stdout, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True))
        made.stdout.close()
        return float(wait_for(lambda: file.exists() and file.read_text(), 20, "the first line"))


SYSTEMS = {one.name: one for one in (Spark, SparkFour, Streams, Topic, Cast)}
