"""The REST API of a real cluster: its description, its numbers, and that they never go back."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from check_openapi import check_schema
from harness import BIN, DATA, FIXTURES, ROOT, Cluster, imported, wait_until

BALLOTS = [  # unit, method, contests: 7 ballots, 3 of them with the bridge
    ("north-1", "booth", {"mayor": ["red-ann"], "bridge": ["yes", "no"]}),
    ("north-1", "booth", {"mayor": ["bob"], "bridge": ["yes"]}),
    ("north-1", "mail", {"mayor": ["blanks"]}),
    ("north-rest", "mail", {"mayor": ["blue-ann"]}),
    ("north-rest", "booth", {}),
    ("south", "booth", {"mayor": ["blue-ann"]}),
    ("south", "booth", {"mayor": ["blue-ann"]}),
]


@pytest.fixture(scope="module", autouse=True)
def programs_are_built():
    if not (BIN / "psephos-collector").exists():
        pytest.exit(f"{BIN}/psephos-collector is not there: ./run build first", returncode=2)


def finished(one):
    try:
        yield one
    finally:
        one.finish()


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The fixture's town with BALLOTS cast; read-only for the tests."""
    folder = tmp_path_factory.mktemp("town")
    definition = json.loads((FIXTURES / "town.json").read_text())
    # Candidates of no contest, with a photo of each kind; Ann has a JPEG.
    definition["candidates"] += [
        {"id": kind, "name": kind, "photo": f"{kind}.{kind}"} for kind in ("png", "webp", "avif")
    ]
    (folder / "election.json").write_text(json.dumps(definition))
    one = Cluster(folder / "cluster", folder / "election.json", 2)
    one.up()
    for name in ("ann.jpg", "png.png", "webp.webp", "avif.avif"):
        (one.directory / name).write_bytes(b"not much of a photo")
    (one.directory / "town.topojson").write_text('{"type": "Topology", "objects": {}, "arcs": []}')
    one.kill("collector")
    one.start_collector()
    wait_until(lambda: is_ready(one), what="the collector's start")
    lines = "".join(
        json.dumps({"voter_id": f"v{i}", "unit": unit, "method": method, "contests": contests})
        + "\n"
        for i, (unit, method, contests) in enumerate(BALLOTS)
    )
    done = one.call("cast", "--json", "-", stdin=lines, check=0)
    assert json.loads(done.stdout)["counted"] == 7
    yield from finished(one)


def is_ready(one):
    try:
        return one.get("/readyz")[0] == 200
    except OSError:
        return False


def choices_of(result):
    return {choice["choice"]: choice["votes"] for choice in result["choices"]}


