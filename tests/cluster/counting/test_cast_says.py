"""What `psephos cast` says when it cannot go on, and where a message points."""

import json
import os
import resource
import subprocess
import time

import pytest

from harness import BIN, FIXTURES, run_psephos

TOWN = FIXTURES / "town.json"


def ballots(path, n=3, line=None):
    lines = [json.dumps({"voter_id": f"v{i}", "unit": "north-1", "method": "booth",
                         "contests": {}}) for i in range(n)]
    if line is not None:
        lines.insert(1, line)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_cluster_that_does_not_answer_is_told_within_three_seconds(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    one.down()
    file = ballots(tmp_path / "b.ndjson")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    with subprocess.Popen([BIN / "psephos", "cast", "--dir", one.directory, file,
                           "--give-up-after", "8"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as caster:
        first = caster.stderr.readline()
        told_after = time.monotonic() - begun
        rest = caster.communicate(timeout=60)[1]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "nothing answers at tcp://127.0.0.1:" in first
    assert "3 ballots wait, giving up after 8 s" in first
    assert told_after < 3.5 # 2.5, and the start of the process
    assert "nothing answers at" in rest # and once more meanwhile
    assert "no verdict for 8 s" in rest
    assert caster.returncode == 3
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert busy < 3, f"{busy} s of processor time while nothing answered"


def test_a_message_names_the_file_and_the_line(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    file = ballots(tmp_path / "odd.ndjson", line="not json")
    done = one.call("cast", file, check=1)
    assert f"psephos cast: {file}:2: " in done.stderr
    assert done.returncode == 1


def test_a_file_that_cannot_be_read_is_named(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    assert one.call("cast", tmp_path, check=1).stderr == \
        f"psephos cast: {tmp_path}: cannot be read: Is a directory\n"
    assert one.call("cast", tmp_path / "none", check=1).stderr == \
        f"psephos cast: {tmp_path}/none: not found\n"


def test_a_byte_order_mark_is_called_that(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    file = ballots(tmp_path / "marked.ndjson")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    done = one.call("cast", file, check=1)
    assert done.stderr.splitlines() == [
        f"psephos cast: {file}:1: begins with a byte order mark: save the file as UTF-8 "
        "without one",
        "psephos cast: 1 line could not be read"]
    assert one.accounting()["total"]["counted"] == 2


@pytest.mark.parametrize("call", ["cast", "results", "accounting", "status"])
def test_without_a_cluster_the_call_that_makes_one_is_named(tmp_path, call):
    file = [ballots(tmp_path / "b.ndjson")] if call == "cast" else []
    for folder in (tmp_path / "none", tmp_path):
        done = run_psephos(call, "--dir", folder, *file, check=1)
        assert done.returncode == 1
        assert done.stderr == (f"psephos {call}: {folder} holds no cluster; "
                               f"`psephos up --dir {folder} --election FILE` makes one\n")


def test_permission_denied_is_called_that(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    secret = ballots(tmp_path / "secret.ndjson")
    os.chmod(secret, 0)
    as_somebody = {"user": 65534} if os.geteuid() == 0 else {}
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        if os.geteuid() == 0:
            os.chmod(folder, 0o755)
    done = subprocess.run([BIN / "psephos", "cast", "--cluster", one.directory / "cluster.json",
                           "--key", one.directory / "clients/local.key", secret],
                          capture_output=True, text=True, timeout=30, **as_somebody)
    assert done.returncode == 1
    assert "permission denied" in done.stderr.lower()
