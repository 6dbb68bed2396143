"""`recount --offline`: the count from the journals alone, and every way in which it says no."""

import csv
import io
import json
import shutil
import subprocess

import pytest

from harness import BIN, FIXTURES, TIMEOUT_S, run_psephos

TOWN = FIXTURES / "town.json"
BOOKS = ["received", "counted", "replayed", "double_vote", "not_eligible", "invalid", "closed",
         "added_ballots", "voters_counted", "balanced"]


def ballots(path, n=60):
    lines = [{"voter_id": f"v{i % (n - 5)}", "unit": "north-1" if i % 3 else "south",
              "method": "booth" if i % 2 else "mail",
              "contests": {"mayor": ["bob" if i % 3 else "blue-ann"]}} for i in range(n)]
    lines.append({"voter_id": "x", "unit": "nowhere", "method": "mail", "contests": {}})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def offline(directory, *arguments, check=0):
    done = run_psephos("recount", "--dir", directory, "--offline", *arguments, check=check)
    return done.stdout if check == 0 else done.stderr


def rows(text):
    return {tuple(row.values()) for row in csv.DictReader(io.StringIO(text))}


def votes_alone(text):
    """The same, in the columns that 0.1.0 had."""
    return {row[:-3] for row in rows(text)}


@pytest.fixture
def counted(cluster, tmp_path):
    """counted(replicas) -> (cluster that was stopped, what its API said: books, results)."""
    def make(replicas=1):
        one = cluster(TOWN, up_options=["--replicas", replicas])
        one.call("cast", ballots(tmp_path / "b.ndjson"), "--allow-refused", check=0)
        said = one.accounting(), "".join(one.get(f"/api/v1/results.csv{query}")[2].decode()
                                         for query in ("", "?level=leaf&method=booth"))
        one.call("backup", "--out", tmp_path / "backup", check=0)
        one.down()
        return one, said
    return make


def test_the_journals_alone_give_what_the_board_showed(counted, tmp_path):
    one, (said, results) = counted()
    file = tmp_path / "rows.csv"
    again = json.loads(offline(one.directory, "--json", "--results", file))
    assert again["total"] == {name: said["total"][name] for name in BOOKS}
    assert again["total"]["counted"] == 55 and again["total"]["double_vote"] == 5
    for shard, shown in zip(again["shards"], said["shards"]):
        assert {name: shard[name] for name in BOOKS} == {name: shown[name] for name in BOOKS}
    columns = file.read_text().splitlines()[0].count(",") + 1  # the board tells of reports, too
    header = tuple(results.splitlines()[0].split(","))
    shown = {row[:columns] for row in rows(results) - {header}}
    assert shown and shown <= rows(file.read_text())
    levels = {(row["level"], row["method"]) for row in csv.DictReader(file.open())}
    assert levels == {(level, method) for level in ("nation", "county", "precinct")
                      for method in ("", "booth", "mail")}


def test_a_backup_gives_the_same(counted, tmp_path):
    one, (said, _) = counted()
    shutil.rmtree(one.directory / "data")
    again = json.loads(offline(one.directory, "--json", "--backup", tmp_path / "backup"))
    assert again["total"] == {name: said["total"][name] for name in BOOKS}


@pytest.mark.parametrize("member", ["received", "counted", "state_hash"])
def test_a_backup_whose_figures_were_changed_is_refused(counted, tmp_path, member):
    one, _ = counted()
    file = tmp_path / "backup/backup.json"
    said = json.loads(file.read_text())
    shard = said["shards"][1]
    shard[member] = "00" * 32 if member == "state_hash" else shard[member] + 1
    file.write_text(json.dumps(said))
    told = offline(one.directory, "--backup", tmp_path / "backup", check=1)
    assert told.startswith("psephos recount: shard 1: ")
    assert "was not signed by the shard" in told


def test_one_of_three_logs_may_be_gone_or_short_and_is_named_when_gone(counted):
    one, (said, _) = counted(replicas=3)
    again = json.loads(offline(one.directory, "--json"))
    assert again["total"] == {name: said["total"][name] for name in BOOKS}
    shutil.rmtree(one.directory / "data/shard-1-2/log")
    told = offline(one.directory, check=1)
    assert "shard 1: replica 2: " in told


def test_two_of_three_logs_gone_is_no_count(counted):
    one, _ = counted(replicas=3)
    for replica in (0, 2):
        shutil.rmtree(one.directory / f"data/shard-0-{replica}/log")
    assert "shard 0: no index is held by 2 of 3 logs" in offline(one.directory, check=1)


def test_a_log_of_another_history_is_named_with_its_index(counted, cluster, tmp_path):
    one, _ = counted(replicas=3)
    other = cluster(TOWN, name="other", up_options=["--replicas", 3])
    other.down()
    # The same cluster by name, with another first entry: records of its own, checksums good.
    log = one.directory / "data/shard-0-1/log"
    segment = next(log.glob("*.log"))
    mended = bytearray(next((other.directory / "data/shard-0-1/log").glob("*.log")).read_bytes())
    mended[:64] = segment.read_bytes()[:64]
    segment.write_bytes(mended)
    (log / "vote").unlink()
    told = offline(one.directory, check=1)
    assert "shard 0: replica 1: " in told
    assert "holds another entry at index" in told, told


