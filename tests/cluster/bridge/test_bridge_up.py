"""`up --bridge`, `status` and `check` with a bridge whose server is away: it holds nothing up."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from casting import free_port
from harness import BIN, ROOT, is_running, run_psephos, wait_until
from test_json import promised

AWAY = "host=/nowhere/at/all dbname=psephos connect_timeout=2"


def bridge_file(folder, name="page", **members):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"file-of-{name}.json"
    document = {"format": 1, "name": name, "http_local": f"127.0.0.1:{free_port()}",
                "sink": {"postgres": {"conninfo": AWAY}}} | members
    path.write_text(json.dumps({k: v for k, v in document.items() if v is not None}))
    return path


def address_of(path):
    return json.loads(path.read_text())["http_local"]


def ask(address, path, method="GET"):
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def row(one, name="page"):
    return next(p for p in one.processes() if p["role"] == "bridge" and p["name"] == name)


def cpu_s(pid):
    parts = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def check_metrics(text):
    """As Prometheus reads them; each of them is in docs/bridges.md."""
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                              text=True, check=True)
        assert not done.stdout + done.stderr
    told = (ROOT / "docs/bridges.md").read_text()
    for name in re.findall(r"(?m)^# TYPE (\w+)", text):
        assert f"`{name}" in told, name


@contextlib.contextmanager
def all_places_taken(address):
    """Connections that say nothing, as many as it takes."""
    host, port = address.rsplit(":", 1)
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
        yield


def test_a_bridge_whose_server_is_away_holds_nothing_up(cluster, fixture_file, tmp_path):
    file = bridge_file(tmp_path / "files")
    one = cluster(fixture_file("town.json"), shards=1, start=False)
    told = one.up("--bridge", file)
    assert "bridge-page: no target" in told.stderr and "/nowhere/at/all" in told.stderr
    assert f"bridge    page, http://{address_of(file)}/metrics" in told.stdout
    assert one.description["bridges"] == [{"name": "page", "http_local": address_of(file)}]
    assert (one.directory / "bridges/page.json").resolve() == file

    # What it says of itself.
    shown = row(one)
    assert shown["state"] == "no target" and shown["address"] == address_of(file)
    assert "/nowhere/at/all" in shown["trouble"] and shown["version"] is None
    of_shards = {"shard", "replica", "state_hash", "close_at", "probing"}
    assert set(shown) == promised("status", "processes") - of_shards
    told = one.call("status", check=1).stdout
    assert "bridge-page: " in told and "no target" in told
    assert ask(address_of(file), "/healthz") == (200, "alive\n")
    status, text = ask(address_of(file), "/readyz")
    assert status == 503 and json.loads(text)["ready"] is False
    wait_until(lambda: json.loads(ask(address_of(file), "/readyz")[1])["lag_versions"] >= 1,
               what="how far behind it is")
    status, text = ask(address_of(file), "/metrics")
    assert status == 200 and 'psephos_bridge_state{state="no target"} 1\n' in text
    assert "psephos_bridge_ready 0\n" in text
    check_metrics(text)
    assert ask(address_of(file), "/")[0] == 404
    assert ask(address_of(file), "/metrics", method="POST")[0] == 405
    with all_places_taken(address_of(file)):
        assert "not answering" == row(one)["state"]
    wait_until(lambda: row(one)["state"] == "no target", what="a free place at its address")

    # It waits, and costs nothing; a signal ends it soon.
    pid, before = shown["pid"], cpu_s(shown["pid"])
    time.sleep(2)
    assert cpu_s(pid) - before < 0.5
    begun = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_running(pid), timeout=10, what="its end")
    assert time.monotonic() - begun < 4
    assert row(one)["state"] == "down"

    # `up` starts it again without being told of it, and `down` ends it with the others.
    one.up()
    assert row(one)["state"] == "no target" and row(one)["pid"] != pid
    pid = row(one)["pid"]
    one.down()
    assert not is_running(pid)


def test_its_name_is_in_its_log_whatever_its_file_is_called(cluster, fixture_file, tmp_path):
    one = cluster(fixture_file("town.json"))
    path = bridge_file(tmp_path)
    log = tmp_path / "log"
    with log.open("w") as to:
        process = subprocess.Popen([BIN / "psephos-bridge", "--cluster",
                                    one.directory / "cluster.json", "--config", path], stderr=to)
    try:
        wait_until(lambda: " bridge-page " in log.read_text(), what="a line of the log")
    finally:
        process.terminate()
        ended = process.wait(20)
    assert ended == 0
    assert "file-of-page" not in log.read_text()


def test_a_bridge_joins_a_cluster_that_runs(cluster, fixture_file, tmp_path):
    one = cluster(fixture_file("town.json"), shards=1)
    before = one.pids()
    file, second = bridge_file(tmp_path), bridge_file(tmp_path, "second")
    one.up("--bridge", file)
    told = json.loads(one.up("--bridge", second, "--bridge", file, "--json").stdout)
    assert told["bridges"] == ["page", "second"]
    assert {row(one)["state"], row(one, "second")["state"]} == {"no target"}
    assert [pid for pid in before if pid in one.pids()] == before  # nothing else was restarted

    # An address of another process is refused, and cluster.json stays as it is.
    text = (one.directory / "cluster.json").read_bytes()
    third = bridge_file(tmp_path, "third", http_local=one.description["collectors"][0]["http"])
    told = one.up("--bridge", third, check=1)
    assert "stands twice" in told.stderr
    assert (one.directory / "cluster.json").read_bytes() == text
    assert not (one.directory / "bridges/third.json").exists()


@pytest.mark.parametrize("members, words", [
    ({"sink": None}, '"sink" or "source"'),
    ({"sink": {"postgres": {"conninfo": "x", "password": "y"}}}, "/sink/postgres"),
    ({"name": "Page"}, "a-z"),
    ({"format": 2}, "format 2"),
    ({"sink": {"postgres": {"conninfo": "databse=results"}}}, "databse"),
])
def test_a_file_that_is_wrong_makes_nothing(cluster, fixture_file, tmp_path, members, words):
    file = bridge_file(tmp_path, **members)
    one = cluster(fixture_file("town.json"), start=False)
    told = one.up("--bridge", file, check=1)
    assert words in told.stderr and str(file) in told.stderr
    assert not one.directory.exists()
    told = run_psephos("check", file, check=1)
    assert words in told.stderr
    told = json.loads(run_psephos("check", file, "--json", check=1).stdout)
    assert told["valid"] is False and words in told["pointer"] + told["reason"]


def test_two_bridges_of_one_name_make_nothing(cluster, fixture_file, tmp_path):
    files = [bridge_file(tmp_path / folder) for folder in "ab"]
    one = cluster(fixture_file("town.json"), start=False)
    told = one.up("--bridge", files[0], "--bridge", files[1], check=1)
    assert "the same name" in told.stderr and all(str(file) in told.stderr for file in files)
    assert not one.directory.exists()


def test_a_good_file_is_said_to_be_good(tmp_path):
    file = bridge_file(tmp_path)
    assert "bridge page, writes to postgres" in run_psephos("check", file, check=0).stdout
    told = json.loads(run_psephos("check", file, "--json", check=0).stdout)
    assert set(told) == promised("check bridge.json", until="; not valid")
    assert told == {"valid": True, "file": str(file), "name": "page", "side": "sink",
                    "door": "postgres", "http_local": address_of(file)}


def test_what_works_and_should_not_be_is_warned_of(tmp_path):
    file = bridge_file(tmp_path, http_local=f"0.0.0.0:{free_port()}",
                       sink={"postgres": {"conninfo": "host=db1 password=sesame"}})
    told = run_psephos("check", file, check=0)
    assert "0.0.0.0" in told.stderr and "passfile=" in told.stderr
    assert "sesame" not in told.stderr + told.stdout
    assert run_psephos("check", bridge_file(tmp_path), check=0).stderr == ""


def test_an_election_is_no_bridge(cluster, fixture_file):
    one = cluster(fixture_file("town.json"), start=False)
    told = one.up("--bridge", fixture_file("town.json"), check=1)
    assert "this is an election.json" in told.stderr
    assert not one.directory.exists()


def test_a_bridge_that_does_not_start_hides_nothing(cluster, fixture_file, tmp_path):
    """Nor does it come back once it is taken out as it says."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bad = bridge_file(tmp_path, "bad", http_local=f"127.0.0.1:{taken.getsockname()[1]}")
        good = bridge_file(tmp_path, "good")
        broken = bridge_file(tmp_path, "broken", source={"kafka": {
            "settings": {"bootstrap.servers": "127.0.0.1:1", "no.such": 1}, "topics": ["t"],
            "format": "ndjson", "key": "/nowhere", "ballot_ids": "keys/ballot-ids.key"}}, sink=None)
        one = cluster(fixture_file("town.json"), shards=1, start=False)
        given = [f"--bridge={file}" for file in (bad, broken, good)]
        for told in (one.up(*given, check=1), one.up(check=1)):
            assert "ready to count: 1 shard" in told.stdout and "page " in told.stdout
            for name in ("bad", "broken"):
                assert told.stderr.count(f"bridge-{name} does not run") == 1
            assert told.stderr.count("bridge-bad cannot start: another program") == 1
            assert told.stderr.count("cannot_start") == 1  # of this start, not of those before
            assert row(one, "good")["state"] == "no target"
        took = json.loads(one.call("bridge", "remove", "bad", "--json", check=0).stdout)
        assert took == {"bridge": "bad", "stopped": False} and set(took) == promised(
            "bridge remove")
    one.down()
    assert "broken is out" in one.call("bridge", "remove", "broken", check=0).stdout
    assert not list((one.directory / "bridges").glob("b*.json"))
    assert "bridge-bad" not in one.up().stderr
    assert [p["name"] for p in one.processes() if p["role"] == "bridge"] == ["good"]
    assert 'names no bridge "bad"' in one.call("bridge", "remove", "bad", check=1).stderr
    assert json.loads(one.call("bridge", "remove", "good", "--json", check=0).stdout)["stopped"]
    assert json.loads(one.call("status", "--json", check=0).stdout)["healthy"] and good.exists()


