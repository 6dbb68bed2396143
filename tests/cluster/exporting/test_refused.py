"""What cannot be written says why, and leaves what was there as it was, with nothing beside it."""

import fcntl
import json
import os
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from exported import export, open_clean
from harness import BIN, ROOT, SLOWER, run_psephos, wait_until

RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
FORMATS = ["sqlite", "openelections"]


@pytest.fixture
def one(cluster, import_returns):
    made = cluster(import_returns(RETURNS), shards=1)
    made.cast("--returns", RETURNS)
    return made


def refused(one, kind, path, code=1):
    done = run_psephos("export", kind, path, "--dir", one.directory, "--json", check=code)
    assert done.stdout == "" and done.stderr.startswith("psephos export: "), done
    return done.stderr


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_replaced_whole_and_readers_keep_theirs(one, tmp_path, kind):
    path = tmp_path / "results"
    path.write_text("old")
    with open(path) as reader:
        run_psephos("export", kind, path, "--dir", one.directory, check=0)
        assert reader.read() == "old"
    assert path.stat().st_size > 1000
    names = {"results", "results.source.json"} if kind == "openelections" else {"results"}
    assert {name for name in os.listdir(tmp_path) if name.startswith("results")} == names
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("kind", FORMATS)
def test_where_nothing_can_be_written(one, tmp_path, kind):
    (tmp_path / "folder").mkdir()
    assert "is a folder; name a file" in refused(one, kind, tmp_path / "folder")
    assert "no such folder; make it first" in refused(one, kind, tmp_path / "none" / "x.db")
    assert "cannot be written" in refused(one, kind, "/sys/results.db")
    assert "a file's name is needed" in refused(one, kind, "")
    assert "no regular file" in refused(one, kind, "/dev/null")
    assert not list(tmp_path.glob("**/*.new"))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_disk(one, tmp_path, kind):
    """A file may have no more than 8 KiB: the kernel refuses as it does on a full disk."""
    path = tmp_path / "results"
    path.write_text("old")
    done = subprocess.run(
        [BIN / "psephos", "export", kind, path, "--dir", one.directory],
        capture_output=True, text=True, timeout=60 * SLOWER,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))
    assert done.returncode == 1, done
    assert "the disk is full" in done.stderr and str(path) in done.stderr
    assert path.read_text() == "old"
    assert [name for name in os.listdir(tmp_path) if name.startswith("results")] == ["results"]


def test_an_old_file_that_somebody_writes_to(one, tmp_path):
    path = tmp_path / "results.db"
    export(one, path)[1].close()
    before = path.read_bytes()
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE results SET votes = 0")
    assert (tmp_path / "results.db-journal").exists()
    assert "a program is writing to the old" in refused(one, "sqlite", path)
    writer.rollback()
    writer.close()
    assert path.read_bytes() == before
    export(one, path)


def test_two_calls_at_once(one, tmp_path):
    path = tmp_path / "results.db"
    with open(tmp_path / "results.db.new", "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another call is writing it" in refused(one, "sqlite", path)
    # What a killed call left is written over.
    (tmp_path / "results.db.new").write_text("half of a file" * 1000)
    export(one, path)
    assert not (tmp_path / "results.db.new").exists()


def test_a_collector_that_is_away(one, tmp_path):
    path = tmp_path / "results.db"
    path.write_text("old")
    one.kill("collector")
    assert "does not answer" in refused(one, "sqlite", path, code=3)
    done = run_psephos("export", "sqlite", path, "--api", "http://127.0.0.1:9", check=3)
    assert "no collector answers" in done.stderr
    assert path.read_text() == "old" and not (tmp_path / "results.db.new").exists()


class Between(BaseHTTPRequestHandler):
    """Passes questions on to a collector; `spoil` may change an answer (path, code, body)."""

    def do_GET(self):
        code, headers, body = self.server.one.get(self.path)
        spoilt = self.server.spoil(self.path, code, body)
        if spoilt is None:  # the connection breaks
            self.close_connection = True
            return
        code, body = spoilt
        self.send_response(code)
        self.send_header("Content-Type", headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def between(one):
    servers = []

    def start(spoil):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
        server.one, server.spoil = one, spoil
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_collector_that_goes_away_in_the_middle(between, tmp_path):
    path = tmp_path / "results.db"
    path.write_text("old")
    url = between(lambda asked, code, body: None if "accounting" in asked else (code, body))
    done = run_psephos("export", "sqlite", path, "--api", url, check=3)
    assert "psephos export: " in done.stderr
    assert path.read_text() == "old" and not (tmp_path / "results.db.new").exists()


def test_answers_that_do_not_fit_the_definition(between, tmp_path):
    path = tmp_path / "results.db"

    def other_units(asked, code, body):
        return code, body.replace(b'"unit":"vt-orange"', b'"unit":"vt-lemon"') \
            if "turnout" in asked else body

    def no_ballots(asked, code, body):
        return code, body.replace(b'"ballots":', b'"paper":') if "/results" in asked else body

    for spoil, why in ((other_units, "a row of turnout is of something that units do not have"),
                       (no_ballots, "no ballots of results")):
        done = run_psephos("export", "sqlite", path, "--api", between(spoil), check=1)
        assert why in done.stderr
        assert not path.exists() and not (tmp_path / "results.db.new").exists()


def test_a_version_that_always_moves_on(between, tmp_path):
    """Every answer of another version: it is tried again and again, and then told."""
    moved = []

    def move(asked, code, body):
        moved.append(asked)
        return code, body.replace(b'"epoch":1,"index":', b'"epoch":1,"index":%d' % len(moved), 1)

    url = between(move)
    done = run_psephos("export", "sqlite", tmp_path / "results.db", "--api", url, check=1,
                       timeout=120 * SLOWER)
    assert "ballots come in faster than one version can be read" in done.stderr
    assert 50 < sum(path.startswith("/api/v1/election") for path in moved) < 60
    assert not list(tmp_path.glob("results*"))


def test_a_version_that_moves_on_twice(one, between, tmp_path):
    """Nothing of the versions before is in the file."""
    moved = []

    def move(asked, code, body):
        if "turnout" in asked and len(moved) < 2:
            moved.append(asked)
            return code, body.replace(b'"epoch":1', b'"epoch":7', 1)
        return code, body

    path = tmp_path / "results.db"
    done = run_psephos("export", "sqlite", path, "--api", between(move), "--json", check=0)
    db = open_clean(path)
    assert len(moved) == 2
    assert db.execute("SELECT count(*) FROM results").fetchone() == (560,)
    assert json.loads(done.stdout)["rows"]["results"] == 560


@pytest.mark.parametrize("kind", FORMATS)
def test_a_signal_leaves_nothing_beside(between, tmp_path, kind):
    path = tmp_path / "results"
    url = between(lambda asked, code, body: time.sleep(0.5) or (code, body))
    export_call = subprocess.Popen([BIN / "psephos", "export", kind, path, "--api", url])
    beside = tmp_path / "results.new"
    wait_until(beside.exists, what="the file beside")
    export_call.send_signal(signal.SIGTERM)
    assert export_call.wait(30) == -signal.SIGTERM
    assert not beside.exists() and not path.exists()


def test_usage(tmp_path):
    for call, why in (((), "a format and a FILE"), (("sqlite",), "a format and a FILE"),
                      (("parquet", "x"), 'no format is called "parquet"'),
                      (("sqlite", "x", "y"), 'one FILE; "y" is too much'),
                      (("sqlite", "x"), "either --api URL or --dir DIR")):
        done = run_psephos("export", *call, check=2)
        assert why in done.stderr, call
