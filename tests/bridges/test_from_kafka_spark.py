"""Every command of docs/from-kafka-spark.md, in its order, on real servers and the demos' programs.

A block marked `sh` must end with exit status 0; one marked `sh background` is left running, and
the next block begins when every voter has voted.
"""

import json
import os
import re
import subprocess
import urllib.request

import pytest

from harness import BIN, ROOT
from programs import demo_environment, demo_folder
from servers import have
from servers.kafka import Kafka, Topics
from servers.server import free_port, wait_for

PAGE = ROOT / "docs" / "from-kafka-spark.md"
BLOCKS = re.findall(r"^```(\S.*?)\n(.*?)^```$", PAGE.read_text() if PAGE.exists() else "",
                    re.MULTILINE | re.DOTALL)
BACKGROUND = "sh background"
VOTERS = 1000


class Reader:
    """Somebody who follows the page: a folder, a shell, two variables."""

    def __init__(self, folder, broker, conninfo, environment):
        self.folder = folder
        self.running = []
        port = str(free_port())
        self.page = f"http://127.0.0.1:{port}"
        self.environment = os.environ | environment | {
            "KAFKA": broker, "DB": conninfo,
            "PATH": f"{BIN}:{have.python('demos').parent}:/usr/bin:/bin",
            "STREAMLIT_SERVER_HEADLESS": "true", "STREAMLIT_SERVER_PORT": port,
            "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
        self.ports = {}

    def command(self, text):
        """The page's ports may be taken here."""
        for port in re.findall(r"127\.0\.0\.1:(\d+)", text):
            self.ports.setdefault(port, str(free_port()))
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.ports[port]}")
        return ["bash", "-euc", text]

    def run(self, text):
        done = subprocess.run(self.command(text), cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=180, check=False)
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def begin(self, text):
        log = open(self.folder / f"background-{len(self.running)}.log", "wb")
        self.running.append(subprocess.Popen(
            self.command("exec " + text.strip()), cwd=self.folder, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def end(self):
        for process in self.running:
            process.kill()
            process.wait()
        for cluster in sorted(self.folder.glob("*/cluster.json")):
            subprocess.run([BIN / "psephos", "down", "--dir", cluster.parent], check=False,
                           capture_output=True, timeout=60)


@pytest.fixture
def reader(own, postgres, demos, tmp_path):
    broker = own(Kafka)
    conninfo = postgres.database("voting")
    one = Reader(demo_folder(demos, tmp_path / "here"), broker.address, conninfo,
                 demo_environment(broker.address, postgres.port, 0.001))
    one.topics = Topics(broker.address)
    yield one
    one.end()


def by_candidate(postgres):
    return dict(postgres.sql("SELECT candidate_id, count(*) FROM votes GROUP BY 1", "voting"))


def assert_counted(reader, postgres, folder):
    """What the cluster in this folder shows is what the table votes has."""
    top = json.loads(reader.run(f"psephos results --dir {folder} --json"))["results"][0]
    assert {c["choice"]: c["votes"] for c in top["choices"]} == by_candidate(postgres), folder


def test_every_command_of_the_page_runs(reader, postgres):
    assert [kind for kind, _ in BLOCKS if kind not in ("sh", BACKGROUND)] == []
    assert sum(kind == BACKGROUND for kind, _ in BLOCKS) == 2
    waited = False
    for kind, text in BLOCKS:
        if kind == BACKGROUND:
            reader.begin(text)
            continue
        if reader.running and not waited:
            waited = True
            wait_for(lambda: postgres.sql("SELECT count(*) FROM votes", "voting") == [(VOTERS,)],
                     120, "their voting.py", every_s=0.2)
            wait_for(lambda: json.loads(reader.run("psephos accounting --dir c --json"))
                     ["total"]["counted"] == VOTERS, 60, "the votes in the cluster", every_s=0.5)
        if "v_results" in text:  # the bridge writes when it has seen a version
            wait_for(lambda: by_candidate(postgres) == shown(postgres),
                     30, "the results in PostgreSQL", every_s=0.5)
        reader.run(text)
        if "results --dir" in text and "made" not in text:
            assert_counted(reader, postgres, re.search(r"results --dir (\w)", text).group(1))
    assert waited and all(process.poll() is None for process in reader.running)
    with urllib.request.urlopen(reader.page + "/_stcore/health", timeout=10) as answer:
        assert answer.read() == b"ok"


def shown(postgres):
    """candidate -> votes of v_results; {} while there is none."""
    try:
        return dict(postgres.sql("SELECT choice, votes FROM psephos.v_results WHERE level = "
                                 "'nation' AND method IS NULL", "voting"))
    except Exception as error:
        if "does not exist" in str(error):
            return {}
        raise
