"""Every call prints JSON, with the members that docs/formats.md promises."""

import json
import re
import shutil
import subprocess

import pytest

from harness import BIN, ROOT, TIMEOUT_S, run_psephos

SECTION = (ROOT / "docs" / "formats.md").read_text().partition("## JSON of the calls")[2]
PROMISED = {}
for calls, members in re.findall(r"^\| (`.*?) \| (.*) \|$", SECTION, re.M):
    for call in re.findall(r"`([^`]+)`", calls):
        PROMISED[call] = members


def promised(call, of=None, until="\0"):
    """The members named in the row of a call: of the object, or of the list `of` in it."""
    text = PROMISED[call].partition(f"`{of}`: ")[2] if of else PROMISED[call].partition(until)[0]
    if not of:
        text = re.sub(r"(`\w+`): each.*", r"\1", text)
    return {name for name in re.findall(r"`(\w+)`", re.sub(r"\([^()]*\)", "", text))}


def asked(*arguments, check=0):
    done = run_psephos(*arguments, "--json", check=check, timeout=2 * TIMEOUT_S)
    return json.loads(done.stdout)


def test_every_call_has_the_option_and_a_row():
    overview = subprocess.run([BIN / "psephos", "help"], capture_output=True, text=True, check=True)
    calls = re.findall(r"^  ([a-z-]+) {2,}\w", overview.stdout, re.M)
    assert len(calls) > 15
    for call in calls:
        assert "--json" in run_psephos(call, "--help", check=0).stdout, call
        assert [row for row in PROMISED if row.split()[0] == call], call


def test_what_prepares_an_election(tmp_path):
    returns = ROOT / "demo" / "vermont-2020-county.csv"
    imported = asked("import", returns, "--out", tmp_path / "e")
    assert set(imported) == promised("import") and imported["ballots"] == 370968
    generated = asked("generate", "--voters", 100, "--out", tmp_path / "g")
    assert set(generated) == promised("generate") and generated["voters"] == 100
    valid = asked("check", imported["election"])
    assert set(valid) == promised("check") - {"pointer", "line", "reason"} and valid["valid"]
    (tmp_path / "bad.json").write_text('{"format": 99}')
    refused = asked("check", tmp_path / "bad.json", check=1)
    assert set(refused) == {"valid", "file", "pointer", "line", "reason"}
    assert refused["valid"] is False and refused["reason"]


@pytest.fixture
def one(cluster, import_returns, fixture_file):
    return cluster(import_returns(fixture_file("sparse.csv")), shards=2,
                   up_options=["--replicas", 3], start=False)


