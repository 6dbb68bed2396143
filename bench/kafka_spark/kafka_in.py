"""Vote messages out of a real broker into a cluster, on this machine, and what a reader that
throws them away takes: the floor that broker and librdkafka set.

  discard  a consumer that does nothing with a message
  bridge   psephos-bridge, a cluster behind it: from the first message received to the last
           verdict; counted exactly, or it has failed

In turn, each on the whole topic: six partitions, full messages, 1 % of them twice.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parents[1] / "tests"
sys.path[:0] = [str(TESTS / "bridges"), str(TESTS / "cluster")]

from measure import stat_of  # noqa: E402
from servers import have  # noqa: E402
from servers.kafka import Kafka, Topics  # noqa: E402
from systems import Topic  # noqa: E402
from votes import Votes, produce  # noqa: E402

PARTITIONS, TOPIC = 6, "votes.full"
SAMPLE = re.compile(r"^(psephos_bridge_\w+) (\d+)$", re.M)
TIMEOUT_S = 300


def cpu_of(pids):
    """role -> CPU seconds so far."""
    return {role: stat_of(pid)[0] for role, pid in pids.items() if stat_of(pid)}


class In(Topic):
    """The bridge out of the topic alone."""

    title = "Psephos, from the topic"

    def prepare(self):
        super().prepare()
        self.files = self.files[:1]
        self.http = json.loads(self.files[0].read_text())["http_local"]

    def roles(self):
        run = self.cluster.directory / "run"
        return {path.stem: int(path.read_text().split()[0]) for path in run.glob("*.pid")} | {
            "bridge": self.started[0].pid}

    def metrics(self):
        try:
            with urllib.request.urlopen(f"http://{self.http}/metrics", timeout=5) as answer:
                return {name: int(value) for name, value in SAMPLE.findall(answer.read().decode())}
        except OSError:
            return {}

    def final(self, metrics):
        return sum(metrics.get(f"psephos_bridge_{what}_total", 0)
                   for what in ("counted", "replayed"))

    def run(self, wanted):
        """Seconds from the first message to the last verdict, and from the start."""
        begun, first, before = time.time(), None, {}
        self.start()
        while time.time() - begun < TIMEOUT_S:
            now = self.metrics()
            if first is None and now.get("psephos_bridge_received_total"):
                first = time.time()
            if first is None:
                before = cpu_of(self.roles())
            if self.final(now) >= wanted:
                end = time.time()
                after = cpu_of(self.roles())
                return end - first, end - begun, {
                    role: after[role] - before.get(role, 0) for role in after}
            time.sleep(0.01)
        raise SystemExit(f"bench: {self.final(now)} of {wanted} messages were final after "
                         f"{TIMEOUT_S} s: {self.tail()}")


def us(seconds, messages):
    return round(seconds / messages * 1e6, 2)


class Measured:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.votes = Votes(1, options.messages, duplicates=True)
        self.broker = Kafka(folder / "kafka", heap="1g").start()
        self.topics = Topics(self.broker.address)
        self.topics.create(TOPIC, PARTITIONS)
        more = {"compression.type": options.compression} if options.compression else {}
        produce(self.broker.address, TOPIC, self.votes, **more)

    def broker_cpu(self):
        return stat_of(self.broker.pid)[0]

    def discard(self):
        before = self.broker_cpu()
        done = subprocess.run([self.options.tools / "discard", self.broker.address, TOPIC,
                               str(PARTITIONS)], stdout=subprocess.PIPE, check=True, text=True)
        found = json.loads(done.stdout)
        n = found["messages"]
        return {"what": "discard", "messages_per_second": round(n / found["seconds"]),
                "bytes_a_message": round(found["bytes"] / n),
                "cpu_us_a_message": {"reader": us(found["cpu"], n),
                                     "broker": us(self.broker_cpu() - before, n)}}

    def bridge(self, number):
        one = In(self.topics, TOPIC, self.folder, f"r{number}")
        one.shards = self.options.shards
        one.prepare()
        before = self.broker_cpu()
        try:
            seconds, whole, cpu = one.run(self.votes.messages)
            broker = self.broker_cpu() - before
            total = one.cluster.accounting()["total"]
        finally:
            one.stop()
        n = self.votes.messages
        good = (total["counted"], total["replayed"]) == (self.votes.count, n - self.votes.count)
        cpu = {role: us(used, n) for role, used in sorted(cpu.items())} | {"broker": us(broker, n)}
        return {"what": "bridge", "exact": good, "messages_per_second": round(n / seconds),
                "seconds": round(seconds, 2), "seconds_with_its_start": round(whole, 2),
                "cpu_us_a_message": cpu | {"all": round(sum(cpu.values()), 2)}}


def main():
    parser = argparse.ArgumentParser(prog="./run bench kafka-in", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2_000_000, help="voters: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--shards", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--compression", help="of the producer: lz4, zstd ...; default: none")
    parser.add_argument("--tools", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what it started, too
    result = {"what": "kafka-in", "voters": options.messages, "partitions": PARTITIONS,
              "shards": options.shards, "load_average_before": os.getloadavg()[0], "runs": []}
    with tempfile.TemporaryDirectory(prefix="psephos-bench-", dir=os.environ.get("TMPDIR")) as at:
        measured = Measured(options, Path(at))
        try:
            for number in range(options.rounds):
                for found in (measured.discard(), measured.bridge(number)):
                    print(json.dumps(found), flush=True)
                    result["runs"].append(found)
        finally:
            measured.broker.kill()
    result["load_average_after"] = os.getloadavg()[0]
    print(f"load average {result['load_average_before']:.1f} before, "
          f"{result['load_average_after']:.1f} after")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0 if all(one.get("exact", True) for one in result["runs"]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except have.Missing as missing:
        sys.exit(f"bench: {missing}")
