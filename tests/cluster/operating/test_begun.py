"""An empty log of a replica that has counted is refused, never counted from zero."""

import json
import shutil
import subprocess

import pytest

from harness import BIN, TIMEOUT_S, run_psephos
from test_backup import backup, restore
from test_crashes import county_returns  # noqa: F401
from test_replicas import caught_up, end, leader, replicas, wait_for_all
from harness import SLOWER, wait_until


@pytest.fixture
def lone(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1)
    one.cast("--returns", fixture_file("sparse.csv"))
    return one


@pytest.fixture
def three(cluster, import_returns, fixture_file):
    return cluster(import_returns(fixture_file("sparse.csv")), shards=2,
                   up_options=["--replicas", 3])


def marker(one, shard=0, replica=0):
    return one.directory / "begun" / f"shard-{shard}-{replica}"


def data(one, shard=0, replica=0):
    return one.directory / "data" / f"shard-{shard}-{replica}"


def said(one, shard=0, replica=0):
    """What the marker holds, and what it is to hold."""
    description = one.description
    held = json.loads(marker(one, shard, replica).read_text())
    ids = {r["replica"]: r["raft_id"] for r in description["shards"][shard]["replicas"]}
    return held, {"format": 1, "cluster_id": description["cluster_id"],
                  "epoch": description["epoch"], "raft_id": ids[replica]}


