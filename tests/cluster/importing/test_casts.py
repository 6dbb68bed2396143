"""Returns that are published again: a second cast of other returns is refused, the same goes on.

The inputs are made here, after ../shared/cases/2020_snapshot*.csv.
"""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from harness import BIN, psephos_for_others, run_psephos, wait_until

HEADER = "state,county,county_fips,precinct,office,district,party,candidate,votes\n"


def write(path, **precincts):
    """A table of President in MI, Antrim: Precinct=(Ann's votes, Bob's)."""
    path.write_text(HEADER + "".join(
        f"MI,Antrim,,{name},President,,{party},{candidate},{votes}\n"
        for name, pair in precincts.items()
        for party, candidate, votes in zip(("DEM", "REP"), ("Ann Able", "Bob Best"), pair)))
    return path


@pytest.fixture
def first(tmp_path):
    return write(tmp_path / "first.csv", One=(60, 40), Two=(10, 20), Three=(0, 0))


@pytest.fixture
def one(cluster, import_returns, first):
    return cluster(import_returns(first), shards=1)


def counted(one):
    return one.accounting()["total"]["counted"]


def received(one):
    return one.accounting()["total"]["received"]


def records(one):
    folder = one.directory / "casts"
    return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}


def unit_names(one, record):
    names = {u["id"]: u["name"] for u in json.loads(one.election.read_text())["units"]}
    return sorted(names[unit] for unit in record["units"])


def refused(one, *args, check=1):
    """The message; nothing is printed on stdout and nothing reached a shard."""
    before = received(one)
    done = one.call("cast", "--json", "--returns", *args, check=check)
    assert done.stdout == ""
    assert received(one) == before
    return done.stderr


@pytest.mark.parametrize("name, precincts", [
    ("corrected", {"One": (55, 45), "Two": (10, 20)}),
    ("more", {"One": (80, 75), "Two": (30, 20)})])
def test_other_returns_are_refused_before_the_first_ballot(one, first, tmp_path, name, precincts):
    assert one.cast("--returns", first)["counted"] == 130
    told = refused(one, write(tmp_path / f"{name}.csv", **precincts))
    assert "psephos cast: 2 units of these returns hold ballots of another cast (" in told
    assert "antrim-one" in told and "antrim-two" in told and "of first.csv. No ballot" in told
    assert "import them (--like import.json). --again casts these on top" in told
    assert counted(one) == 130
    assert len(records(one)) == 1


def test_the_record_says_what_is_cast_where_before_the_first_ballot(one, first):
    one.kill("router")
    one.call("cast", "--returns", first, "--give-up-after", 1, check=3)
    (name, record), = records(one).items()
    assert len(name) == 64 and record["cast"] == name
    assert (record["format"], record["files"], record["seed"], record["roll"]) == (
        1, ["first.csv"], "1", False)
    assert record["ballots"] == 130 and record["read"]["delimiter"] == "comma"
    assert unit_names(one, record) == ["One", "Two"]  # nobody votes in Three
    assert oct((one.directory / "casts").stat().st_mode & 0o777) == "0o700"
    one.up()
    assert one.cast("--returns", first)["counted"] == 130
    assert list(records(one)) == [name]


