"""A bridge that casts out of Kafka: its file, its process, what it says of itself."""

import json
import re
import subprocess
import urllib.request
from contextlib import contextmanager

from casting import free_port
from harness import BIN, SLOWER, is_running, wait_until

# The mock lets a group form in 3 s, and waits for a member that was killed for a second less than
# its session; one of 3 s or less is over before the group has formed.
QUICK = {"session.timeout.ms": 3500, "heartbeat.interval.ms": 300, "fetch.wait.max.ms": 50,
         "topic.metadata.refresh.interval.ms": 1000}


class Source:
    """bridge-NAME.json beside the cluster, and the daemon that runs by it."""

    def __init__(self, one, bootstrap, topic, name="in", settings=None, api=None, **members):
        self.one, self.name, self.http = one, name, f"127.0.0.1:{free_port()}"
        self.path = one.directory / f"bridge-{name}.json"
        self.log = one.directory / "logs" / f"bridge-{name}.log"
        kafka = {"settings": {"bootstrap.servers": bootstrap, **QUICK, **(settings or {})},
                 "topics": [topic], "group": "count", "format": "ndjson",
                 "key": str(one.directory / "clients" / "local.key"),
                 "ballot_ids": "keys/ballot-ids.key", "dead_letter_topic": "dead"} | members
        self.path.write_text(json.dumps(
            {"format": 1, "name": name, "http_local": self.http, "source": {"kafka": kafka}}
            | ({"api": [api]} if api else {})))
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "psephos-bridge", "--cluster", self.one.directory / "cluster.json",
                 "--config", self.path], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def stop(self):
        """SIGTERM; it ends with 0."""
        self.process.terminate()
        code = self.process.wait(60 * SLOWER)
        assert code == 0, self.log.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def running(self):
        return self.process and is_running(self.process.pid)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def metrics(self):
        """{name with labels: number}; {} while it does not answer."""
        try:
            text = self.get("/metrics")
        except OSError:
            return {}
        return {name: float(value) for name, value in
                re.findall(r"^psephos_bridge_(\S+) (\S+)$", text, re.M)}

    def ready(self):
        """What /readyz says."""
        return json.loads(self.get("/readyz"))

    def wait_metric(self, name, least, timeout=60 * SLOWER):
        return wait_until(lambda: self.metrics().get(name, 0) >= least, timeout=timeout,
                          what=f"{name} of {self.name} at {least}\n{self.log.read_text()}")

    def wait_state(self, state, trouble="", timeout=60 * SLOWER):
        """It is in that state, and says this of what is wrong."""
        def told():
            try:
                said = self.ready()
                return said["state"] == state and trouble in (said["trouble"] or "")
            except OSError:
                return False
        return wait_until(told, timeout=timeout,
                          what=f"{self.name} {state}\n{self.log.read_text()}")


@contextmanager
def ended(*sources):
    """None of them is left running."""
    try:
        yield sources
    finally:
        for source in sources:
            if source.running():
                source.kill()


def letters(messages):
    """{(topic, partition, offset): letter} of a dead-letter topic; each stands once by its key."""
    found = {}
    for _, _, key, value in messages:
        letter = json.loads(value)
        place = (letter["topic"], letter["partition"], letter["offset"])
        assert key.decode() == "/".join(map(str, place))
        assert found.setdefault(place, letter) == letter  # written twice it says the same
    return found
