"""Daemons that must not start, or must stop: with a clear message, exit code 1, nothing lost."""

import json
import os
import shutil
import socket
import subprocess
import time

import pytest

from harness import BIN, SLOWER, assert_same_lines, run_psephos, wait_until

pytestmark = pytest.mark.quick

START_S = 20 * SLOWER


def daemon(one, program, *args, cluster_json=None, timeout=START_S):
    """Runs one daemon in the foreground until it refuses; (exit code, stderr)."""
    done = subprocess.run(
        [
            BIN / program,
            "--cluster",
            cluster_json or one.directory / "cluster.json",
            *map(str, args),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    return done.returncode, done.stderr


def shard_data(one, shard=0):
    return one.directory / "data" / f"shard-{shard}-0"


def run_shard(one, data=None, **kwargs):
    return daemon(one, "psephos-shard", "--shard", 0, "--replica", 0, "--data",
                  data or shard_data(one), **kwargs)


@pytest.fixture
def counted(cluster, import_returns, fixture_file):
    """A cluster that has counted the sparse returns and is down."""
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1)
    one.cast("--returns", fixture_file("sparse.csv"))
    one.results = one.results_csv()
    one.down()
    return one


def assert_goes_on(one):
    one.up()
    wait_until(lambda: not one.get_json("/api/v1/accounting")["stale"], what="a fresh board")
    assert_same_lines(one.results_csv(), one.results)


def test_a_second_process_on_the_same_folder_is_refused(counted):
    counted.up()
    code, message = run_shard(counted)
    assert code == 1
    assert str(shard_data(counted)) in message
    assert_goes_on(counted)


def test_a_port_in_use_is_refused_with_its_address(counted):
    address = counted.description["shards"][0]["replicas"][0]["address"]
    host, port = address.removeprefix("tcp://").rsplit(":", 1)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, int(port)))
        taken.listen()
        code, message = run_shard(counted)
        assert code == 1
        assert port in message and "in use" in message
    assert_goes_on(counted)


def test_an_http_port_in_use_is_refused_with_its_address(counted):
    host, port = counted.description["collectors"][0]["http"].rsplit(":", 1)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, int(port)))
        taken.listen()
        code, message = daemon(counted, "psephos-collector", "--collector", 0, "--data",
                               counted.directory / "data" / "collector-0")
        assert code == 1
        assert port in message and "in use" in message
    assert_goes_on(counted)


def test_the_data_of_another_election_is_refused(counted, cluster, import_returns, tmp_path):
    other_returns = tmp_path / "other.csv"
    other_returns.write_text(
        "state,county,county_fips,precinct,office,district,party,candidate,votes\n"
        "VT,Addison,50001,Bristol,Mayor,,,Di Dogwood,4\n")
    other = cluster(import_returns(other_returns, "other"), shards=1, name="other")
    other.down()
    code, message = run_shard(other, data=shard_data(counted))
    assert code == 1
    assert "another" in message and str(shard_data(counted)) in message
    assert_goes_on(counted)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_a_checkpoint(one):
    """Runs it until a start says that its store holds something; it is down again then."""
    def holds():
        one.up()
        opened = [line for line in (one.directory / "logs/shard-0-0.log").read_text().splitlines()
                  if " opened: " in line]
        time.sleep(1.5)  # so long a shard waits for a checkpoint, and a little more
        one.down()
        return "store at index 0," not in opened[-1]
    wait_until(holds, timeout=60 * SLOWER, what="a checkpoint")


def of_an_older_term(segment):
    """The segment, its last leader's records as if the one before had written them: whole, of the
    same length, and of another history (docs/storage.md: the log)."""
    records, at = [], 64
    while at < len(segment):
        payload = int.from_bytes(segment[at + 4:at + 8], "little")
        records.append((at, 40 + payload + -payload % 8))
        at += records[-1][1]
    term_at = records[-1][0] + 16
    last = int.from_bytes(segment[term_at:term_at + 8], "little")
    for at, length in records:
        if int.from_bytes(segment[at + 16:at + 24], "little") == last:
            segment[at + 16:at + 24] = (last - 1).to_bytes(8, "little")
            checked = segment[at + 4:at + length]
            segment[at:at + 4] = crc32c(checked).to_bytes(4, "little")
    return segment