def test_the_same_cast_goes_on_after_an_interruption(one, tmp_path):
    path = write(tmp_path / "many.csv", One=(4000, 3000), Two=(2000, 1000))
    with subprocess.Popen([BIN / "psephos", "cast", "--dir", one.directory, "--returns", path,
                           "--rate", "2000"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as cast:
        wait_until(lambda: counted(one) > 1000, what="a thousand ballots")
        cast.send_signal(signal.SIGKILL)
    assert counted(one) < 10000
    summary = one.cast("--returns", path)
    assert summary["counted"] + summary["replayed"] == 10000
    assert counted(one) == 10000
    assert one.cast("--returns", path, "--replayed", 0.1)["counted"] == 0
    assert counted(one) == 10000


def test_bytes_seed_and_reading_make_another_cast_and_the_name_of_a_file_does_not(
        one, first, tmp_path):
    one.cast("--returns", first)
    shutil.copy(first, tmp_path / "renamed.csv")
    assert one.cast("--returns", tmp_path / "renamed.csv")["counted"] == 0
    assert len(records(one)) == 1
    assert "another cast" in refused(one, first, "--seed", 2)
    assert "another cast" in refused(one, first, "--keep-all")
    first.write_bytes(first.read_bytes().replace(b"\n", b"\r\n"))
    assert "another cast" in refused(one, first)
    assert counted(one) == 130


def test_again_casts_on_top_and_both_records_stay(one, first, tmp_path):
    one.cast("--returns", first)
    other = write(tmp_path / "more.csv", One=(80, 75), Two=(30, 20))
    assert one.cast("--returns", other, "--again")["counted"] == 205
    assert counted(one) == 335
    assert len(records(one)) == 2
    # Whoever said so once may go on with either.
    assert one.cast("--returns", other)["replayed"] == 205
    assert one.cast("--returns", first)["replayed"] == 130


def test_other_units_are_another_matter(one, tmp_path):
    one.cast("--returns", write(tmp_path / "a.csv", One=(60, 40)))
    assert one.cast("--returns", write(tmp_path / "b.csv", Two=(10, 20)))["counted"] == 30
    told = refused(one, write(tmp_path / "c.csv", Two=(10, 20), Three=(3, 4)))
    assert "1 unit of these returns holds ballots" in told and "of b.csv" in told
    assert counted(one) == 130


def test_a_cast_that_counted_nothing_leaves_its_units_to_the_next(one, first, tmp_path):
    one.kill("router")
    one.call("cast", "--returns", first, "--give-up-after", 1, check=3)
    one.up()
    corrected = write(tmp_path / "corrected.csv", One=(55, 45))
    assert one.cast("--returns", corrected)["counted"] == 100
    by_file = {record["files"][0]: unit_names(one, record) for record in records(one).values()}
    assert by_file == {"first.csv": ["Two"], "corrected.csv": ["One"]}
    assert "of corrected.csv" in refused(one, first)
    assert counted(one) == 100


def test_two_casts_at_once_are_told_apart_before_anything_is_counted(one, tmp_path):
    path = write(tmp_path / "slow.csv", One=(60, 40))
    one.kill("router")  # nothing is counted, and the cast waits
    with subprocess.Popen([BIN / "psephos", "cast", "--dir", one.directory, "--returns", path],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cast:
        try:
            wait_until(lambda: (one.directory / "casts").exists() and records(one), what="a record")
            time.sleep(0.2)
            told = refused(one, write(tmp_path / "other.csv", One=(1, 2)))
        finally:
            cast.kill()
    assert "another cast of other returns into these units is under way" in told


def test_without_a_board_a_second_cast_is_refused_and_says_so(one, first, tmp_path):
    one.cast("--returns", first)
    one.kill("collector")
    done = one.call("cast", "--returns", write(tmp_path / "b.csv", One=(1, 2)), check=3)
    assert "no collector says whether they hold ballots" in done.stderr
    assert "No ballot was sent; cast again when it answers" in done.stderr
    assert len(records(one)) == 1


def test_units_whose_counts_are_held_back_are_taken_for_counted(cluster, first, tmp_path):
    run_psephos("import", first, "--out", tmp_path / "held", "--publication", "reports",
                "--turnout", "reports", check=0)
    one = cluster(tmp_path / "held" / "election.json", shards=1)
    one.cast("--returns", first)
    assert "2 units of these returns hold ballots" in refused(
        one, write(tmp_path / "b.csv", One=(1, 2), Two=(1, 0)))


def test_a_choice_or_a_precinct_that_comes_late_says_what_to_do(one, first, tmp_path):
    one.cast("--returns", first)
    late = tmp_path / "late.csv"
    for line in ("MI,Antrim,,Two,President,,,Late Write-in,3\n",
                 "MI,Antrim,,Intrastate New Resident,President,,DEM,Ann Able,2\n"):
        late.write_text(first.read_text() + line)
        told = refused(one, late)
        assert f"psephos cast: {late}:8: " in told
        assert "import these returns (--like import.json) and make a cluster of their own" in told
    assert counted(one) == 130


def test_a_folder_that_cannot_be_made_sends_no_ballot(one, first):
    (one.directory / "casts").write_text("a file where the folder belongs")
    told = refused(one, first)
    assert f"psephos cast: {one.directory}/casts: " in told and "No ballot was sent" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="root is needed to become somebody else")
def test_a_folder_that_cannot_be_written_sends_no_ballot(one, first, tmp_path):
    station = tmp_path / "station"
    station.mkdir()
    key = station / "desk.key"
    for source, name in (("cluster.json", "cluster.json"), ("election.json", "election.json"),
                         ("clients/local.key", "desk.key"),
                         ("keys/ballot-ids.key", "desk.key.ids")):
        shutil.copy(one.directory / source, station / name)
        os.chown(station / name, 65534, 65534)
    above = [folder for folder in tmp_path.parents if "pytest-of" in str(folder)]
    for folder in [station, tmp_path, *above]:
        os.chmod(folder, 0o755)
    done = subprocess.run([psephos_for_others(tmp_path), "cast", "--cluster",
                           station / "cluster.json", "--key", key, "--returns", first],
                          capture_output=True, text=True, timeout=60, user=65534)
    assert done.returncode == 1
    assert f"psephos cast: {key}.casts: permission denied. No ballot was sent" in done.stderr
    assert "let this user write there" in done.stderr
    assert received(one) == 0


def test_a_full_disk_sends_no_ballot(one, first, tmp_path):
    folder = one.directory / "casts"
    folder.mkdir()
    done = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], capture_output=True)
    if not done or done.returncode != 0:
        pytest.skip("a small file system cannot be mounted here (root needed)")
    try:
        with open(folder / "full", "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 4096)
        told = refused(one, first)
        assert "disk full. No ballot was sent: what is cast from returns is recorded" in told
        assert [path.name for path in folder.iterdir()] == ["full"]
        (folder / "full").unlink()
        assert one.cast("--returns", first)["counted"] == 130
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_damaged_record_is_named_and_nothing_is_sent(one, first, tmp_path):
    one.cast("--returns", first)
    path, = (one.directory / "casts").iterdir()
    path.write_text("{")
    told = refused(one, write(tmp_path / "b.csv", One=(1, 2)))
    assert f"{path}: " in told and "Put it back from a copy, or move it away" in told


def test_a_station_keeps_its_records_beside_its_key(one, first, tmp_path):
    one.call("client", "add", "school", check=0)
    key = one.directory / "clients" / "school.key"

    def cast(path, check):
        return run_psephos("cast", "--cluster", one.directory / "cluster.json", "--key", key,
                           "--pool", 1, "--returns", path, check=check)
    cast(first, 0)
    assert len(list((one.directory / "clients" / "school.key.casts").iterdir())) == 1
    assert "school.key.casts/" in cast(write(tmp_path / "b.csv", One=(1, 2)), 1).stderr
    assert counted(one) == 130


def test_a_roll_belongs_to_the_cast(cluster, first, tmp_path):
    run_psephos("generate", "--returns", first, "--out", tmp_path / "made", check=0)
    roll = tmp_path / "made" / "roll.csv"
    one = cluster(tmp_path / "made" / "election.json", shards=1, up_options=["--roll", roll])
    assert one.cast("--returns", first, "--roll", roll)["counted"] == 130
    (_, record), = records(one).items()
    assert record["roll"] is True
    lines = roll.read_text().splitlines(keepends=True)
    other = tmp_path / "other.csv"
    other.write_text("".join([lines[0], *reversed(lines[1:])]))
    assert "another cast" in refused(one, first, "--roll", other)
    assert one.cast("--returns", first, "--roll", roll)["replayed"] == 130


def test_again_belongs_to_returns(one, tmp_path):
    (tmp_path / "b.ndjson").write_text("\n")
    done = one.call("cast", tmp_path / "b.ndjson", "--again", check=2)
    assert "--again goes with --returns" in done.stderr


def test_a_backup_carries_how_returns_are_read_and_what_was_cast(cluster, tmp_path):
    """Everything but what the manual says to keep is lost: cluster.json, keys, the definition."""
    first = tmp_path / "first.csv"
    first.write_text(write(first, One=(60, 40), Two=(10, 20)).read_text().replace(",", ";"))
    run_psephos("import", first, "--delimiter", "semicolon", "--out", tmp_path / "e", check=0)
    one = cluster(tmp_path / "e" / "election.json", shards=1)
    assert one.cast("--returns", first)["counted"] == 130
    out, lost = tmp_path / "backup", tmp_path / "lost"
    one.call("backup", "--out", out, check=0)
    before = records(one)
    assert {path.name for path in (out / "casts").iterdir()} == set(before)
    one.down()
    one.directory.rename(lost)
    one.directory.mkdir()
    for name in ("cluster.json", "election.json", "clients.json", "keys", "clients"):
        kept = lost / name
        (shutil.copytree if kept.is_dir() else shutil.copy)(kept, one.directory / name)
    one.call("restore", "--backup", out, check=0)
    assert records(one) == before
    one.up()
    assert one.cast("--returns", first)["replayed"] == 130  # read with semicolons, as before
    other = tmp_path / "other.csv"
    other.write_text(write(other, One=(55, 45)).read_text().replace(",", ";"))
    assert "1 unit of these returns holds ballots" in refused(one, other)
    assert counted(one) == 130


def test_what_the_folder_has_of_its_own_is_not_replaced_by_a_restore(one, first, tmp_path):
    one.cast("--returns", write(tmp_path / "a.csv", One=(60, 40)))
    out = tmp_path / "backup"
    one.call("backup", "--out", out, check=0)
    one.cast("--returns", write(tmp_path / "b.csv", Two=(10, 20)))
    (name,) = (path.name for path in (out / "casts").iterdir())
    record = one.directory / "casts" / name
    record.write_text(record.read_text().replace('"begun"', '"note": "newer",\n "begun"'))
    before = records(one)
    one.down()
    shutil.rmtree(one.directory / "data")
    one.call("restore", "--backup", out, check=0)
    assert records(one) == before and "note" in before[name]


def test_a_backup_that_reaches_no_shard_leaves_nothing_behind(one, first, tmp_path):
    one.cast("--returns", first)
    one.down()
    out = tmp_path / "backup"
    done = one.call("backup", "--out", out, check=3)
    assert "shard 0: no replica answers" in done.stderr
    assert not out.exists()
    out.mkdir()
    (out / "mine").write_text("stays")
    one.call("backup", "--out", out, check=3)
    assert [path.name for path in out.iterdir()] == ["mine"]
    one.up()
    one.call("backup", "--out", out, check=0)
    one.down()
    one.call("backup", "--out", out, check=3)  # what was copied before stays
    assert json.loads((out / "backup.json").read_text())["shards"][0]["counted"] == 130
    assert (out / "casts").is_dir()