def test_another_election_file_is_refused(counted):
    one, _ = counted()
    file = one.directory / "election.json"
    file.write_text(file.read_text().replace("Town meeting", "Town greeting"))
    told = offline(one.directory, check=1)
    assert "election.json is not the election that cluster.json names" in told


def test_another_digest_key_is_refused(counted):
    one, _ = counted()
    file = one.directory / "cluster.json"
    said = json.loads(file.read_text())
    said["digest_key_hash"] = "5e" * 32
    file.write_text(json.dumps(said))
    told = offline(one.directory, check=1)
    assert "shard 0: the journal was counted with another digest_key_hash than cluster.json" in told


def test_another_mode_than_it_was_counted_in_is_refused(counted):
    one, _ = counted()
    file = one.directory / "cluster.json"
    file.write_text(file.read_text().replace('"live"', '"test"'))
    told = offline(one.directory, check=1)
    assert "shard 0: the journal was counted in mode live, cluster.json says test" in told
    started = one.up("--test", check=1)
    assert "mode differs between its first log entry and cluster.json" in started.stderr


def test_backup_and_results_go_with_offline_only(tmp_path):
    for option in ("--backup", "--results"):
        done = run_psephos("recount", "--dir", tmp_path, option, tmp_path, check=2)
        assert "go with --offline" in done.stderr


REFUSED = [["up"], ["down"], ["status"], ["open"], ["close"], ["unit-complete", "south"],
           ["report", "--all"],
           ["leader", "move", "--shard", 0], ["replica", "begun"], ["backup", "--out", "b"],
           ["restore", "--backup", "b"], ["client", "list"], ["client", "add", "hall"],
           ["cast", "-"], ["results"], ["accounting"], ["recount"]]


def test_a_folder_of_0_1_0_is_refused_by_everything_else(cluster, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("one 127.0.0.1 router shard collector\n")
    one = cluster(TOWN, shards=1, start=False)
    one.up("--hosts", hosts)
    file = one.directory / "cluster.json"
    old = json.loads(file.read_text()) | {"format": 1}
    del old["mode"]
    file.write_text(json.dumps(old))
    words = ("cluster.json: /format: written by Psephos 0.1.0; only `psephos recount --offline` "
             "of this version reads it; go on with 0.1.0")
    for call in REFUSED:
        told = one.call(*call, stdin="" if call[0] == "cast" else None, check=1)
        assert words in told.stderr and told.stdout == "", (call, told)
    for daemon, options in (("shard", ["--shard", "0", "--replica", "0"]),
                            ("router", ["--router", "0"]),
                            ("collector", ["--collector", "0"])):
        data = [] if daemon == "router" else ["--data", tmp_path / daemon]
        told = subprocess.run([BIN / f"psephos-{daemon}", "--cluster", file, *options, *data],
                              capture_output=True, text=True, timeout=TIMEOUT_S)
        assert told.returncode == 1 and words in told.stdout + told.stderr, told


def test_the_journal_of_0_1_0_gives_its_figures(data, tmp_path):
    kept = data("journal-0.1.0")
    shutil.copytree(kept / "cluster", tmp_path / "cluster")
    said = json.loads((kept / "books.json").read_text())
    made = json.loads((kept / "backup" / "backup.json").read_text())
    for backup in ([], ["--backup", kept / "backup"]):
        again = json.loads(offline(tmp_path / "cluster", "--json", *backup,
                                   "--results", tmp_path / "rows.csv"))
        assert again["total"] == {name: said["total"][name] for name in BOOKS}
        assert [s["index"] for s in again["shards"]] == [6, 7]
        assert [s["state_hash"] for s in again["shards"]] == \
            [s["state_hash"] for s in made["shards"]]
        assert rows((kept / "results.csv").read_text()) <= \
            votes_alone((tmp_path / "rows.csv").read_text())


def test_a_journal_of_0_1_0_is_judged_by_its_own_rules(tmp_path):
    """Counted by 0.1.0, with replays, double votes, an invalid ballot and, after the close, three
    late voters and one who had voted: by rules 1 that is a double vote, by rules 2 late."""
    kept = FIXTURES / "journal-0.1.0"
    shutil.copytree(kept, tmp_path / "cluster")
    again = json.loads(offline(tmp_path / "cluster", "--json", "--results", tmp_path / "rows.csv"))
    expected = json.loads((kept / "expected.json").read_text())
    assert (again["total"], again["shards"]) == (expected["total"], expected["shards"])
    assert (again["total"]["double_vote"], again["total"]["closed"]) == (6, 3)
    assert rows((kept / "results.csv").read_text()) <= \
        votes_alone((tmp_path / "rows.csv").read_text())