def test_every_answer_is_as_openapi_json_describes_it(town, tmp_path):
    plain = json.loads((FIXTURES / "town.json").read_text())
    del plain["map"]
    (tmp_path / "plain.json").write_text(json.dumps(plain))
    other = Cluster(tmp_path / "cluster", tmp_path / "plain.json", 1)
    try:
        other.up()
        done = subprocess.run(
            [
                sys.executable,
                Path(__file__).with_name("check_openapi.py"),
                town.api,
                "--local",
                town.api_local,
                "--also",
                other.api,
                "--shards",
                ",".join(map(str, town.pids("shard"))),
            ],
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        other.finish()
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert " 0 findings" in done.stdout
    wait_until(lambda: is_ready(town), what="a fresh board")


@pytest.mark.parametrize("turnout", ["immediate", "reports"])
def test_what_is_held_is_as_openapi_json_describes_it(tmp_path, turnout):
    definition = json.loads((FIXTURES / "town.json").read_text())
    definition |= {"format": 2, "publication": "reports", "report_min": 1, "turnout": turnout}
    for unit in definition["units"]:
        if "ballot_style" in unit:
            unit["ballot_styles"] = [unit.pop("ballot_style")]
    (tmp_path / "election.json").write_text(json.dumps(definition))
    one = Cluster(tmp_path / "cluster", tmp_path / "election.json", 2)
    checker = [sys.executable, Path(__file__).with_name("check_openapi.py"), "--allow-unseen"]
    try:
        one.up()
        lines = "".join(json.dumps({"voter_id": f"v{i}", "unit": unit, "method": method,
                                    "contests": contests}) + "\n"
                        for i, (unit, method, contests) in enumerate(BALLOTS))
        one.call("cast", "--json", "-", stdin=lines, check=0)
        for reported in ([], ["north-1"], ["--all", "--final"]):
            if reported:
                one.call("report", *reported)
            done = subprocess.run([*checker, one.api, "--local", one.api_local],
                                  capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
            leaves = one.get_json("/api/v1/results?level=leaf&limit=1000")["results"]
            held = [row["unit"] for row in leaves if row["choices"] is None]
            assert ("north-1" in held) == (not reported)
            assert ("south" in held) == (len(reported) < 2)
            assert all(row["ballots"] == 0 and row["report"] is None
                       for row in leaves if row["unit"] in held)
            told = {row["ballots_counted"] is None for row in leaves}
            assert told == {turnout == "reports"}
    finally:
        one.finish()


def test_results_are_the_ballots_cast(town):
    mayor, bridge = town.get_json("/api/v1/results")["results"]
    assert choices_of(mayor) == {"red-ann": 1, "blue-ann": 3, "bob": 1, "blanks": 1}
    assert (mayor["ballots"], mayor["undervotes"], mayor["overvotes"]) == (7, 1, 0)
    # two votes allowed: both, one and none of them used
    assert choices_of(bridge) == {"yes": 2, "no": 1}
    assert (bridge["unit"], bridge["ballots"], bridge["undervotes"]) == ("north", 3, 3)


def test_a_candidate_of_two_parties_has_the_votes_of_both(town):
    ann = town.get_json("/api/v1/candidates/ann")
    assert ann["candidate"]["votes"] == 4
    assert {w["unit"]: w["votes"] for w in ann["where"]} == {"north": 2, "south": 2}


def test_methods_add_up(town):
    items = town.get_json("/api/v1/results?contest=mayor&by=method")["results"]
    assert [(item["method"], item["ballots"]) for item in items] == [("booth", 5), ("mail", 2)]


def test_the_definition_is_the_file(town):
    status, headers, body = town.get("/api/v1/election/definition")
    assert status == 200 and body == town.election.read_bytes()
    assert town.get("/api/v1/election/definition",
                    headers={"If-None-Match": headers["ETag"]})[0] == 304


def test_a_page_folder_is_served(town):
    assert town.get("/")[0] == 200
    assert town.get("/../cluster.json")[0] == 404
    assert town.get("/%2e%2e/cluster.json")[0] == 404


def test_silent_shards_make_the_board_stale_and_back(town):
    pids = town.pids("shard")
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: town.get_json("/api/v1/election")["stale"], what="a stale board")
        assert town.get("/readyz")[0] == 503
        assert town.get("/healthz")[0] == 200
        assert town.get_json("/api/v1/results")["results"][0]["ballots"] == 7
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: not town.get_json("/api/v1/election")["stale"], what="a fresh board")
    assert town.get("/readyz")[0] == 200


def answer_faults(one, ret_last):
    """What is wrong with one answer by itself and against the one before."""
    body = one.get_json("/api/v1/results?contest=president")
    result = body["results"][0]
    votes = sum(choices_of(result).values()) + result["undervotes"] + result["overvotes"]
    faults = []
    if votes != result["ballots"]:
        faults.append(f"{votes} votes of {result['ballots']} ballots: a mixture of states")
    now = {shard["shard"]: (shard["epoch"], shard["index"]) for shard in body["version"]["shards"]}
    for shard, version in ret_last.get("version", {}).items():
        if now[shard] < version:
            faults.append(f"shard {shard} went from {version} back to {now[shard]}")
    for choice, count in ret_last.get("choices", {}).items():
        if choices_of(result)[choice] < count:
            faults.append(f"{choice} went from {count} back to {choices_of(result)[choice]}")
    ret_last.update(version=now, choices=choices_of(result), ballots=result["ballots"])
    return faults