def test_a_bridge_that_runs_keeps_its_file(cluster, fixture_file, tmp_path):
    file, other = bridge_file(tmp_path / "a"), bridge_file(tmp_path / "b")
    one = cluster(fixture_file("town.json"), shards=1, start=False)
    one.up("--bridge", file)
    text = (one.directory / "cluster.json").read_bytes()
    for _ in range(2):
        told = one.up("--bridge", other, check=1)
        assert f"runs by another file, {file}: psephos down" in told.stderr
        file.write_text(file.read_text().replace(address_of(file), f"127.0.0.1:{free_port()}"))
        told = one.up("--bridge", file, check=1)
        assert "and the file now has" in told.stderr
        assert (one.directory / "cluster.json").read_bytes() == text
        assert (one.directory / "bridges/page.json").resolve() == file
    one.down()
    one.up("--bridge", other)
    assert (one.directory / "bridges/page.json").resolve() == other
    assert row(one)["address"] == address_of(other)


def kafka(**settings):
    return {"kafka": {"settings": {"bootstrap.servers": "127.0.0.1:1"} | settings}}


def test_a_broker_that_is_away_is_named_at_once(cluster, fixture_file, tmp_path):
    one = cluster(fixture_file("town.json"), shards=1, start=False)
    told = one.up("--bridge", bridge_file(tmp_path, sink=kafka()))
    assert "bridge-page: no target: Kafka at 127.0.0.1:1 has not answered" in told.stderr
    assert "Kafka at 127.0.0.1:1" in row(one)["trouble"]


def test_a_bridge_that_cannot_go_on_was_never_ready(cluster, fixture_file, tmp_path):
    file = bridge_file(tmp_path, sink=kafka(**{"no.such.setting": 1}))
    one = cluster(fixture_file("town.json"), shards=1, start=False)
    told = one.up("--bridge", file, check=1)
    assert told.stderr.count('has no setting "no.such.setting"') == 1
    log = one.directory / "logs/bridge-page.log"
    assert row(one)["state"] == "down"
    assert "cannot_go_on" in log.read_text() and "ready" not in log.read_text()
