"""`psephos doctor` on a real cluster: each line that fails is provoked, one at a time."""

import json
import os
import resource
import shutil
import socket
import subprocess

import pytest

from harness import BIN, TIMEOUT_S, run_psephos

# Timing of a busy test machine, and what its kernel says of its clock, are no finding of ours.
MACHINE = {"disk speed", "time sync", "memory"}


def look(place, *options, check=None, **keywords):
    """The findings, by (check, subject); `keywords` go to the process."""
    command = [BIN / "psephos", "doctor", place, "--json", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, **keywords)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["good"] == (done.returncode == 0)
    found = {(one["check"], one["subject"]): one for one in told["checks"]}
    for one in told["checks"]:
        assert (one["advice"] is None) == (one["verdict"] == "ok"), one
    if check is not None:
        assert done.returncode == check, told
    return found


def failed(found):
    return {key for key, one in found.items() if one["verdict"] == "fail" and key[0] not in MACHINE}


@pytest.fixture
def one(cluster, import_returns, fixture_file):
    return cluster(import_returns(fixture_file("sparse.csv")), shards=2, start=False)


def test_a_cluster_is_well_before_and_while_it_runs(one):
    one.up()
    running = look(one.directory)
    assert failed(running) == set()
    kinds = {check for check, _ in running}
    assert kinds >= {"election", "fsync", "disk speed", "space", "limits", "memory", "time sync",
                     "keys", "ports", "versions", "clocks"}
    assert "4 are" in running[("versions", "all that answer")]["found"]
    answers = [one_ for (check, _), one_ in running.items() if check == "ports"]
    assert all("answers" in answer["found"] for answer in answers) and len(answers) == 4
    one.down()
    resting = look(one.directory)
    assert failed(resting) == set()
    free = [one_ for (check, _), one_ in resting.items() if check == "ports"]
    assert all("free for" in answer["found"] for answer in free) and len(free) == 4
    assert not [name for name in os.listdir(one.directory / "data") if "doctor" in name]
    table = run_psephos("doctor", one.directory)
    assert "fsync" in table.stdout and table.returncode in (0, 1)


def test_a_key_that_others_may_read_or_that_is_missing_or_wrong(one):
    one.up()
    one.down()
    keys = one.directory / "keys"
    (keys / "digest.key").chmod(0o640)
    found = look(one.directory, check=1)
    assert failed(found) == {("keys", str(keys / "digest.key"))}
    told = found[("keys", str(keys / "digest.key"))]
    assert "0640" in told["found"] and f"chmod 600 {keys / 'digest.key'}" in told["advice"]
    (keys / "digest.key").chmod(0o600)
    keys.chmod(0o777)
    assert failed(look(one.directory, check=1)) == {("keys", str(keys))}
    keys.chmod(0o700)
    station = next((one.directory / "clients").glob("*.key.ids"))
    station.chmod(0o604)
    assert failed(look(one.directory, check=1)) == {("keys", str(station))}
    station.chmod(0o600)
    (keys / "router-0.key").rename(keys / "kept")
    assert failed(look(one.directory, check=1)) == {("keys", str(keys / "router-0.key"))}
    shutil.copy(keys / "collector-0.key", keys / "router-0.key")
    found = look(one.directory, check=1)
    assert "not the key that cluster.json names" in found[
        ("keys", str(keys / "router-0.key"))]["found"]
    (keys / "kept").replace(keys / "router-0.key")
    (keys / "digest.key").rename(keys / "kept")
    assert failed(look(one.directory, check=1)) == {("keys", str(keys / "digest.key"))}


def test_a_port_that_is_taken_and_a_process_that_is_down(one):
    one.up()
    one.kill("router")
    address = one.description["routers"][0]["address"]
    found = look(one.directory, check=1)
    assert failed(found) == {("ports", address)} and "down" in found[("ports", address)]["found"]
    one.down()
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    page = one.description["collectors"][0]["http"]
    with socket.create_server((host, int(port))):
        found = look(one.directory, check=1)
        assert failed(found) == {("ports", address)}
        assert "in use" in found[("ports", address)]["found"]
    host, _, port = page.rpartition(":")
    with socket.create_server((host, int(port))):
        assert failed(look(one.directory, check=1)) == {("ports", page)}


