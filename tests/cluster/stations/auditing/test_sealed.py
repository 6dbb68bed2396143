"""A backup is what shards sent, opens for auditors alone, and any replica goes on with it."""

import json
import os
import shutil

import pytest

import journals
from harness import FIXTURES, SLOWER, run_psephos, wait_until
from python_client import Client, ballot
from sodium import signed
from test_backup import as_the_shard_would_sign, backup, restore
from test_replicas import caught_up, end, replicas

TOWN = FIXTURES / "town.json"


def cast(one, first, n, each=False):
    """Ballots of n voters; `each`: an entry of the log for each."""
    client = Client(one.directory)
    ballots = [ballot(f"voter-{i}", "north-1", "booth", {"mayor": ["bob"]})
               for i in range(first, first + n)]
    receipts = [receipt for part in ([[x] for x in ballots] if each else [ballots])
                for receipt in client.cast(part)]
    client.close()
    assert {receipt.verdict for receipt in receipts} == {"counted"}


@pytest.fixture
def audited(cluster, tmp_path):
    """audited(...) -> a cluster whose backups `court` and `press` can open, and nobody else."""
    for name in ("court", "press", "other"):
        run_psephos("auditor", "keygen", tmp_path / f"{name}.key", check=0)

    def make(**options):
        return cluster(TOWN, up_options=["--auditor-key", tmp_path / "court.key.pub",
                                         "--auditor-key", f"second={tmp_path / 'press.key.pub'}",
                                         *options.pop("up_options", ())], **options)
    return make


def lose(one):
    one.kill()
    shutil.rmtree(one.directory / "data")


def recount(one, out, *options, check=0):
    done = one.call("recount", "--offline", "--backup", out, *options, check=check)
    return done.stdout if check == 0 else done.stderr


def written(out, told):
    (out / "backup.json").write_text(json.dumps(told))


def file_of(out, shard, chunk):
    return out / f"shard-{shard}" / f"{chunk['first']:016x}-{chunk['last']:016x}.sealed"


def test_each_auditor_opens_it_and_nobody_else(audited, tmp_path):
    one, out = audited(), tmp_path / "b"
    assert [auditor["name"] for auditor in one.description["auditors"]] == ["court", "second"]
    assert not (one.directory / "keys/auditor.key").exists()
    cast(one, 0, 100)
    backup(one, out)
    for name in ("court", "press"):
        told = json.loads(recount(one, out, "--auditor-key", tmp_path / f"{name}.key", "--json"))
        assert told["total"]["counted"] == 100
    assert "--auditor-key FILE is needed" in recount(one, out, check=1)
    other = ("--auditor-key", tmp_path / "other.key")
    assert "the key of none of the auditors" in recount(one, out, *other, check=1)
    described = one.description
    described["auditors"].append({"name": "late", "public_key":
                                  (tmp_path / "other.key.pub").read_text().strip()})
    (one.directory / "cluster.json").write_text(json.dumps(described))
    assert "was not sealed for this auditor's key" in recount(one, out, *other, check=1)
    lose(one)
    assert "--auditor-key FILE is needed" in restore(one, out, check=1)
    assert "not sealed for this auditor" in one.call("restore", "--backup", out, *other,
                                                     check=1).stderr
    assert not (one.directory / "data").exists()
    one.call("restore", "--backup", out, "--auditor-key", tmp_path / "press.key", check=0)


def test_an_auditors_key_is_the_auditors_alone_and_made_once(audited, tmp_path):
    one, key = audited(shards=1), tmp_path / "court.key"
    public = key.with_name("court.key.pub").read_text().strip()
    assert (key.stat().st_mode & 0o777, len(public)) == (0o600, 40)
    assert one.description["auditors"][0] == {"name": "court", "public_key": public}
    held = key.read_bytes()
    assert "never overwritten" in run_psephos("auditor", "keygen", key, check=1).stderr
    assert key.read_bytes() == held
    for wrong in ([], ["keygen"], ["keygen", key, key], ["show", key]):
        run_psephos("auditor", *wrong, check=2)
    assert "stays on the auditor's machine" in run_psephos(
        "up", "--dir", tmp_path / "new", "--election", TOWN, "--auditor-key", key, check=2).stderr
    told = one.up("--auditor-key", tmp_path / "other.key.pub", check=1).stderr
    assert "another --auditor-key" in told


def test_without_an_auditor_up_makes_one_and_says_what_that_means(cluster, tmp_path):
    one = cluster(TOWN, start=False)
    told = one.up().stderr
    assert f"{one.directory}/keys/auditor.key was made" in told and "can read every ballot" in told
    assert one.up().stderr == ""
    cast(one, 0, 10)
    backup(one, tmp_path / "b")
    assert "the journals give these books" in recount(one, tmp_path / "b")


