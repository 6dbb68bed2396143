"""What `psephos up` makes of the place it is called in."""

import json
import os
import re
import select
import shlex
import shutil
import subprocess

import pytest

from harness import BIN, TIMEOUT_S, is_running, run_psephos
from test_replicas import end, replicas


def test_daemons_hold_no_descriptor_of_their_caller(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1)
    one.down()
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    run_psephos("up", "--dir", one.directory, check=0, close_fds=False)
    os.close(write_end)
    # The pipe ends when nobody else has its other end open.
    ready, _, _ = select.select([read_end], [], [], TIMEOUT_S)
    assert ready and os.read(read_end, 1) == b""
    os.close(read_end)


def test_what_is_shown_when_is_said_everywhere(cluster, tmp_path):
    made = ["--out", tmp_path, "--voters", 30, "--force"]
    run_psephos("generate", *made, "--report-min", 25, check=0)
    definition = json.loads((tmp_path / "election.json").read_text())
    assert (definition["publication"], definition["report_min"]) == ("immediate", 25)
    checked = json.loads(run_psephos("check", tmp_path / "election.json", "--json").stdout)
    assert [checked[member] for member in ("publication", "turnout", "report_min")] == \
        ["immediate", "immediate", 25]
    told = run_psephos("check", tmp_path / "election.json", check=0).stdout
    assert "publication immediate: counts are shown as they come\n" in told
    check_publication(cluster(tmp_path / "election.json", shards=1, start=False), "immediate",
                      "counts are shown as they come", ("immediate", 25))


def test_reports_are_said_everywhere(cluster, tmp_path):
    run_psephos("generate", "--out", tmp_path, "--voters", 30, "--publication", "reports",
                "--turnout", "reports", check=0)
    told = run_psephos("check", tmp_path / "election.json", check=0).stdout
    assert "publication reports: nothing but the state is shown before a unit's report, and a " \
        "row anew by 10 ballots or more\n" in told
    check_publication(cluster(tmp_path / "election.json", shards=1, start=False), "reports",
                      "counts are shown as of a unit's report", ("reports", 10))


def check_publication(one, publication, words, turnout_and_min):
    assert f"shown     {publication}: {words}\n" in one.up().stdout
    assert json.loads(one.up("--json").stdout)["publication"] == publication
    for path in ("election", "results", "turnout", "accounting", "units", "shards"):
        assert one.get_json(f"/api/v1/{path}")["publication"] == publication, path
    about = one.get_json("/api/v1/election")["election"]
    assert (about["turnout"], about["report_min"]) == turnout_and_min


def test_a_page_that_is_not_built_is_said(cluster, import_returns, fixture_file, tmp_path):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1)
    one.down()
    bins = tmp_path / "bin"  # the page is looked for beside it
    bins.mkdir()
    for name in ("psephos", "psephos-collector", "psephos-router", "psephos-shard"):
        shutil.copy(BIN / name, bins / name)

    def up():
        return subprocess.run([bins / "psephos", "up", "--dir", one.directory], text=True,
                              stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=True).stdout

    try:
        assert "page      none: it is not built (./run build makes it)" in up()
        run_psephos("down", "--dir", one.directory, check=0)
        (tmp_path / "page").mkdir()
        for name in ("index.html", "page.js"):
            (tmp_path / "page" / name).write_text(" ")
        assert f"page      {one.api}/\n" in up()
    finally:
        run_psephos("down", "--dir", one.directory, check=0)


def test_how_many_voters_the_roll_has_is_said(cluster, fixture_file, tmp_path):
    roll, hosts = tmp_path / "roll.csv", tmp_path / "hosts"
    roll.write_text("voter_id,unit\n" + "".join(f"v{i},north-1\n" for i in range(1234)))
    hosts.write_text("one 10.0.0.1 router shard collector\n")
    one = cluster(fixture_file("town.json"), shards=3, start=False)
    assert "roll      1,234 voters\n" in one.up("--roll", roll, "--closed").stdout
    assert json.loads(one.up("--json").stdout)["voters"] == 1234
    laid = ["up", "--election", fixture_file("town.json"), "--hosts", hosts]
    told = run_psephos(*laid, "--dir", tmp_path / "far", "--roll", roll, check=0).stdout
    assert "roll      1,234 voters\n" in told
    everybody = json.loads(run_psephos(*laid, "--dir", tmp_path / "all", "--json", check=0).stdout)
    assert everybody["voters"] is None
    told = run_psephos(*laid, "--dir", tmp_path / "all", check=0).stdout
    assert "roll      none: every voter ID may vote once\n" in told


def test_what_cannot_be_kept_is_not_made(tmp_path, fixture_file):
    for made in (["generate", "--voters", 30], ["import", fixture_file("sparse.csv")]):
        call = [*made, "--out", tmp_path / "e"]
        assert "--publication: immediate or reports" in \
            run_psephos(*call, "--publication", "late", check=2).stderr
        assert "--report-min" in run_psephos(*call, "--report-min", 0, check=2).stderr
        assert "\"reports\" holds nothing back" in \
            run_psephos(*call, "--turnout", "reports", check=1).stderr
    assert not (tmp_path / "e").exists()


