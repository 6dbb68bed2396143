"""Two of three replicas get an older copy of their folder: who knows it says so, and names the
one to trust; a backup of that one brings everything back."""

import json
import os
import shutil
import signal
import subprocess

import pytest

from harness import BIN, is_running, run_psephos, wait_until

DEADLINE_S = 60


def ballots(path, election, first, n):
    """A file of n ballots without marks, of voters from `first` on."""
    definition = json.loads(election.read_text())
    ballot = {"unit": definition["units"][-1]["id"], "method": definition["methods"][0]["id"],
              "contests": {}}
    path.write_text("".join(json.dumps({"voter_id": f"voter-{first + i}", **ballot}) + "\n"
                            for i in range(n)))
    return path


def start(one, role, number, replica=None, cluster=None):
    """One daemon, as `psephos up` starts it; or of another cluster.json, then `status` does not
    know it by its process."""
    name = f"{role}-{number}" + ("" if replica is None else f"-{replica}")
    command = [BIN / f"psephos-{role}", "--cluster", cluster or one.directory / "cluster.json",
               f"--{role}", str(number)]
    if replica is not None:
        command += ["--replica", str(replica)]
    if role != "router":
        command += ["--data", one.directory / "data" / name]
    with open(one.directory / "logs" / f"{name}.log", "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
    if not cluster:
        (one.directory / "run" / f"{name}.pid").write_text(f"{process.pid}\n")
    return process


def status(one):
    done = one.call("status", "--json")
    return done, json.loads(done.stdout)


def state_of(one, replica):
    return next(p for p in status(one)[1]["processes"]
                if p["role"] == "shard" and p["replica"] == replica)


def leads(one, replicas):
    return next((r for r in replicas if state_of(one, r)["state"] == "leader"), None)


def metrics(one):
    return one.get("/metrics", local=True)[2].decode()


def kill(process_id):
    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: not is_running(process_id), what="the end of a killed process")


@pytest.fixture
def set_back(cluster, import_returns, fixture_file, tmp_path):
    """A cluster whose replicas 0 and 1 are down and have the state after 50 ballots; replica 2,
    which is stopped (SIGSTOP), and the collector know 80."""
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1,
                  up_options=["--replicas", 3])
    one.cast(ballots(tmp_path / "first.ndjson", one.election, 0, 50))
    one.down()
    for replica in range(3):
        shutil.copytree(one.directory / "data" / f"shard-0-{replica}", tmp_path / f"copy-{replica}")
    one.up()
    # In many entries, so that the log that grows again does not reach them at once.
    one.cast(ballots(tmp_path / "second.ndjson", one.election, 50, 30), "--rate", 50)
    assert one.accounting()["total"]["counted"] == 80
    agree = [f'psephos_replica_agrees{{shard="0",replica="{r}"}} 1' for r in range(3)]
    wait_until(lambda: all(line in metrics(one) for line in agree), timeout=DEADLINE_S)
    pids = {r: state_of(one, r)["pid"] for r in range(3)}
    os.kill(pids[2], signal.SIGSTOP)  # or it may win the next election, and nothing be lost
    for replica in (0, 1):
        kill(pids[replica])
        shutil.rmtree(one.directory / "data" / f"shard-0-{replica}")
        shutil.move(tmp_path / f"copy-{replica}", one.directory / "data" / f"shard-0-{replica}")
    one.trusted = pids[2]
    yield one
    if is_running(one.trusted):
        os.kill(one.trusted, signal.SIGCONT)


