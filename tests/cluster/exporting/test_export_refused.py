"""What cannot be written says why, and leaves what was there as it was, with nothing beside it."""

import fcntl
import json
import os
import re
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
        code, body, *sent = self.server.spoil(self.path, code, body)
        self.send_response(code)
        self.send_header("Content-Type", headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent[0]] if sent else body)  # less than promised: it breaks off
        self.close_connection = True

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


@pytest.mark.parametrize("kind", FORMATS)
def test_a_collector_that_goes_away_in_the_middle(between, tmp_path, kind):
    path = tmp_path / "results"
    path.write_text("old")
    url = between(lambda asked, code, body: (
        code, body, len(body) // 2) if "changes" in asked else (code, body))
    done = run_psephos("export", kind, path, "--api", url, check=3)
    assert "no collector answers" in done.stderr
    assert re.search("closed|missing", done.stderr), done.stderr  # older and newer libcurl
    assert path.read_text() == "old"
    assert [name for name in os.listdir(tmp_path) if name.startswith("results")] == ["results"]


def test_answers_that_do_not_fit_the_definition(between, tmp_path):
    path = tmp_path / "results.db"

    def spoiling(old, new):
        return lambda asked, code, body: (
            code, body.replace(old, new) if "changes" in asked else body)

    for old, new, why in (
            (b'"turnout","unit":"vt-orange"', b'"turnout","unit":"vt-lemon"',
             "a row of turnout is of something that units do not have"),
            (b'"ballots":', b'"paper":', "no ballots of results"),
            (b'"kind":"result","unit":"vt-orange"', b'"kind":"result","unit":"vt-lemon"',
             'in unit "vt-lemon", which its definition does not have'),
            (b'"choices":[', b'"choices":{', "a line is not JSON"),
            (b'"received":', b'"got":', "no received of accounting")):
        done = run_psephos("export", "sqlite", path, "--api", between(spoiling(old, new)), check=1)
        assert why in done.stderr
        assert not path.exists() and not (tmp_path / "results.db.new").exists()


def without_end(body):
    return body[:body.rindex(b"\n", 0, -1) + 1]


# A whole answer without its end; one that ends within a line; one that is not to be had.
VOID = [lambda code, body: (code, without_end(body)), lambda code, body: (code, body[:-9]),
        lambda code, body: (410, b'{"title":"Gone"}')]


@pytest.mark.parametrize("void", VOID)
def test_answers_that_are_always_void(between, tmp_path, void):
    """It is tried again and again, and then told."""
    asked = []

    def spoil(path, code, body):
        asked.append(path)
        return void(code, body) if "changes" in path else (code, body)

    done = run_psephos("export", "sqlite", tmp_path / "results.db", "--api", between(spoil),
                       check=1, timeout=120 * SLOWER)
    assert "end before they are whole, 50 times" in done.stderr
    assert sum("changes" in path for path in asked) == 50
    assert not list(tmp_path.glob("results*"))


def test_the_version_and_the_state_are_those_of_the_rows(one, between, tmp_path):
    """The election was asked before, when it was another."""
    def older(asked, code, body):
        if asked.endswith("election"):
            body = body.replace(b'"state":"open"', b'"state":"new"')
            body = body.replace(b'"epoch":1,"index":', b'"epoch":1,"index":7')
        return code, body

    done = run_psephos("export", "sqlite", tmp_path / "results.db", "--api", between(older),
                       "--json", check=0)
    db = open_clean(tmp_path / "results.db")
    index, = db.execute("SELECT log_index FROM version").fetchone()
    assert index == one.get_json("/api/v1/election")["version"]["shards"][0]["index"]
    assert json.loads(done.stdout)["version"]["shards"] == [
        {"shard": 0, "epoch": 1, "index": index}]
    state, number, identity = db.execute(
        "SELECT state, version_number, version_id FROM election").fetchone()
    assert (state, number) == ("open", (1 << 40) + index) and identity


@pytest.mark.parametrize("kind", FORMATS)
def test_what_was_void_leaves_nothing_in_the_file(between, tmp_path, kind):
    voids = list(VOID)

    def spoil(asked, code, body):
        if "changes" in asked and voids:
            return voids.pop()(code, body.replace(b'"votes":', b'"votes":9'))
        return code, body

    path = tmp_path / "results"
    done = run_psephos("export", kind, path, "--api", between(spoil), "--json", check=0)
    rows = json.loads(done.stdout)["rows"]
    assert not voids
    if kind == "sqlite":
        db = open_clean(path)
        assert db.execute("SELECT count(*) FROM results").fetchone() == (560,)
        votes = db.execute("SELECT votes FROM results WHERE unit = 'us' AND choice = "
                           "'democratic-joseph-biden'").fetchall()
        assert votes == [(242_820,)] and rows["results"] == 560
    else:
        lines = path.read_text().splitlines()
        assert len(lines) == 561 and rows == {"rows": 560}
        assert lines[1] == "nation,,,,,President,,Democratic,Joseph Biden,242820"


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