def run_shard(one):
    """The daemon alone: (exit code, last line)."""
    done = subprocess.run([BIN / "psephos-shard", "--cluster", one.directory / "cluster.json",
                           "--shard", "0", "--replica", "0", "--data", data(one)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT_S)
    return done.returncode, done.stderr.splitlines()[-1]


def test_up_marks_every_replica_that_takes_part(three):
    for shard in range(2):
        for replica in range(3):
            held, wanted = said(three, shard, replica)
            assert held == wanted
    assert not list((three.directory / "data").rglob("begun*"))


@pytest.mark.parametrize("loss", ["emptied", "gone", "whole data folder"])
def test_a_lone_replica_without_its_data_is_refused_with_words(lone, loss):
    counted = lone.accounting()["total"]["counted"]
    lone.down()
    kept = lone.directory / "kept"
    taken = lone.directory / "data" if loss == "whole data folder" else data(lone)
    taken.rename(kept)
    if loss == "emptied":
        taken.mkdir()
    code, line = run_shard(lone)
    assert code == 1 and str(data(lone) / "log") in line and str(marker(lone)) in line
    assert "mounted" in line and "restore the cluster from a backup" in line
    told = lone.up(check=1)
    assert "ready to count" not in told.stdout
    assert "shard-0-0: " in told.stderr and str(marker(lone)) in told.stderr
    # Nothing was made where a disk is to be mounted.
    assert list(taken.iterdir()) == [] if loss == "emptied" else not taken.exists()
    lone.down()
    shutil.rmtree(taken, ignore_errors=True)
    kept.rename(taken)
    lone.up()
    assert lone.accounting()["total"]["counted"] == counted > 0


def test_a_first_start_that_was_cut_short_goes_on(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1)
    one.down()
    for folder in ("begun", "data"):  # killed before it had either
        shutil.rmtree(one.directory / folder)
    one.up()
    assert said(one)[0] == said(one)[1]


def test_a_replica_of_three_that_lost_its_folder_is_named_and_replaced(three):
    gone = replicas(three, 0, "follower")[0]
    number = gone["replica"]
    end(gone)
    shutil.rmtree(data(three, 0, number))
    told = three.up(check=1).stderr
    assert f"shard-0-{number}: " in told and "psephos replica replace" in told
    assert not data(three, 0, number).exists()
    before = said(three, 0, number)[0]["raft_id"]
    three.call("replica", "replace", "--shard", 0, "--replica", number, check=0)
    held, wanted = said(three, 0, number)
    assert held == wanted and held["raft_id"] == before + 256
    three.up()
    wait_for_all(three)
    # Under the new ID, too.
    end(next(p for p in replicas(three, 0) if p["replica"] == number))
    shutil.rmtree(data(three, 0, number))
    assert f"shard-0-{number}: " in three.up(check=1).stderr


def test_all_lose_their_disk_and_what_is_left_starts(three):
    number = (leader(three, 0)["replica"] + 1) % 3
    three.kill()
    shutil.rmtree(data(three, 0, number))
    assert f"shard-0-{number}: " in three.up(check=1).stderr
    three.call("replica", "replace", "--shard", 0, "--replica", number, check=0)
    wait_until(lambda: caught_up(three, 0), timeout=30 * SLOWER, what="three replicas again")


def test_a_new_id_is_not_marked_before_it_votes(three):
    gone = replicas(three, 1, "follower")[0]
    number = gone["replica"]
    marker(three, 1, number).unlink()  # of a version that wrote none
    three.call("replica", "new-id", "--shard", 1, "--replica", number, check=0)
    again = json.loads(three.call("replica", "begun", "--json", check=0).stdout)
    assert again == {"replicas": 6, "written": 0}
    held, wanted = said(three, 1, number)  # the process still runs under its old ID
    assert held["raft_id"] == wanted["raft_id"] - 256
    end(gone)
    shutil.rmtree(data(three, 1, number))
    assert "waits to be made a member" in three.up(check=1).stderr
    three.call("replica", "replace", "--shard", 1, "--replica", number, check=0)
    held, wanted = said(three, 1, number)
    assert held == wanted


def test_markers_are_written_by_call_and_named_when_a_replica_is_away(three):
    shutil.rmtree(three.directory / "begun")
    assert "; 6 written now" in three.call("replica", "begun", check=0).stdout
    assert "; 0 written now" in three.call("replica", "begun", check=0).stdout
    assert marker(three).exists()
    shutil.rmtree(three.directory / "begun")
    three.call("open", check=0)
    assert said(three, 1, 2)[0] == said(three, 1, 2)[1]
    three.call("replica", "begun", "--shard", 0, check=2)


def test_a_restore_renews_the_markers(lone, tmp_path):
    counted = lone.accounting()["total"]["counted"]
    backup(lone, tmp_path / "backup")
    lone.kill()
    shutil.rmtree(lone.directory / "data")
    lone.up(check=1)
    lone.down()
    restore(lone, tmp_path / "backup")
    held, wanted = said(lone)
    assert held == wanted and held["epoch"] == 2
    lone.up()
    assert lone.accounting()["total"]["counted"] == counted
    # The cluster.json of before would have begun a second count.
    lone.down()
    shutil.rmtree(data(lone))
    newest = (lone.directory / "cluster.json").read_text()
    shutil.copy(lone.directory / "cluster.json.before-epoch-2", lone.directory / "cluster.json")
    code, line = run_shard(lone)
    assert code == 1 and "is of epoch 2, cluster.json of epoch 1" in line
    (lone.directory / "cluster.json").write_text(newest)


def test_a_marker_of_another_cluster_is_named(lone):
    lone.down()
    held = json.loads(marker(lone).read_text())
    held["cluster_id"] = "00" * 16
    marker(lone).write_text(json.dumps(held))
    told = lone.up(check=1).stderr  # it has its log and counts: no marker is asked
    assert "delete the file" in told and len(lone.pids()) == 3
    lone.down()
    shutil.rmtree(data(lone))
    code, line = run_shard(lone)
    assert code == 1 and str(marker(lone)) in line and "another cluster" in line
    assert str(marker(lone)) in lone.up(check=1).stderr


def test_layout_for_other_machines_needs_no_data(lone, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("one 10.0.0.1 router shard collector\n")
    folder = tmp_path / "far"
    for _ in range(2):
        run_psephos("up", "--dir", folder, "--election", lone.election, "--hosts", hosts, check=0)
        (folder / "begun").mkdir(exist_ok=True)
        description = json.loads((folder / "cluster.json").read_text())
        (folder / "begun" / "shard-0-0").write_text(json.dumps(
            {"format": 1, "cluster_id": description["cluster_id"], "epoch": 1, "raft_id": 1}))
        shutil.rmtree(folder / "data", ignore_errors=True)