def test_a_machine_that_is_not_in_reach(one, tmp_path):
    one.up()
    one.down()
    path = one.directory / "cluster.json"
    text = path.read_text()
    cluster = json.loads(text)
    old = cluster["routers"][0]["address"]
    away = "tcp://nowhere.invalid:7100"  # RFC 6761
    path.write_text(text.replace(old, away))
    found = look(one.directory, check=1)
    assert ("ports", away) in failed(found) and "no way" in found[("ports", away)]["found"]
    path.write_text(text)


def test_an_fsync_that_does_nothing(one, tmp_path):
    source = tmp_path / "nothing.c"
    source.write_text("int fsync(int f) { return f < 0; }\n"
                      "int fdatasync(int f) { return f < 0; }\n")
    library = tmp_path / "nothing.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True, timeout=TIMEOUT_S)
    one.up()
    one.down()
    data = one.directory / "data"
    if "PSEPHOS_SANITIZER" not in os.environ:  # whose library must be the first
        found = look(one.directory, env={**os.environ, "LD_PRELOAD": str(library)})
        verdict = found[("fsync", str(data))]
        assert verdict["verdict"] == "fail", verdict
        if "in memory" not in verdict["found"]:
            assert "no device writes so fast" in verdict["found"]
    memory = "/dev/shm"
    if os.access(memory, os.W_OK) and "shm tmpfs" in open("/proc/mounts").read():
        found = look(one.directory, "--data", memory, check=1)
        assert "in memory" in found[("fsync", memory)]["found"]
    missing = tmp_path / "not mounted"
    found = look(one.directory, "--data", missing, check=1)
    assert ("fsync", str(missing)) in failed(found)


def test_limits_of_the_shell_and_of_a_process(one):
    one.up()
    one.down()

    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    found = look(one.directory, check=1, preexec_fn=few_files)
    assert ("limits", "this shell") in failed(found)
    assert "256 open files" in found[("limits", "this shell")]["found"]
    one.up()
    pid = one.pids("collector")[0]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (1500, 1500))
    found = look(one.directory, check=1)
    assert failed(found) == {("limits", "collector-0")}


def test_an_election_that_does_not_fit(one):
    election = json.loads(one.election.read_text())
    root = next(unit for unit in election["units"] if not unit.get("parent"))
    root["ballots_expected"] = 9 * 10 ** 14
    one.election.write_text(json.dumps(election))
    one.up()
    one.down()
    found = look(one.directory, check=1)
    assert ("space", str(one.directory / "data")) in failed(found)


def test_another_election_and_no_operator_key(one):
    one.up()
    (one.directory / "keys" / "operator.key").rename(one.directory / "kept")
    found = look(one.directory)
    assert failed(found) == set()
    assert found[("keys", str(one.directory / "keys" / "operator.key"))]["verdict"] == "warn"
    (one.directory / "kept").rename(one.directory / "keys" / "operator.key")
    election = one.directory / "election.json"
    election.write_text(election.read_text() + "\n")
    found = look(one.directory, check=1)
    assert failed(found) == {("election", str(one.directory))}


def test_a_file_of_machines(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert taken
        hosts = tmp_path / "hosts"
        hosts.write_text("here 127.0.0.1 router collector shard\naway 192.0.2.1 shard\n")
        found = look(hosts, "--data", tmp_path, check=1)
    told = {subject: one["found"] for (check, subject), one in found.items() if check == "ports"}
    assert set(told) == {"127.0.0.1:7100", "127.0.0.1:7200", "127.0.0.1:7000", "127.0.0.1:8080",
                         "192.0.2.1:7200"}
    assert found[("hosts", str(hosts))]["verdict"] == "fail"  # 3 replicas on 2 machines
    assert ("fsync", str(tmp_path)) in found
    hosts.write_text("nonsense\n")
    assert "IPv4 address" in run_psephos("doctor", hosts, check=1).stderr


def test_usage(tmp_path):
    assert "missing" in run_psephos("doctor", check=2).stderr
    assert "holds no cluster" in run_psephos("doctor", tmp_path, check=1).stderr
    assert run_psephos("doctor", tmp_path / "none", check=1).stderr
