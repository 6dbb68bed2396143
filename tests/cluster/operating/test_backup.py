"""Backups are taken while ballots are counted, and a lost cluster comes back from one."""

import json
import shutil
import struct

import pytest

from casting import add, ballot, free_port, post, with_gateway
from harness import FIXTURES, SLOWER, run_psephos, wait_until
from test_crashes import (
    assert_exact,
    casting,
    county_returns,
    counted_so_far,
    finish_cast,
)  # noqa: F401
from sodium import signed
from test_replicas import caught_up, end, leader, replicas, wait_for_all
from test_round_trip import ballots_of


@pytest.fixture
def one(cluster, import_returns, county_returns):  # noqa: F811
    return cluster(import_returns(county_returns), shards=2, up_options=["--replicas", 3])


def backup(one, out, check=0):
    done = one.call("backup", "--out", out, check=check, timeout=60 * SLOWER)
    return json.loads((out / "backup.json").read_text()) if check == 0 else done.stderr


def restore(one, out, check=0):
    done = one.call("restore", "--backup", out, check=check, timeout=60 * SLOWER)
    return done.stdout if check == 0 else done.stderr


def restored(one, out):
    """All machines lost, restored, up again."""
    one.kill()
    shutil.rmtree(one.directory / "data")
    restore(one, out)
    one.up()
    wait_until(lambda: all(p["state"] in ("leader", "follower", "ready") for p in one.processes()),
               timeout=30 * SLOWER, what="a leader of each shard")


def as_the_shard_would_sign(one, backup, shard, **changes):
    """Its line of backup.json, changed, and signed with its own key: a replica whose memory was
    damaged (docs/storage.md, A backup's folder)."""
    line = backup["shards"][shard] | changes
    mode = {"live": 1, "test": 2}[backup["mode"]]
    statement = bytes.fromhex(backup["cluster_id"]) + struct.pack(
        "<IIQQQQQ", shard, mode, backup["epoch"], line["index"], line["term"], line["received"],
        line["counted"]) + bytes.fromhex(line["state_hash"])
    seed = bytes.fromhex((one.directory / f"keys/shard-{shard}-sign.key").read_text())
    return line | {"signature": signed(seed, b"psephos backup 1", statement).hex()}


def epochs(one):
    return {s["epoch"] for s in one.get_json("/api/v1/accounting")["version"]["shards"]}


