"""What `psephos cast` says when it cannot go on, and where a message points."""

import json
import os
import resource
import subprocess
import time

import pytest

from harness import BIN, FIXTURES, psephos_for_others, run_psephos

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
    if os.geteuid() == 0:
        for folder in [tmp_path, *(at for at in tmp_path.parents if "pytest-of" in str(at))]:
            os.chmod(folder, 0o755)
        for path in [one.directory, *one.directory.rglob("*")]:
            os.chown(path, 65534, 65534)
    done = subprocess.run([psephos_for_others(tmp_path), "cast", "--cluster",
                           one.directory / "cluster.json", "--key",
                           one.directory / "clients/local.key", secret],
                          capture_output=True, text=True, timeout=30, **as_somebody)
    assert done.returncode == 1
    assert f"{secret}: permission denied" in done.stderr


def verdicts_of(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["line"]: line for line in lines}


def test_verdicts_have_a_line_for_each_line_of_the_file(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    good = {"voter_id": "ann", "unit": "north-1", "method": "booth", "contests": {}}
    lines = [
        good,
        good | {"voter_id": "bob", "unit": "nort"},
        good | {"ballot_id": "0123456789abcdef0123456789abcdef"},
        "no ballot",
        good | {"voter_id": "cy", "method": "pigeon"},
        good | {"voter_id": "di", "contests": {"sheriff": ["x"]}},
        good | {"voter_id": "ed", "contests": {"mayor": ["nobody"]}},
        good | {"voter_id": "flo", "unit": "north"},
        good | {"voter_id": "gus"},
        good | {"voter_id": "hal", "weight": 2},
    ]
    file, out = tmp_path / "b.ndjson", tmp_path / "verdicts.ndjson"
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n"
                            for line in lines))
    done = one.call("cast", file, "--verdicts", out, check=1)
    got = verdicts_of(out)
    assert sorted(got) == list(range(1, 11))
    assert set(got[1]) == {"line", "ballot_id", "disposition", "first", "shard", "index", "reason"}
    assert [got[n]["disposition"] for n in range(1, 11)] == [
        "counted", "invalid", "double_vote", None, "invalid", "invalid", "invalid", "invalid",
        "counted", None]
    assert got[1]["reason"] is None and got[1]["first"] == "counted" and got[1]["shard"] == 0
    assert got[1]["index"] > 0 and len(got[1]["ballot_id"]) == 32
    assert got[2]["reason"] == 'unknown unit "nort"'
    assert got[3]["ballot_id"] == "0123456789abcdef0123456789abcdef"
    assert got[3]["reason"] == "another ballot of this voter has been counted"
    assert got[4] | {"reason": ""} == {"line": 4, "ballot_id": None, "disposition": None,
                                       "first": None, "shard": None, "index": None, "reason": ""}
    assert got[5]["reason"] == 'unknown method "pigeon"'
    assert got[6]["reason"] == 'unknown contest "sheriff"'
    assert got[7]["reason"] == 'unknown choice "nobody"'
    assert got[8]["reason"] == 'other units lie in unit "north"'
    assert got[10]["reason"] == "weight: every ballot counts once"
    assert 'psephos cast: 1 invalid: unknown unit "nort": line 2\n' in done.stderr
    assert "1 double_vote: another ballot of this voter has been counted: line 3\n" in done.stderr
    one.call("cast", file, "--verdicts", out, check=1)
    again = verdicts_of(out)
    assert [again[n]["disposition"] for n in (1, 2, 3)] == ["replayed"] * 3
    assert [again[n]["first"] for n in (1, 2, 3)] == ["counted", "invalid", "double_vote"]
    assert again[2]["reason"] == 'unknown unit "nort"'


def test_refused_ballots_are_told_by_reason_with_their_first_lines(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    file = tmp_path / "b.ndjson"
    file.write_text("".join(json.dumps({"voter_id": f"v{i}", "unit": "x" if i % 2 else "north-1",
                                        "method": "booth", "contests": {}}) + "\n"
                            for i in range(20)))
    done = one.call("cast", file, "--pool", 20, check=1)
    assert '10 invalid: unknown unit "x": lines 2, 4, 6, 8, 10, ...\n' in done.stderr


def test_a_key_that_may_not_cast_them_is_the_reason(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    one.call("client", "add", "desk", "--units", "north-1", check=0)
    file = ballots(tmp_path / "b.ndjson", n=1,
                   line=json.dumps({"voter_id": "w", "unit": "south", "method": "booth",
                                    "contests": {}}))
    out = tmp_path / "verdicts.ndjson"
    done = run_psephos("cast", "--cluster", one.directory / "cluster.json", "--pool", 1, "--key",
                       one.directory / "clients" / "desk.key", file, "--verdicts", out,
                       check=1)
    refused = next(line for line in verdicts_of(out).values() if line["disposition"] != "counted")
    assert refused["disposition"] == refused["first"] == "not_allowed"
    assert refused["shard"] is None and refused["index"] is None
    assert refused["reason"] == "outside the units, methods or time of this key"
    assert "1 not_allowed: outside the units" in done.stderr


def test_lines_without_a_verdict_are_in_the_file_too(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    one.down()
    out = tmp_path / "verdicts.ndjson"
    one.call("cast", ballots(tmp_path / "b.ndjson"), "--verdicts", out, "--give-up-after", 1,
             check=3)
    got = verdicts_of(out)
    assert sorted(got) == [1, 2, 3]
    assert all(line["disposition"] is None and line["ballot_id"] and
               line["reason"] == "no verdict came: cast the same again" for line in got.values())


def test_verdicts_that_cannot_be_written_are_no_silence(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    file = ballots(tmp_path / "b.ndjson")
    assert f"{tmp_path}/no/v: No such file" in \
        one.call("cast", file, "--verdicts", tmp_path / "no" / "v", check=1).stderr
    full = one.call("cast", file, "--verdicts", "/dev/full", check=1)
    assert "/dev/full: No space left on device; the verdicts stand" in full.stderr
    assert json.loads(one.call("accounting", "--json", check=0).stdout)["total"]["counted"] == 3
    assert one.call("cast", file, "--verdicts", "-", check=2).returncode == 2


def test_messages_of_the_demos_that_are_no_vote_are_told(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    file = tmp_path / "votes.ndjson"
    message = {"voter_id": "a", "candidate_id": "nobody", "address": {"state": " NORTH-1 "},
               "vote": 1}
    file.write_text(json.dumps([message]) + "\n" + json.dumps(message | {"vote": 5}) + "\n" +
                    json.dumps(message) + "\n" +
                    json.dumps(message | {"voter_id": "b", "address": {"state": "Nowhere"}}) + "\n")
    out = tmp_path / "verdicts.ndjson"
    one.call("cast", "--format", "votes-topic", file, "--verdicts", out, check=1)
    got = verdicts_of(out)
    assert got[1]["reason"].startswith("a JSON array: one object a line is needed")
    assert got[2]["reason"] == "vote: a message is one vote, 1"
    assert got[3]["reason"] == 'not on this ballot: candidate_id "nobody"'
    assert got[4]["reason"] == 'unknown state "Nowhere"'