def test_what_was_changed_cut_or_swapped_is_refused(audited, tmp_path):
    one, out, key = audited(), tmp_path / "b", ("--auditor-key", tmp_path / "court.key")
    cast(one, 0, 200)
    said = backup(one, out)
    files = [file_of(out, shard, said["shards"][shard]["chunks"][0]) for shard in range(2)]
    good = [file.read_bytes() for file in files]

    def refused(words):
        told = recount(one, out, *key, check=1)
        assert words in told, told
        for file, data in zip(files, good):
            file.write_bytes(data)
        written(out, said)

    data = bytearray(good[0])
    data[len(data) // 2] ^= 1
    files[0].write_bytes(data)
    refused(f"{files[0]} is not what shard 0 signed")
    files[0].write_bytes(good[0][:-1])
    refused(f"{files[0]} is not what shard 0 signed")
    files[1].unlink()
    refused(f"{files[1]}: No such file")
    # The other shard's records, whole: its file, and its line of the manifest with it.
    told = json.loads(json.dumps(said))
    told["shards"][1] = told["shards"][0] | {"shard": 1}
    written(out, told)
    shutil.copy(files[0], file_of(out, 1, told["shards"][0]["chunks"][0]))
    refused("what it says of shard 1 was not signed by the shard")
    told["shards"][1] = as_the_shard_would_sign(one, told, 1)  # that alone does not do it
    written(out, told)
    shutil.copy(files[0], file_of(out, 1, told["shards"][0]["chunks"][0]))
    refused("is not what shard 1 signed")
    # Signed, but with other keys: the other shard's, and anybody's.
    for seed in (bytes.fromhex((one.directory / "keys/shard-1-sign.key").read_text()),
                 os.urandom(32)):
        told = json.loads(json.dumps(said))
        told["shards"][0]["signature"] = signed(seed, b"psephos backup 1", b"").hex()
        written(out, told)
        refused("was not signed by the shard")
    told = json.loads(json.dumps(said))
    told["shards"][0]["signature"] = None
    written(out, told)
    refused("was not signed by the shard")
    told["shards"][0] = said["shards"][0] | {"chunks": []}
    written(out, told)
    refused('"chunks" end before "index"')
    assert "the journals give these books" in recount(one, out, *key)


def test_chunks_of_an_earlier_epoch_are_not_taken(audited, tmp_path):
    one, first, second = audited(shards=1), tmp_path / "1", tmp_path / "2"
    key = ("--auditor-key", tmp_path / "court.key")
    cast(one, 0, 50)
    early = backup(one, first)
    lose(one)
    one.call("restore", "--backup", first, *key, check=0)
    one.up()
    late = backup(one, second)
    assert (early["epoch"], late["epoch"]) == (1, 2)
    old, new = early["shards"][0]["chunks"][0], late["shards"][0]["chunks"][0]
    late["shards"][0]["chunks"][0] = old | {"last": new["last"]}
    shutil.copy(file_of(first, 0, old), file_of(second, 0, new))
    written(second, late)
    assert "is not what shard 0 signed" in recount(one, second, *key, check=1)


def test_any_replica_goes_on_with_what_another_began(audited, tmp_path):
    one, out = audited(shards=1, up_options=["--replicas", 3]), tmp_path / "b"
    cast(one, 0, 50)
    wait_until(lambda: caught_up(one, 0), timeout=30 * SLOWER, what="three at one index")
    asked = json.loads(one.call("backup", "--out", out, "--json", check=0).stdout)
    began = asked["shards"][0]["replica"]
    end(next(p for p in replicas(one, 0) if p["replica"] == began))
    wait_until(lambda: replicas(one, 0, "leader"), timeout=30 * SLOWER, what="a leader")
    cast(one, 50, 50)
    asked = json.loads(one.call("backup", "--out", out, "--json", check=0).stdout)
    assert asked["shards"][0]["replica"] != began and asked["shards"][0]["counted"] == 100
    lose(one)
    one.call("restore", "--backup", out, "--auditor-key", tmp_path / "court.key", check=0)
    one.up()
    wait_until(lambda: caught_up(one, 0), timeout=30 * SLOWER, what="three at one index")
    assert one.accounting()["total"]["counted"] == 100
    one.recount()


def test_a_replica_with_other_records_does_not_go_on(audited, tmp_path):
    one, out = audited(shards=1), tmp_path / "b"
    cast(one, 0, 50)
    said = backup(one, out)
    said["shards"][0]["chunks"][0]["hash"] = "00" * 32
    written(out, said)
    assert "differ in entries 1 to" in backup(one, out, check=1)


def test_a_backup_grows_by_chunks_and_an_open_one_is_replaced(audited, tmp_path):
    one, out = audited(shards=1), tmp_path / "b"
    cast(one, 0, 40)
    first = backup(one, out)["shards"][0]["chunks"]
    assert len(first) == 1 and first[0]["last"] < 1024
    cast(one, 40, 1100, each=True)
    second = backup(one, out)["shards"][0]["chunks"]
    assert [(c["first"], c["last"]) for c in second][0] == (1, 1024) and len(second) == 2
    names = [file_of(out, 0, chunk) for chunk in second]
    assert sorted((out / "shard-0").iterdir()) == names
    closed = names[0].stat().st_mtime_ns, names[0].read_bytes()
    cast(one, 1140, 1)
    third = backup(one, out)["shards"][0]["chunks"]
    assert third[0] == second[0] and third[1]["last"] > second[1]["last"]
    assert (names[0].stat().st_mtime_ns, names[0].read_bytes()) == closed
    assert sorted((out / "shard-0").iterdir()) == [names[0], file_of(out, 0, third[1])]
    own = list(journals.of_log(one.directory / "data/shard-0-0/log"))
    there = list(journals.of_backup(out, 0, tmp_path / "court.key"))
    assert there == own[:len(there)] and len(there) == third[1]["last"]


def test_a_backup_of_0_1_0_is_neither_added_to_nor_restored(audited, tmp_path):
    one, out = audited(shards=1), tmp_path / "b"
    cast(one, 0, 10)
    said = backup(one, out)
    said["format"] = 1
    for shard in said["shards"]:
        del shard["signature"], shard["chunks"]
    written(out, said)
    assert "holds a backup of Psephos 0.1.0" in backup(one, out, check=1)
    assert "signed and sealed" in recount(one, out, check=1)
    lose(one)
    assert "0.1.0, which alone restores it" in restore(one, out, check=1)