def test_a_backup_under_load_is_restored_as_of_its_index(
    one, county_returns, tmp_path
):  # noqa: F811
    out = tmp_path / "backup"
    cast = casting(one, county_returns)
    wait_until(lambda: counted_so_far(one) > ballots_of(county_returns) // 5, what="a fifth")
    first = backup(one, out)
    second = backup(one, out)
    assert all(a["index"] < b["index"] for a, b in zip(first["shards"], second["shards"]))
    finish_cast(cast)
    restored(one, out)
    wait_for_all(one)
    shards = {s["shard"]: s for s in one.accounting()["shards"]}
    for saved in second["shards"]:
        shown = shards[saved["shard"]]
        assert (shown["received"], shown["counted"]) == (saved["received"], saved["counted"])
    assert one.accounting()["total"]["balanced"]
    one.recount()
    assert epochs(one) == {2}
    assert "from before a restore" in backup(one, out, check=1)
    backup(one, tmp_path / "next")

    # The ballots since are cast again; those in the backup get their first verdict.
    summary = one.cast("--returns", county_returns, "--seed", 5)
    counted_before = sum(s["counted"] for s in second["shards"])
    assert summary["counted"] + summary["replayed"] == ballots_of(county_returns)
    assert one.accounting()["total"]["counted"] == ballots_of(county_returns) > counted_before
    assert_exact(one, county_returns)


def test_a_restored_replica_restarts_and_can_be_replaced(
    one, county_returns, tmp_path
):  # noqa: F811
    out = tmp_path / "backup"
    one.cast("--returns", county_returns)
    gone = leader(one, 0)["replica"]
    one.call("replica", "replace", "--shard", 0, "--replica", gone, check=1)  # it leads: refused
    follower = (gone + 1) % 3
    one.call("replica", "replace", "--shard", 0, "--replica", follower, check=0)
    backup(one, out)  # has entries that changed the members
    restored(one, out)
    wait_for_all(one)
    one.kill()
    one.up()
    wait_for_all(one)
    follower = (leader(one, 0)["replica"] + 1) % 3
    one.call("replica", "replace", "--shard", 0, "--replica", follower, check=0)
    wait_until(lambda: caught_up(one, 0), timeout=30 * SLOWER, what="three replicas at one index")
    assert_exact(one, county_returns)


def test_what_cannot_be_restored_is_refused(one, county_returns, tmp_path):  # noqa: F811
    out = tmp_path / "backup"
    assert "no backup in this folder" in restore(one, tmp_path, check=1)
    one.cast("--returns", county_returns)
    backup(one, out)
    assert "still runs" in restore(one, out, check=1)
    one.down()
    assert "move it away" in restore(one, out, check=1)
    data, kept = one.directory / "data", one.directory / "data.old"
    data.rename(kept)

    chunk = next((out / "shard-1").glob("*.sealed"))
    good = chunk.read_bytes()
    chunk.write_bytes(good[:len(good) // 2])
    assert str(chunk) in restore(one, out, check=1)
    chunk.write_bytes(good)
    told = json.loads((out / "backup.json").read_text())
    told["shards"][0]["state_hash"] = "00" * 32
    saved = (out / "backup.json").read_text()
    (out / "backup.json").write_text(json.dumps(told))
    assert "was not signed by the shard" in restore(one, out, check=1)
    assert one.description["epoch"] == 1 and not data.exists()
    (one.directory / "data.restoring" / "shard-0-0").mkdir(parents=True)  # of one cut short
    told["cluster_id"] = "00" * 16
    (out / "backup.json").write_text(json.dumps(told))
    assert "another cluster" in restore(one, out, check=1)

    assert not data.exists()
    assert one.description["epoch"] == 1
    told = json.loads(saved)
    told["shards"][0] = as_the_shard_would_sign(one, told, 0, state_hash="00" * 32)
    (out / "backup.json").write_text(json.dumps(told))
    assert "is not what the shard had" in restore(one, out, check=1)
    one.call("restore", "--backup", out, "--as-recounted", check=0)
    assert one.description["epoch"] == 2
    assert json.loads((one.directory / "cluster.json.before-epoch-2").read_text())["epoch"] == 1
    one.up()
    wait_for_all(one)
    assert_exact(one, county_returns)


def test_a_backup_of_a_test_makes_no_live_cluster(cluster, import_returns, fixture_file, tmp_path):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1, up_options=["--test"])
    out = tmp_path / "backup"
    assert backup(one, out)["mode"] == "test"
    one.down()
    data = one.directory / "data"
    data.rename(one.directory / "data.old")
    restore(one, out)
    shutil.rmtree(data)
    file = one.directory / "cluster.json"
    file.write_text(file.read_text().replace('"test"', '"live"'))
    assert f"{out} is of a cluster of mode test (backup.json)" in restore(one, out, check=1)
    said = json.loads((out / "backup.json").read_text())
    live = said | {"mode": "live"}
    live["shards"] = [as_the_shard_would_sign(one, live, 0)]
    for told, words in ((said | {"mode": "live"}, "was not signed by the shard"),
                        (live, "is of a cluster of mode test (its journal)"),
                        (said | {"mode": "tested"}, '"mode" must be "live" or "test"')):
        (out / "backup.json").write_text(json.dumps(told))
        assert words in restore(one, out, check=1)
    assert not data.exists()


def test_an_old_machine_does_not_join_the_restored_cluster(
    one, county_returns, tmp_path
):  # noqa: F811
    out = tmp_path / "backup"
    one.cast("--returns", county_returns)
    backup(one, out)
    one.down()
    old = tmp_path / "old"
    shutil.copytree(one.directory / "data", old)
    shutil.rmtree(one.directory / "data")
    restore(one, out)
    data = one.directory / "data" / "shard-0-0"
    shutil.rmtree(data)
    shutil.copytree(old / "shard-0-0", data)
    told = one.up(check=1).stderr
    assert "shard-0-0 ended" in told and "epoch" in told


def test_one_replica_and_a_second_restore(
    cluster, import_returns, county_returns, tmp_path
):  # noqa: F811
    one = cluster(import_returns(county_returns), shards=2)
    first_ids = [r["raft_id"] for s in one.description["shards"] for r in s["replicas"]]
    one.cast("--returns", county_returns)
    backup(one, tmp_path / "first")
    restored(one, tmp_path / "first")
    second_ids = [r["raft_id"] for s in one.description["shards"] for r in s["replicas"]]
    backup(one, tmp_path / "second")
    stale = tmp_path / "stale"  # a machine that backs up, and has not heard of the restore
    (stale / "keys").mkdir(parents=True)
    shutil.copy(one.directory / "keys" / "operator.key", stale / "keys")
    shutil.copy(one.directory / "cluster.json.before-epoch-2", stale / "cluster.json")
    done = run_psephos("backup", "--dir", stale, "--out", tmp_path / "first")
    assert done.returncode == 3 and "it was restored" in done.stderr
    restored(one, tmp_path / "second")
    assert epochs(one) == {3}
    third_ids = [r["raft_id"] for s in one.description["shards"] for r in s["replicas"]]
    assert max(first_ids) < min(second_ids) and max(second_ids) < min(third_ids)
    assert_exact(one, county_returns)


def test_the_last_replica_and_the_other_shards_are_backed_up(
    one, county_returns, tmp_path
):  # noqa: F811
    out = tmp_path / "backup"
    one.cast("--returns", county_returns)
    backup(one, out)
    for process in replicas(one, 0)[:2]:
        end(process)
    wait_until(lambda: not replicas(one, 0, "leader"), what="no leader of shard 0")
    one.call("backup", "--out", tmp_path / "last", check=0)  # from the only one left
    end(next(p for p in replicas(one, 0) if p["state"] not in ("down", "not answering")))
    one.cast("--returns", county_returns, "--seed", 7, "--again", "--give-up-after", 8,
             check=3)
    before = json.loads((out / "backup.json").read_text())["shards"]
    assert "shard 0: no replica answers" in one.call("backup", "--out", out, check=3).stderr
    after = json.loads((out / "backup.json").read_text())["shards"]
    assert after[0] == before[0] and after[1]["counted"] > before[1]["counted"]
    one.kill()
    shutil.rmtree(one.directory / "data")
    restore(one, tmp_path / "last")
    one.up()
    wait_for_all(one)
    assert_exact(one, county_returns)


def test_a_backup_that_fails_removes_no_journals_that_were_there(cluster, tmp_path):
    """backup.json is lost, and the folder is then named again: by the same cluster without its
    operator's key, and by another one, whose shards are numbered alike."""
    out = tmp_path / "backup"
    first = cluster(FIXTURES / "town.json")
    backup(first, out)
    (out / "backup.json").unlink()
    journals = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert journals
    key = first.directory / "keys/operator.key"
    key.rename(tmp_path / "operator.key")
    backup(first, out, check=1)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == journals
    (tmp_path / "operator.key").rename(key)
    other = cluster(FIXTURES / "town.json", name="other")
    backup(other, out, check=1)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == journals
    assert backup(first, out)["shards"]  # they are good, and it goes on with them


def test_a_restore_without_the_roll_says_what_the_folder_must_hold(cluster, import_returns,
                                                                   fixture_file, tmp_path):
    election = import_returns(fixture_file("sparse.csv"))
    unit = next(u["id"] for u in json.loads(election.read_text())["units"]
                if u.get("ballot_styles"))
    roll = tmp_path / "roll.csv"
    roll.write_text(f"voter_id,unit\nada,{unit}\n")
    one = cluster(election, shards=1, up_options=["--roll", roll])
    said = one.call("backup", "--out", tmp_path / "b", check=0).stdout
    assert "cluster.json, keys and roll of DIR are needed, too" in said
    one.kill()
    shutil.rmtree(one.directory / "data")
    (one.directory / "roll").rename(tmp_path / "roll")
    said = restore(one, tmp_path / "b", check=1)
    assert "roll/shard-0.roll is missing: the folder of the cluster must hold cluster.json, keys " \
           "and roll; bring roll from a copy of it" in said
    assert "another backup" not in said
    (tmp_path / "roll").rename(one.directory / "roll")
    restore(one, tmp_path / "b")


def test_a_restore_names_the_gateways_new_address(cluster, tmp_path):
    one, old = with_gateway(cluster, FIXTURES / "town.json")
    out = tmp_path / "backup"
    token = add(one, "web")
    assert post(old, token, [ballot("a")])[2][0]["disposition"] == "counted"
    backup(one, out)
    one.kill()
    shutil.rmtree(one.directory / "data")
    page = one.description["collectors"][0]["http"]
    refused = one.call("restore", "--backup", out, "--gateway", page, check=1).stderr
    assert f"--gateway {page} is where the collector serves the page" in refused
    one.call("restore", "--backup", out, "--gateway", "8090", check=2)
    new = f"127.0.0.1:{free_port()}"
    one.call("restore", "--backup", out, "--gateway", new, check=0)
    one.call("up", check=0)
    assert post(new, token, [ballot("a"), ballot("b")])[2][0]["first"] == "counted"
    without = cluster(FIXTURES / "town.json", name="without")
    refused = without.call("restore", "--backup", out, "--gateway", new, check=1).stderr
    assert f"--gateway: the cluster in {without.directory} has none" in refused
