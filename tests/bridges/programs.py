"""The programs under test beside a cluster: psephos-bridge, and the voting demos' own."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from harness import BIN
from servers import have
from servers.server import Server, free_port

HERE = Path(__file__).resolve().parent
DEMOS = "https://github.com/airscholar/realtime-voting-data-engineering"


class Bridge(Server):
    """A psephos-bridge; `config` is bridge.json without its format and http_local."""

    name = "psephos-bridge"
    ready_s = 30

    def __init__(self, folder, cluster, config):
        super().__init__(folder)
        self.cluster = cluster
        self.http = f"127.0.0.1:{free_port()}"
        self.config = {"format": 1, "http_local": self.http} | config
        self.file = folder / "bridge.json"
        self.file.write_text(json.dumps(self.config, indent=1))

    def command(self):
        return [BIN / "psephos-bridge", "--cluster", self.cluster.directory / "cluster.json",
                "--config", self.file]

    def get(self, path):
        """(status, text) of its local address; (None, reason) when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return None, str(error)

    def is_ready(self):
        return self.get("/healthz")[0] == 200

    def metrics(self):
        """The samples of /metrics: "name{labels}" -> number."""
        lines = self.get("/metrics")[1].splitlines()
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in lines if line and not line.startswith("#"))}


def fetched_demos():
    """PSEPHOS_DEMOS, else fetched into the cache."""
    given = os.environ.get("PSEPHOS_DEMOS")
    if given:
        if not (Path(given) / "voting.py").exists():
            raise have.Missing(f"PSEPHOS_DEMOS: there is no voting.py in {given}")
        return Path(given)
    folder = have.CACHE / "demos"
    if not (folder / "voting.py").exists():
        git = have.program("git", "git")
        with have.alone():
            shutil.rmtree(folder, ignore_errors=True)
            have.fetch([git, "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=20",
                        "clone", "-q", "--depth", "1", DEMOS, folder],
                       "the voting demos (or name their folder in PSEPHOS_DEMOS)")
    return folder


def demo_folder(demos, folder):
    """voting.py and streamlit-app.py as they are, beside a `main` that can be imported."""
    folder.mkdir(parents=True)
    for name in ("voting.py", "streamlit-app.py"):
        shutil.copy(demos / name, folder / name)
    shutil.copy(HERE / "demos" / "main.py", folder / "main.py")
    return folder


def demo_environment(kafka_address, postgres_port, sleep_s=None):
    """For their programs: the broker, the database (their code names no port), their sleep."""
    more = {} if sleep_s is None else {"PSEPHOS_DEMO_SLEEP": str(sleep_s)}
    return {"PYTHONPATH": str(HERE / "demos"), "PSEPHOS_DEMO_KAFKA": kafka_address,
            "PGPORT": str(postgres_port), "PYTHONDONTWRITEBYTECODE": "1"} | more


class Voting:
    """Their voting.py: casts a vote for each voter of voters_topic, and never ends."""

    def __init__(self, folder, environment):
        self.log = folder / "voting.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [have.python("demos"), "-u", folder / "voting.py"], cwd=folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | environment,
                start_new_session=True)

    def is_running(self):
        return self.process.poll() is None

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:]

    def stop(self):
        if self.is_running():
            self.process.terminate()
        self.process.wait(30)


TABLE = """[...document.querySelectorAll('table tr')]
    .map(row => [...row.cells].map(cell => cell.innerText.trim()))"""


def votes_on_page(browser):
    """candidate_id -> votes, of the table on their page; {} while there is none."""
    rows = browser.run(TABLE) or []
    found = {}
    for row in rows:
        cells = [cell for cell in row if cell]
        if len(cells) >= 4 and cells[-1].replace(",", "").isdigit():
            found[cells[-4]] = int(cells[-1].replace(",", ""))
    return found
