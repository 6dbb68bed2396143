"""What `accounting`, `status`, `backup`, `restore` and an off-line recount know of: each provoked
by itself, exit status 1, and the difference is named."""

import json
import os
import shutil
import signal

import pytest

from altered import altered
from harness import FIXTURES, run_psephos, wait_until
from test_set_back import ballots, kill, start

DEADLINE_S = 60


@pytest.fixture
def one(cluster):
    return cluster(FIXTURES / "town.json", shards=2)


def test_books_that_do_not_add_up(one):
    def books(alter):
        return {"/api/v1/accounting": alter}

    def total(answer):
        answer["total"]["counted"] += 1

    def shard(answer):
        answer["shards"][1]["double_vote"] += 1

    def both(answer):  # each balances, and they are not the total
        for name in ("received", "counted", "added_ballots", "voters_counted"):
            answer["shards"][0][name] += 1

    def diverged(answer):
        answer["shards"][1]["diverged"] = True

    assert run_psephos("accounting", "--api", one.api).returncode == 0
    for alter in (total, shard, both):
        with altered(one.api, others=books(alter)) as url:
            done = run_psephos("accounting", "--api", url, check=1)
            assert "the books do not balance" in done.stderr, alter
    with altered(one.api, others={"/api/v1/shards": diverged}) as url:
        done = run_psephos("accounting", "--api", url, check=1)
        assert "replicas of shard 1 disagree" in done.stderr


def test_what_status_sees(one):
    wait_until(lambda: one.call("status").returncode == 0, timeout=DEADLINE_S)
    router = one.pids("router")[0]
    os.kill(router, signal.SIGSTOP)
    done = one.call("status", check=1)
    assert any("router-0" in line and "not answering" in line for line in done.stdout.splitlines())
    os.kill(router, signal.SIGCONT)
    wait_until(lambda: one.call("status").returncode == 0, timeout=DEADLINE_S)
    kill(one.pids("shard", shard=1)[0])
    done = one.call("status", check=1)
    assert any("shard-1-0" in line and "down" in line for line in done.stdout.splitlines())
    one.call("close", check=1)  # one shard of two
    one.up(check=None)
    wait_until(lambda: all(p["state"] != "down" for p in one.processes()), timeout=DEADLINE_S)
    done = one.call("status", check=1)
    assert "partly closed" in done.stdout.lower()


@pytest.fixture
def lone(cluster, tmp_path):
    """One replica, 30 ballots counted."""
    one = cluster(FIXTURES / "town.json", shards=1)
    one.cast(ballots(tmp_path / "first.ndjson", one.election, 0, 30))
    return one


def backup(one, out, check=0):
    done = one.call("backup", "--out", out, check=check)
    return done.stderr


def test_a_backup_of_another_history(lone, tmp_path):
    one, out = lone, tmp_path / "backup"
    one.down()
    data = one.directory / "data"
    shutil.copytree(data / "shard-0-0", tmp_path / "older")
    one.up()
    one.cast(ballots(tmp_path / "second.ndjson", one.election, 100, 30), "--rate", 60)
    backup(one, out)
    one.down()
    shutil.rmtree(data / "shard-0-0")
    shutil.move(tmp_path / "older", data / "shard-0-0")
    start(one, "shard", 0, 0)  # no collector, which would end it
    start(one, "router", 0)
    wait_until(lambda: any(p["role"] == "shard" and p["state"] == "leader"
                           for p in one.processes()), timeout=DEADLINE_S)
    assert "has all that the backup holds" in backup(one, out, check=3)
    third = ballots(tmp_path / "third.ndjson", one.election, 1000, 120)

    def grown():
        one.call("cast", third, "--rate", 60, "--give-up-after", 1, timeout=180)
        return one.call("backup", "--out", out).returncode == 1

    wait_until(grown, timeout=2 * DEADLINE_S)
    assert "one of them is of another history" in backup(one, out, check=1)


def alterations(out):
    """(what it is called, how it is altered, what both say)."""
    chunk = next((out / "shard-0").glob("*.sealed"))
    good, told = chunk.read_bytes(), (out / "backup.json").read_text()

    def spoil():
        chunk.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))

    def cut():
        chunk.write_bytes(good[:-7])

    def number(name):
        def alter():
            changed = json.loads(told)
            changed["shards"][0][name] += 1
            (out / "backup.json").write_text(json.dumps(changed))
        return alter

    yield "a bit of a file", spoil, "is not what shard 0 signed"
    yield "a file cut short", cut, "is not what shard 0 signed"
    yield "a file that is gone", chunk.unlink, "No such file"
    for name in ("counted", "received", "term"):
        yield name, number(name), "was not signed by the shard"
    yield "index", number("index"), '"chunks" end before "index"'

    def mend():
        chunk.write_bytes(good)
        (out / "backup.json").write_text(told)

    yield "nothing", mend, None


def test_a_backup_that_was_altered(lone, tmp_path):
    one, out = lone, tmp_path / "backup"
    backup(one, out)
    one.down()
    (one.directory / "data").rename(tmp_path / "data")
    recount = ["recount", "--dir", one.directory, "--offline", "--backup", out]
    assert run_psephos(*recount).returncode == 0
    steps = list(alterations(out))
    mend = steps[-1][1]
    for name, alter, words in steps[:-1]:
        alter()
        done = run_psephos(*recount, check=1)
        assert words in done.stderr, (name, done.stderr)
        done = one.call("restore", "--backup", out, check=1)
        assert words in done.stderr, (name, done.stderr)
        assert one.description["epoch"] == 1
        mend()
    key = one.directory / "keys" / "auditor.key"
    key.rename(tmp_path / "auditor.key")
    run_psephos("auditor", "keygen", key, check=0)  # another auditor's
    assert "of none of the auditors" in run_psephos(*recount, check=1).stderr
    key.unlink()
    (tmp_path / "auditor.key").rename(key)
    assert one.call("restore", "--backup", out).returncode == 0


def test_a_backup_of_others_and_one_that_lacks_a_file(lone, cluster, tmp_path):
    one, out = lone, tmp_path / "backup"
    backup(one, out)
    other = cluster(FIXTURES / "town.json", shards=1, name="other")
    assert "a backup of another cluster" in backup(other, out, check=1)
    other.down()
    chunk = next((out / "shard-0").glob("*.sealed"))
    chunk.unlink()  # it is fetched again
    one.cast(ballots(tmp_path / "second.ndjson", one.election, 100, 5))
    backup(one, out)
    run_psephos("recount", "--dir", one.directory, "--offline", "--backup", out, check=0)
