"""Three replicas, each on a small disk of its own, which fills while ballots are counted."""

import os
import shutil
import subprocess

import pytest

from harness import SLOWER, is_running, wait_until
from test_crashes import (
    assert_exact,
    casting,
    county_returns,
    counted_so_far,
    finish_cast,
)  # noqa: F401
from test_replicas import leader, wait_for_all
from test_round_trip import ballots_of

DISK = "size=64m"


@pytest.fixture
def disks(tmp_path):
    """mount(folder): puts a file system of 64 MiB where the folder is; needs root."""
    mounted = []

    def mount(folder):
        kept = tmp_path / f"kept-{folder.name}"
        folder.rename(kept)
        folder.mkdir()
        done = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", folder], capture_output=True)
        if not done or done.returncode != 0:
            pytest.skip("a small file system cannot be mounted here (root needed)")
        mounted.append(folder)
        shutil.copytree(kept, folder, dirs_exist_ok=True)
    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def one(disks, cluster, import_returns, county_returns):  # noqa: F811
    # disks comes first so that the cluster ends before its disks do.
    made = cluster(import_returns(county_returns), shards=2, up_options=["--replicas", 3])
    made.down()
    for shard in range(2):
        for replica in range(3):
            disks(folder_of(made, shard, replica))
    made.up()
    wait_for_all(made)
    return made


def folder_of(one, shard, replica):
    return one.directory / "data" / f"shard-{shard}-{replica}"


def fill(folder):
    with open(folder / "filler", "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def log_of(one, shard, replica):
    return (one.directory / "logs" / f"shard-{shard}-{replica}.log").read_text()


def ended(one, shard, replica, pid):
    wait_until(lambda: not is_running(pid), timeout=30 * SLOWER, what="the end of the process")
    assert "the disk is full" in log_of(one, shard, replica)


def test_one_full_disk_costs_that_replica_and_nothing_else(one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 5, what="a fifth")
    for shard, who in ((0, "leader"), (1, "follower")):
        first = leader(one, shard)
        gone = next(p for p in one.processes() if p["role"] == "shard" and p["shard"] == shard
                    and (p["replica"] == first["replica"]) == (who == "leader"))
        fill(folder_of(one, shard, gone["replica"]))
        ended(one, shard, gone["replica"], gone["pid"])
    assert finish_cast(cast)["counted"] == ballots_of(county_returns)
    assert_exact(one, county_returns)
    for filler in one.directory.glob("data/*/filler"):
        filler.unlink()
    one.up()
    wait_for_all(one)
    assert_exact(one, county_returns)


# promise 1
def test_all_disks_full_stops_the_count_until_there_is_room(one, county_returns):  # noqa: F811
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 5, what="a fifth")
    before = [p for p in one.processes() if p["role"] == "shard"]
    for p in before:
        fill(folder_of(one, p["shard"], p["replica"]))
    # Two of three must have written: when they cannot, nobody does, and a third may live on.
    wait_until(
        lambda: all(
            sum(not is_running(p["pid"]) for p in before if p["shard"] == shard) >= 2
            for shard in range(2)
        ),
        timeout=30 * SLOWER,
        what="the end of two of three",
    )
    for p in before:
        if not is_running(p["pid"]):
            assert "the disk is full" in log_of(one, p["shard"], p["replica"])
    assert cast.poll() is None, "the cast must wait: nothing it sent is decided"
    counted = counted_so_far(one)

    for filler in one.directory.glob("data/*/filler"):
        filler.unlink()
    one.up()
    assert finish_cast(cast)["counted"] == ballots_of(county_returns)
    assert one.accounting()["total"]["counted"] >= counted
    wait_for_all(one)
    assert_exact(one, county_returns)