def test_a_log_and_a_store_of_different_histories_are_refused(counted):
    with_a_checkpoint(counted)
    segment = next((shard_data(counted) / "log").glob("*.log"))
    good = segment.read_bytes()
    segment.write_bytes(of_an_older_term(bytearray(good)))
    code, message = run_shard(counted)
    assert code == 1
    assert "do not belong together" in message
    segment.write_bytes(good)
    assert_goes_on(counted)


def test_a_store_that_is_ahead_of_its_log_is_refused(counted, tmp_path):
    with_a_checkpoint(counted)
    log = shard_data(counted) / "log"
    begun = counted.directory / "begun" / "shard-0-0"  # says that it has counted
    shutil.move(log, tmp_path / "log")
    begun.rename(tmp_path / "begun")
    code, message = run_shard(counted)
    assert code == 1
    assert "records were lost" in message
    (tmp_path / "begun").rename(begun)
    shutil.rmtree(log, ignore_errors=True)
    shutil.move(tmp_path / "log", log)
    assert_goes_on(counted)


def test_another_roll_than_cluster_json_names_is_refused(cluster, import_returns, fixture_file,
                                                         tmp_path):
    def rolled(name, voters):
        roll = tmp_path / f"{name}.csv"
        unit = json.loads(election.read_text())["units"][-1]["id"]
        roll.write_text("voter_id,unit\n" + "".join(f"{v},{unit}\n" for v in voters))
        one = cluster(election, shards=1, name=name, up_options=["--roll", roll])
        one.down()
        return one
    election = import_returns(fixture_file("sparse.csv"))
    one, other = rolled("one", ["ann", "bob"]), rolled("other", ["ann", "bea"])
    path = one.directory / "roll" / "shard-0.roll"
    good = path.read_bytes()
    path.write_bytes((other.directory / "roll" / "shard-0.roll").read_bytes())
    code, message = run_shard(one)
    assert code == 1
    assert "is not the roll that cluster.json names" in message
    path.write_bytes(good)
    one.up()


def test_a_definition_that_changed_is_refused(counted):
    path = counted.directory / "election.json"
    good = path.read_text()
    path.write_text(good.replace('"name"', '"name" ', 1))
    code, message = daemon(counted, "psephos-router", "--router", 0)
    assert code == 1
    assert "election.json" in message
    code, message = run_shard(counted)
    assert code == 1
    assert "election.json" in message
    path.write_text(good)
    assert_goes_on(counted)


def test_a_cluster_file_of_an_unknown_format_is_refused(counted, tmp_path):
    description = counted.description
    description["format"] = 99
    path = counted.directory / "new.json"
    path.write_text(json.dumps(description))
    code, message = run_shard(counted, cluster_json=path)
    assert code == 1
    assert "99" in message and "format" in message


def test_a_store_that_is_gone_is_rebuilt_from_the_journal(counted):
    shutil.rmtree(shard_data(counted) / "store")
    assert_goes_on(counted)
    counted.recount()


def test_a_key_that_others_can_read_is_refused(counted):
    key = counted.directory / "keys" / "shard-0-0.key"
    key.chmod(0o644)
    code, message = run_shard(counted)
    assert code == 1
    assert str(key) in message and "600" in message
    key.chmod(0o600)
    assert_goes_on(counted)


def test_a_shard_without_its_signing_key_or_with_another_is_refused(counted):
    key = counted.directory / "keys" / "shard-0-sign.key"
    good = key.read_text()
    for text, mode, told in ((good, 0o640, "must have mode 0600"),
                             ("00" * 32 + "\n", 0o600, "not the key that cluster.json names"),
                             ("00\n", 0o600, "one line of 64 hex digits"),
                             (None, None, "copy it from keys/")):
        key.unlink()
        if text is not None:
            key.write_text(text)
            key.chmod(mode)
        code, message = run_shard(counted)
        assert code == 1
        assert str(key) in message and told in message
    key.write_text(good)
    key.chmod(0o600)
    assert_goes_on(counted)


def test_a_cluster_file_without_signing_keys_is_refused(counted):
    path = counted.directory / "cluster.json"
    good = path.read_text()
    description = json.loads(good)
    del description["shards"][0]["signing_key"]
    path.write_text(json.dumps(description))
    code, message = run_shard(counted)
    assert code == 1
    assert "a version before 0.2.0 made this cluster" in message
    done = counted.up(check=1)
    assert "a version before 0.2.0 made this cluster" in done.stderr
    path.write_text(good)
    assert_goes_on(counted)