# promise 5
def test_what_is_published_is_whole_and_never_goes_back(tmp_path):
    returns = DATA / "vt-2020-general-precinct.csv"
    if not returns.exists():
        pytest.skip("published data not here: ../shared/data/vt-2020-general-precinct.csv")
    one = Cluster(tmp_path / "cluster", imported(returns, tmp_path / "election"), 3)
    try:
        one.up()
        casting = threading.Thread(target=lambda: one.call(
            "cast", "--returns", returns, "--rate", "60000", timeout=300))
        casting.start()
        last, faults, answers, restarted = {}, [], 0, False
        while casting.is_alive():
            try:
                faults += answer_faults(one, last)
                answers += 1
            except OSError:
                continue  # the collector is restarting
            if not restarted and last["ballots"] > 50000:
                one.kill("collector")
                one.start_collector()
                restarted = True
        casting.join()
        wait_until(lambda: one.get_json("/api/v1/accounting")["total"]["counted"] == 370968,
                   what="the last ballot on the board")
        faults += answer_faults(one, last)
        assert not faults, faults[:10]
        assert restarted and answers > 20
        assert last["ballots"] == 370968
    finally:
        one.finish()


SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["a"],
    "properties": {
        "a": {"type": ["integer", "null"], "minimum": 1},
        "b": {"type": "array", "items": {"type": "string", "pattern": "^x"}},
        "c": {"anyOf": [{"type": "null"}, {"type": "string", "enum": ["y"]}]},
    },
}


@pytest.mark.parametrize("value, words", [
    ({"a": 1, "b": ["x1"], "c": "y"}, None),
    ({"a": None, "c": None}, None),
    ({}, "a is missing"),
    ({"a": 0}, "below 1"),
    ({"a": True}, "is not integer or null"),
    ({"a": 1, "d": 1}, "d is not documented"),
    ({"a": 1, "b": ["x", "z"]}, "b[1]: 'z' does not match"),
    ({"a": 1, "c": "z"}, "body.c"),
    ([], "is not object"),
])
def test_the_checker_finds_what_a_schema_forbids(value, words):
    faults = []
    check_schema({}, SCHEMA, value, "body", faults)
    assert bool(faults) == bool(words) and (not words or words in faults[0]), faults


def test_the_checker_refuses_schema_words_it_does_not_know():
    faults = []
    check_schema({}, {"type": "string", "minLength": 3}, "x", "body", faults)
    assert faults == ["body: the document uses ['minLength'], which is not checked"]


def test_no_parameter_and_no_response_is_described_twice():
    document = json.loads((ROOT / "collector" / "openapi.json").read_text())
    seen, twice = set(), set()
    for item in document["paths"].values():
        for one in [*item["get"]["parameters"], *item["get"]["responses"].values()]:
            text = json.dumps(one, sort_keys=True)
            if "$ref" not in one:
                (twice if text in seen else seen).add(text)
    assert not twice


def test_openapi_json_is_the_one_in_the_tree(town):
    assert town.get_json("/openapi.json") == json.loads(
        (ROOT / "collector" / "openapi.json").read_text())


def test_every_path_that_is_routed_is_documented():
    routes = re.findall(
        r'^    \{"(/[^"]*)"', (ROOT / "collector/api/api.c").read_text(), re.MULTILINE
    )
    documented = json.loads((ROOT / "collector/openapi.json").read_text())["paths"]
    assert len(routes) > 15
    assert [path for path in routes if re.sub("/$", "/{id}", path) not in documented] == []