def test_what_runs_a_cluster(one, fixture_file, tmp_path):
    folder = ["--dir", one.directory]
    up = asked("up", *folder, "--election", one.election, "--shards", 2, "--replicas", 3)
    assert set(up) == promised("up", until="; with")
    assert (up["mode"], up["shards"], len(up["stations"])) == ("live", 2, 1)
    assert up["voters"] is None
    assert up["page"].startswith(one.api)

    cast = asked("cast", *folder, "--returns", fixture_file("sparse.csv"))
    verdicts = {"counted", "replayed", "double_vote", "not_eligible", "invalid", "closed"}
    assert set(cast) == {"mode", "cast", "not_allowed", "resent", "seconds"} | verdicts
    assert set(asked("accounting", *folder)) >= {"version", "as_of", "total", "shards"}
    assert set(asked("results", *folder)) >= {"version", "as_of", "results"}
    for kind in ("sqlite", "openelections"):
        exported = asked("export", kind, tmp_path / kind, *folder)
        assert set(exported) == promised("export")
    looked = asked("doctor", one.directory, check=None)  # what it makes of this machine is not ours
    assert set(looked) == promised("doctor") and looked["checks"]
    assert all(set(check) == promised("doctor", "checks") for check in looked["checks"])
    published = asked("recount", *folder, "--api", one.api)
    assert set(published) == promised("recount --api") and published["agrees"]
    sent = asked("stations", *folder)
    assert set(sent) >= {"version", "as_of", "mode", "stations"}
    assert set(sent["stations"][0]) == promised("stations", "stations")

    status = asked("status", *folder)
    assert set(status) == promised("status", until="`processes`: ") | {"processes"}
    assert status["healthy"] and (status["mode"], status["election"]) == ("live", "open")
    shard = next(p for p in status["processes"] if p["role"] == "shard")
    of_bridges = {"name", "lag_seconds", "trouble"}  # tests/cluster/bridge
    assert set(shard) == promised("status", "processes") - of_bridges

    zero = asked("zero", *folder, check=1)
    assert set(zero) == promised("zero") | {"total", "shards"} and not zero["zero"]
    assert set(zero["shards"][0]) >= promised("zero", "shards") | {"received", "counted"}

    station = asked("client", *folder, "add", "east")
    assert set(station) == promised("client add") and station["may_cast"]
    made = asked("station", "keygen", tmp_path / "west.key")
    assert set(made) == promised("station keygen") and len(made["public_key"]) == 40
    west = asked("client", *folder, "add", "west", "--public-key", made["public_key_file"])
    assert west == {"station": "west", "number": 3, "may_cast": True, "key": None,
                    "ballot_ids": None}
    made = asked("auditor", "keygen", tmp_path / "court.key")
    assert set(made) == promised("auditor keygen") and len(made["public_key"]) == 40
    web = asked("client", *folder, "add", "web", "--http")
    assert set(web) == promised("client add --http") and web["token"].startswith("psephos_")
    revoked = asked("client", *folder, "revoke", "east")
    routers = revoked.pop("routers")
    assert revoked == {"station": "east", "number": 2, "may_cast": False, "key": None,
                       "ballot_ids": station["ballot_ids"]}
    assert set(routers[0]) == promised("client revoke", "routers") and not routers[0]["admits"]
    listed = asked("client", *folder, "list")
    assert set(listed) == {"stations"} and len(listed["stations"]) == 4
    assert set(listed["stations"][0]) == promised("client list", "stations")

    for verb in ("close", "open"):
        done = asked(verb, *folder)["done"]
        assert [d["shard"] for d in done] == [0, 1] and all(d["index"] > 0 for d in done)
    unit = next(u["id"] for u in json.loads(one.election.read_text())["units"]
                if u.get("ballot_styles"))
    for number, call in enumerate((["unit-complete", unit], ["report", unit, "--final"]), 1):
        told = asked(call[0], *folder, *call[1:])
        assert set(told) == promised("report")
        assert [told[member] for member in ("number", "leaves", "final", "again", "finished")] == \
            [number, 1, "yes", False, None]
        assert [(s["shard"], s["done"], s["text"]) for s in told["shards"]] == \
            [(0, True, None), (1, True, None)]

    moved = asked("leader", "move", *folder, "--shard", 0, "--to", 1)
    assert set(moved) == promised("leader move") and moved["to"] == 1
    replaced = asked("replica", "replace", *folder, "--shard", 0, "--replica", 2)
    assert set(replaced) == promised("replica replace") and replaced["votes"]
    assert "replaced-by" in replaced["old_data"]
    begun = asked("replica", "begun", *folder)
    assert begun == {"replicas": 6, "written": 0} and set(begun) == promised("replica begun")

    recount = asked("recount", *folder)
    assert set(recount) == promised("recount") and recount["agrees"]
    assert set(recount["shards"][0]) == promised("recount", "shards")
    assert sum(s["counted"] for s in recount["shards"]) == cast["counted"]

    backup = asked("backup", *folder, "--out", tmp_path / "b")
    assert set(backup) == {"folder", "whole", "shards"} and backup["whole"]
    assert set(backup["shards"][0]) == promised("backup", "shards")

    down = asked("down", *folder)
    assert down == {"stopped": 8, "killed": 0, "left": 0, "strays": 0}
    assert set(down) == promised("down")

    inspected = asked("inspect", one.directory / "data" / "shard-0-0" / "log" / "vote")
    assert set(inspected) == promised("inspect") and inspected["damaged"] == 0

    offline = asked("recount", *folder, "--offline")
    assert set(offline) == {"mode", "publication", "total", "shards"}
    books = {"received", "added_ballots", "voters_counted", "balanced"} | verdicts
    assert set(offline["total"]) == books
    assert set(offline["shards"][0]) == books | {"shard", "index", "state_hash"}

    shutil.rmtree(one.directory / "data")
    restored = asked("restore", *folder, "--backup", tmp_path / "b")
    assert set(restored) == promised("restore") and restored["epoch"] == 2
    assert restored["report_again"] is True
    assert set(restored["shards"][0]) == promised("restore", "shards")
    assert asked("up", *folder)["directory"] == str(one.directory)


def test_what_lays_a_cluster_out(one, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("one 10.0.0.1 router shard collector\n")
    laid_out = asked("up", "--dir", tmp_path / "far", "--election", one.election, "--hosts", hosts)
    assert set(laid_out) == {"directory", "voters", "processes"}
    assert [p["name"] for p in laid_out["processes"]] == ["shard-0-0", "collector-0", "router-0"]


def test_what_could_not_be_done_prints_no_object(tmp_path):
    for call in (["up"], ["down"], ["status"], ["open"], ["recount"], ["accounting"],
                 ["client", "add", "east"], ["backup", "--out", tmp_path / "b"]):
        done = run_psephos(*call, "--dir", tmp_path / "nothing", "--json")
        assert done.returncode != 0 and done.stdout == "" and done.stderr, call