def test_a_missing_key_is_named(counted):
    key = counted.directory / "keys" / "router-0.key"
    text = key.read_bytes()
    key.unlink()
    code, message = daemon(counted, "psephos-router", "--router", 0)
    assert code == 1
    assert str(key) in message
    key.write_bytes(text)
    key.chmod(0o600)
    assert_goes_on(counted)


def test_a_router_with_another_digest_key_is_refused(counted):
    key = counted.directory / "keys" / "digest.key"
    good = key.read_text()
    key.write_text("00" * 16 + "\n")
    code, message = daemon(counted, "psephos-router", "--router", 0)
    assert code == 1
    assert str(key) in message
    key.write_text(good)
    assert_goes_on(counted)


def test_a_router_with_another_slot_map_gets_nothing_counted(
        cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2)
    one.kill("router")
    description = one.description
    for shard, slots in zip(description["shards"], ([0, 1024], [1024, 4096])):
        shard["slots"] = slots
    other = one.directory / "other.json"
    other.write_text(json.dumps(description))
    router = subprocess.Popen(
        [BIN / "psephos-router", "--cluster", other, "--router", "0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        done = one.call("cast", "--returns", fixture_file("sparse.csv"), "--give-up-after", 10)
        assert done.returncode in (1, 3)
        assert "slot map" in done.stderr
        assert one.accounting()["total"]["received"] == 0
    finally:
        router.terminate()
        router.wait(timeout=10 * SLOWER)
    one.up()
    one.cast("--returns", fixture_file("sparse.csv"))
    assert_same_lines(one.results_csv(), fixture_file("sparse.csv").read_text())


def test_up_with_another_election_is_refused(counted, import_returns, tmp_path):
    returns = tmp_path / "other.csv"
    returns.write_text(
        "state,county,county_fips,precinct,office,district,party,candidate,votes\n"
        "VT,Addison,50001,Bristol,Mayor,,,Di Dogwood,4\n")
    done = run_psephos("up", "--dir", counted.directory, "--election",
                       import_returns(returns, "other"))
    assert done.returncode == 1
    assert "election" in done.stderr
    assert_goes_on(counted)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MiB; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder],
        capture_output=True).returncode == 0
    if not made:
        pytest.skip("a small file system cannot be mounted here (root needed)")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_ends_the_shard_and_nothing_counted_is_lost(
        small_disk, cluster, import_returns, fixture_file, tmp_path):
    # small_disk comes first so that the cluster ends before its disk does.
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1, start=False,
                  name="disk/cluster")
    one.up()
    one.cast("--returns", fixture_file("sparse.csv"))
    counted_before = one.accounting()["total"]["counted"]
    assert counted_before > 0
    pid = one.pids("shard")[0]
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
    # New voters, from a station with a disk of its own: what is cast now cannot be made durable.
    key = tmp_path / "desk.key"
    shutil.copy(one.directory / "clients/local.key", key)
    shutil.copy(one.directory / "keys/ballot-ids.key", tmp_path / "desk.key.ids")
    cast = subprocess.Popen(
        [BIN / "psephos", "cast", "--cluster", one.directory / "cluster.json", "--key", key,
         "--returns", fixture_file("sparse.csv"), "--seed", "99", "--replayed", "0",
         "--give-up-after", "60"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    gone = wait_until(lambda: not os.path.exists(f"/proc/{pid}") or
                      "\nState:\tZ" in open(f"/proc/{pid}/status").read(),
                      timeout=30 * SLOWER, what="the end of the shard")
    assert gone
    assert "disk" in (one.directory / "logs" / "shard-0-0.log").read_text()
    assert cast.poll() is None, "the cast must wait: nothing it sent is decided"
    filler.unlink()
    one.up()
    cast.communicate(timeout=120 * SLOWER)
    wait_until(lambda: not one.get_json("/api/v1/accounting")["stale"], what="a fresh board")
    total = one.accounting()["total"]
    assert total["balanced"] is True
    one.recount()
    assert total["counted"] >= counted_before  # what had a receipt is still there


@pytest.mark.parametrize("call", ["results", "accounting"])
def test_a_cluster_without_a_collector_says_so(counted, call):
    description = counted.directory / "cluster.json"
    cluster = json.loads(description.read_text())
    cluster["collectors"] = []
    description.write_text(json.dumps(cluster))
    done = counted.call(call, check=1)
    assert done.stderr == (f"psephos {call}: cluster.json has no collector; "
                           "name one with --api URL\n")