def test_what_was_shown_stays_and_the_one_that_has_it_is_named(set_back, tmp_path):
    one = set_back
    start(one, "shard", 0, 0)
    start(one, "shard", 0, 1)
    wait_until(lambda: 'psephos_diverged{shard="0"} 1' in metrics(one), timeout=DEADLINE_S)

    done, told = status(one)
    assert done.returncode == 1 and told["healthy"] is False
    assert any("trust replica 2: it has all that is shown" in text
               for text in told["divergences"]), told["divergences"]
    assert "trust replica 2" in done.stderr
    text = metrics(one)
    leader = leads(one, (0, 1))
    assert f'psephos_replica_agrees{{shard="0",replica="{leader}"}} 0' in text
    assert 'psephos_replica_agrees{shard="0",replica="2"} 1' in text
    log = (one.directory / "logs" / "collector-0.log").read_text()
    assert "trust replica" in log and "its log ends before what is shown" in log

    done = one.api_call("accounting")
    assert done.returncode == 1 and "replicas of shard 0 disagree" in done.stderr
    done = one.call("recount")
    assert done.returncode == 1 and "replicas disagree: collector 0" in done.stderr
    done = run_psephos("recount", "--dir", one.directory, "--api", one.api)
    assert done.returncode == 1 and "replicas that disagree" in done.stderr

    # Ballots go on to be counted by the two, past the index that was shown; nothing is merged.
    third = ballots(tmp_path / "third.ndjson", one.election, 1000, 120)

    def grown():
        one.call("cast", third, "--rate", 60, "--give-up-after", 1, timeout=180)
        return "another history before it" in (one.directory / "logs/collector-0.log").read_text()

    wait_until(grown, timeout=2 * DEADLINE_S)
    assert one.get_json("/api/v1/accounting")["total"]["counted"] == 80
    assert status(one)[0].returncode == 1

    # The way back: the two are stopped, the third one is copied and restored.
    for replica in (0, 1):
        kill(state_of(one, replica)["pid"])
    os.kill(one.trusted, signal.SIGCONT)
    backup = tmp_path / "backup"

    def backed_up():
        if not is_running(one.trusted):  # it had heard of the others' log, and ended
            one.trusted = start(one, "shard", 0, 2).pid
        return one.call("backup", "--out", backup).returncode == 0

    wait_until(backed_up, timeout=DEADLINE_S)
    one.down()
    shutil.move(one.directory / "data", tmp_path / "kept")
    one.call("restore", "--backup", backup, check=0)
    one.up()
    wait_until(lambda: one.get_json("/api/v1/accounting")["total"]["counted"] == 80,
               timeout=DEADLINE_S)
    wait_until(lambda: status(one)[0].returncode == 0, timeout=DEADLINE_S)
    assert one.api_call("accounting").returncode == 0
    assert one.call("recount").returncode == 0
    assert one.cast(tmp_path / "second.ndjson")["replayed"] == 30
    assert one.cast(third)["counted"] == 120


def test_when_all_are_set_back_every_process_is_well_and_status_ends_with_1(set_back, tmp_path):
    one = set_back
    kill(one.trusted)
    shutil.rmtree(one.directory / "data" / "shard-0-2")
    shutil.move(tmp_path / "copy-2", one.directory / "data" / "shard-0-2")
    one.up()
    wait_until(lambda: 'psephos_diverged{shard="0"} 1' in metrics(one), timeout=DEADLINE_S)
    done, told = status(one)
    assert {p["state"] for p in told["processes"]} <= {"leader", "follower", "ready", "stale"}
    assert done.returncode == 1 and told["healthy"] is False
    assert "no replica was seen to have what is shown" in told["divergences"][0]
    assert one.get_json("/api/v1/accounting")["total"]["counted"] == 80


def test_without_a_collector_the_replicas_themselves_show_it(set_back):
    """The two do not reach the third, nor it them: each answers for itself."""
    one = set_back
    kill(one.trusted)
    for path in (one.directory / "run").glob("*.pid"):  # `status` then asks by address
        pid = int(path.read_text())
        if is_running(pid):
            kill(pid)
        path.unlink()
    description = one.description
    address = description["shards"][0]["replicas"][2]["address"]
    cut = one.directory / "cut.json"
    cut.write_text(json.dumps(description).replace(address, "tcp://127.0.0.1:1"))
    alone = one.directory / "alone.json"
    for replica in (0, 1):
        description["shards"][0]["replicas"][replica]["address"] = f"tcp://127.0.0.1:{replica + 1}"
    alone.write_text(json.dumps(description))
    started = [start(one, "shard", 0, 0, cut), start(one, "shard", 0, 1, cut),
               start(one, "shard", 0, 2, alone)]
    try:
        wait_until(lambda: status(one)[1]["divergences"], timeout=DEADLINE_S)
        done, told = status(one)
        assert done.returncode == 1
        assert "leads with a log that ends at" in told["divergences"][0]
        assert told["divergences"][0].endswith("trust replica 2")
        assert told["divergences"][0] in done.stderr
        done = one.call("recount")
        assert done.returncode == 1 and "trust replica 2" in done.stderr
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_one_that_was_set_back_is_completed_and_nobody_is_alarmed(cluster, import_returns,
                                                                  fixture_file, tmp_path):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1,
                  up_options=["--replicas", 3])
    one.cast(ballots(tmp_path / "first.ndjson", one.election, 0, 50))
    one.down()
    data = one.directory / "data" / "shard-0-1"
    shutil.copytree(data, tmp_path / "copy")
    one.up()
    one.cast(ballots(tmp_path / "second.ndjson", one.election, 50, 30))
    one.down()
    shutil.rmtree(data)
    shutil.move(tmp_path / "copy", data)
    start(one, "collector", 0)
    start(one, "shard", 0, 0)
    start(one, "shard", 0, 2)
    wait_until(lambda: leads(one, (0, 2)) is not None, timeout=DEADLINE_S)
    one.up()
    wait_until(lambda: status(one)[0].returncode == 0, timeout=DEADLINE_S)
    wait_until(lambda: len({state_of(one, r)["state_hash"] for r in range(3)}) == 1,
               timeout=DEADLINE_S)
    assert status(one)[1]["divergences"] == []
    assert 'psephos_diverged{shard="0"} 0' in metrics(one)
    assert one.accounting()["total"]["counted"] == 80
