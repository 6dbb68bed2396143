"""Runs the programs and local clusters for the tests.

The programs are those in PSEPHOS_BIN (a folder), else build/bin.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("PSEPHOS_BIN", ROOT / "build" / "bin")).resolve()
DATA = ROOT.parent / "shared" / "data"
FIXTURES = ROOT / "tests" / "fixtures"

# Tables are as wide as they are to no terminal; newer pytest-xdist names a width.
os.environ.pop("COLUMNS", None)

# Sanitized daemons are several times slower.
SLOWER = 6 if os.environ.get("PSEPHOS_SANITIZER") else 1
TIMEOUT_S = 60 * SLOWER


def run_psephos(*args, timeout=TIMEOUT_S, stdin=None, check=None, close_fds=True):
    """Runs build/bin/psephos; check=N asserts the exit code."""
    command = [str(BIN / "psephos"), *map(str, args)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL if stdin is None else None,
                          close_fds=close_fds)
    if check is not None:
        assert done.returncode == check, (
            f"{' '.join(command)}\nexit code {done.returncode}, wanted {check}\n"
            f"{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done


def psephos_for_others(folder):
    """The program where other users may run it, too: a clone in /root is closed to them."""
    return shutil.copy(BIN / "psephos", folder / "psephos")


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition, timeout=15 * SLOWER, every=0.05, what="the condition"):
    """The first true value of condition()."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come true within {timeout} s"
        time.sleep(every)


class Cluster:
    """A local cluster in `directory`; `election` is the path of its election.json."""

    def __init__(self, directory, election, shards=2, up_options=()):
        self.directory = Path(directory)
        self.election = Path(election)
        self.shards = shards
        self.up_options = list(up_options)

    def up(self, *options, check=0):
        return run_psephos("up", "--dir", self.directory, "--election", self.election,
                           "--shards", self.shards, *self.up_options, *options, check=check)

    def down(self):
        return run_psephos("down", "--dir", self.directory)

    def call(self, command, *args, **kwargs):
        """psephos COMMAND --dir DIR args..."""
        return run_psephos(command, "--dir", self.directory, *args, **kwargs)

    def api_call(self, command, *args, **kwargs):
        """psephos COMMAND --api URL args..."""
        return run_psephos(command, "--api", self.api, *args, **kwargs)

    @property
    def description(self):
        return json.loads((self.directory / "cluster.json").read_text())

    @property
    def api(self):
        return "http://" + self.description["collectors"][0]["http"]

    @property
    def api_local(self):
        return "http://" + self.description["collectors"][0]["http_local"]

    def get(self, path, local=False, headers=None):
        """(status, headers, body bytes) of a GET; an HTTP error is an answer too."""
        url = (self.api_local if local else self.api) + path
        request = urllib.request.Request(url, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def get_json(self, path, **kwargs):
        status, _, body = self.get(path, **kwargs)
        assert status == 200, (path, status, body[:500])
        return json.loads(body)

    def processes(self):
        return json.loads(self.call("status", "--json").stdout)["processes"]

    def pids(self, role=None, shard=None):
        return [p["pid"] for p in self.processes()
                if p.get("pid") and role in (None, p["role"]) and shard in (None, p.get("shard"))]

    def kill(self, role=None, shard=None, sig=signal.SIGKILL):
        """Kills the daemons of a role (of one shard) and waits until they are gone."""
        pids = self.pids(role, shard)
        assert pids, f"no process to kill: {role} {shard}"
        for pid in pids:
            os.kill(pid, sig)
        wait_until(lambda: not any(map(is_running, pids)), what="the end of the killed processes")
        return pids

    def start_collector(self):
        """Starts the collector alone, as `psephos up` would; ended by finish()."""
        log = open(self.directory / "logs" / "collector-0.log", "ab")
        process = subprocess.Popen(
            [BIN / "psephos-collector", "--cluster", self.directory / "cluster.json",
             "--collector", "0", "--data", self.directory / "data" / "collector-0"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        (self.directory / "run" / "collector-0.pid").write_text(f"{process.pid}\n")

    def cast(self, *args, check=0, timeout=TIMEOUT_S * 3):
        """psephos cast --json ...; what it counted, as a dict."""
        done = self.call("cast", "--json", *args, check=check, timeout=timeout)
        return json.loads(done.stdout)

    def accounting(self):
        return json.loads(self.api_call("accounting", "--json", check=0).stdout)

    def results_csv(self):
        return self.api_call("results", "--format", "openelections", check=0).stdout

    def recount(self, *args, check=0):
        return self.call("recount", *args, check=check)

    def log_tail(self, lines=40):
        parts = []
        for path in sorted((self.directory / "logs").glob("*.log")):
            tail = path.read_text(errors="replace").splitlines()[-lines:]
            parts.append(f"---- {path.name}\n" + "\n".join(tail))
        return "\n".join(parts)

    def running_pids(self):
        """Every daemon whose command line names this cluster's folder."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                arguments = path.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if str(self.directory / "cluster.json") in arguments:
                found.append(int(path.parent.name))
        return found

    def finish(self):
        """Down; whatever of this cluster still runs then is killed by its PID."""
        try:
            self.down()
        except subprocess.TimeoutExpired:
            pass
        for pid in self.running_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def imported(returns, directory):
    """psephos import; the path of the election.json it made."""
    # Its county has rows beside its precincts, which are no total there.
    keep = ["--keep-all"] if Path(returns).name == "sparse.csv" else []
    run_psephos("import", returns, "--out", directory, *keep, check=0, timeout=TIMEOUT_S)
    return Path(directory) / "election.json"


def returns_rows(text):
    """The rows of a returns CSV as sorted tuples, header apart: (header, rows)."""
    rows = list(csv.reader(text.splitlines(keepends=True)))
    return rows[0], sorted(map(tuple, rows[1:]))


def assert_same_lines(got, wanted):
    """The same lines in any order, byte for byte, as `sort` and `diff` would see it."""
    got, wanted = sorted(got.splitlines()), sorted(wanted.splitlines())
    if got == wanted:
        return
    missing = sorted(set(wanted) - set(got))[:10]
    extra = sorted(set(got) - set(wanted))[:10]
    raise AssertionError(
        f"{len(wanted)} lines wanted, {len(got)} came\n"
        "missing:\n  " + "\n  ".join(missing) + "\nextra:\n  " + "\n  ".join(extra)
    )