def test_a_replica_that_is_no_member_is_named_with_what_to_call(cluster, import_returns,
                                                                fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2,
                  up_options=["--replicas", 3])
    gone = replicas(one, 1, "follower")[0]
    end(gone)
    shutil.rmtree(one.directory / "data" / f"shard-1-{gone['replica']}")
    one.call("replica", "new-id", "--shard", 1, "--replica", gone["replica"], check=0)
    told = one.up(check=1)
    assert "ready to count" not in told.stdout
    lines = told.stderr.splitlines()
    assert len(lines) == 1 and f"shard-1-{gone['replica']} waits" in lines[0], told.stderr
    running = one.pids()
    assert len(running) == 8 and all(map(is_running, running))
    assert one.up(check=1).stderr == told.stderr
    assert one.pids() == running  # nothing was started a second time
    program, *call = shlex.split(lines[0].partition("; call: ")[2])
    assert program == "psephos"
    assert f"replica {gone['replica']} votes again" in run_psephos(*call, check=0).stdout
    one.up()
    assert one.pids() == running
    assert [p["state"] for p in replicas(one, 1)].count("follower") == 2


def test_up_returns_when_every_replica_has_joined(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2,
                  up_options=["--replicas", 3, "--closed"])
    for _ in range(3):
        for shard in range(2):
            states = {p["state"] for p in replicas(one, shard)}
            # A busy machine may elect anew at any moment; nobody joins any more.
            assert len(replicas(one, shard)) == 3 and states <= {"leader", "follower", "candidate"}
        one.kill()
        one.up()


def test_up_closed_says_how_to_open_and_not_that_it_counts(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2, start=False)
    told = one.up("--closed").stdout
    assert told.startswith(f"not open yet: 2 shards in {one.directory}\n")
    assert "ready to count" not in told
    assert json.loads(one.up("--closed", "--json").stdout)["waits_for_open"] is True
    program, *call = shlex.split(told.splitlines()[1].partition("open it   ")[2].partition(";")[0])
    assert program == "psephos"
    run_psephos(*call, check=0)
    assert one.up("--closed").stdout.startswith("ready to count: ")
    assert json.loads(one.up("--closed", "--json").stdout)["waits_for_open"] is False


def test_an_election_that_was_closed_is_not_opened_by_up(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=2,
                  up_options=["--replicas", 3])
    one.call("close", check=0)
    for _ in range(3):
        one.kill()
        one.up()  # followers that have just started have applied nothing, and know of no election
        assert one.get_json("/api/v1/election")["election"]["state"] == "closed"


def test_a_gateway_that_would_need_tls_is_refused_before_anything_is_made(import_returns,
                                                                          fixture_file, tmp_path):
    election = import_returns(fixture_file("sparse.csv"))
    made = ["--dir", tmp_path / "c", "--election", election]
    for address in ("0.0.0.0:18099", "[::]:18099"):
        told = run_psephos("up", *made, "--gateway", address, check=2).stderr
        assert "no loopback address" in told and "psephos-gateway by hand" in told
        assert not (tmp_path / "c").exists()


def test_a_cast_into_what_is_down_says_what_starts_it(cluster, import_returns, fixture_file):
    returns = fixture_file("sparse.csv")
    one = cluster(import_returns(returns), shards=1)
    one.down()
    told = run_psephos("cast", "--dir", one.directory, "--returns", returns, "--give-up", "3",
                       check=3).stderr
    silent = [line for line in told.splitlines() if "nothing answers at" in line]
    assert f"`psephos up --dir {one.directory}` starts what is down" in silent[0]


def test_the_wrong_character_of_a_station_is_named(cluster, import_returns, fixture_file):
    one = cluster(import_returns(fixture_file("sparse.csv")), shards=1, start=False)
    for name, wrong in (("Web1", "W"), ("web.1", "."), ("wéb", "é")):
        told = run_psephos("client", "--dir", one.directory, "add", name, check=2).stderr
        assert f'"{wrong}" is none of them' in told


def test_ports_are_taken_where_the_environment_says(psephos, cluster, fixture_file, monkeypatch):
    monkeypatch.setenv("PSEPHOS_PORTS", "30100-30199")
    one = cluster(fixture_file("town.json"), shards=1)
    written = (one.directory / "cluster.json").read_text()
    ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", written)]
    assert ports and all(30100 <= port <= 30199 for port in ports)


@pytest.mark.parametrize("value", ["30100", "30199-30100", "0-9", "1-65536", "1-2 "])
def test_ports_that_are_no_range_are_refused(psephos, fixture_file, tmp_path, monkeypatch, value):
    monkeypatch.setenv("PSEPHOS_PORTS", value)
    done = psephos("up", "--dir", tmp_path / "c", "--election", fixture_file("town.json"), check=1)
    assert "PSEPHOS_PORTS is not FIRST-LAST, such as 20000-20999" in done.stderr
    assert not (tmp_path / "c").exists()
