"""/api/v1/changes of real collectors: whole, newest, and never older than before."""

import csv
import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from follow import Follower
from harness import BIN, FIXTURES, SLOWER, Cluster, run_psephos, wait_until

UNITS = [("north-1", ["red-ann", "bob", "blanks"]), ("north-rest", ["blue-ann"]),
         ("south", ["blue-ann"])]


def ballots(first, count):
    """Lines for cast --json: of every unit and method, some with the bridge."""
    lines = []
    for i in range(first, first + count):
        unit, choices = UNITS[i % 3]
        contests = {"mayor": [choices[i % len(choices)]]} if i % 7 else {}
        if unit == "north-1" and i % 2:
            contests["bridge"] = ["yes"] if i % 5 else ["yes", "no"]
        lines.append(json.dumps({"voter_id": f"v{i}", "unit": unit,
                                 "method": "booth" if i % 4 else "mail", "contests": contests}))
    return "\n".join(lines) + "\n"


def is_open(one):
    try:
        return one.get("/readyz")[0] == 200 and all(
            shard["state"] == "open" for shard in one.get_json("/cluster", local=True)["shards"])
    except OSError:
        return False


@pytest.fixture
def town(tmp_path):
    one = Cluster(tmp_path / "cluster", FIXTURES / "town.json", 2)
    try:
        one.up()
        wait_until(lambda: is_open(one), what="an open election on the board")
        yield one
    finally:
        one.finish()


@pytest.fixture
def reported(tmp_path):
    """The same, its votes shown by reports; turnout at once."""
    definition = json.loads((FIXTURES / "town.json").read_text())
    definition |= {"format": 2, "publication": "reports", "report_min": 1}
    for unit in definition["units"]:
        if "ballot_style" in unit:
            unit["ballot_styles"] = [unit.pop("ballot_style")]
    (tmp_path / "election.json").write_text(json.dumps(definition))
    one = Cluster(tmp_path / "cluster", tmp_path / "election.json", 2)
    try:
        one.up()
        wait_until(lambda: is_open(one), what="an open election on the board")
        yield one
    finally:
        one.finish()


def changes(one, query="", status=200):
    """The lines before the last one, and that; or the problem."""
    got, headers, body = one.get("/api/v1/changes" + query)
    assert got == status, (query, got, body[:500])
    if status != 200:
        return json.loads(body)
    assert headers["Content-Type"] == "application/x-ndjson"
    *lines, end = [json.loads(line) for line in body.decode().splitlines()]
    assert "kind" not in end and headers["Psephos-Version"] == end["version"]["id"]
    return lines, end


def csv_of_every_level(one, version):
    """(level, unit, method, contest, choice) -> (votes, ballots, undervotes, overvotes)."""
    rows = {}
    election = one.get_json("/api/v1/election")["election"]
    for level in [level["level"] for level in election["levels"]]:
        for by in ("", "&by=method"):
            status, headers, body = one.get(
                f"/api/v1/results.csv?level={level}{by}&version={version}")
            assert status == 200 and headers["Psephos-Version"] == version, body
            for row in csv.DictReader(io.StringIO(body.decode())):
                key = (row["unit"], row["method"] or None, row["contest"], row["choice"])
                rows[key] = tuple(int(row[name]) for name in (
                    "votes", "ballots", "undervotes", "overvotes"))
    return rows


def held_rows(rows):
    """What a follower has, in the same form."""
    told = {}
    for (kind, unit, method, contest, _), line in rows.items():
        if kind != "result" or line["choices"] is None:
            continue
        for choice in line["choices"]:
            told[unit, method, contest, choice["choice"]] = (
                choice["votes"], line["ballots"], line["undervotes"], line["overvotes"])
    return told


def without(line, *names):
    return {name: value for name, value in line.items() if name not in names}


def check_same(one, follower):
    """What is held is what the API has, of that version: results, turnout and books."""
    version = follower.end["version"]["id"]
    assert held_rows(follower.rows) == csv_of_every_level(one, version)
    turnout = {}
    for level in one.get_json("/api/v1/election")["election"]["levels"]:
        for unit in one.get_json(
                f"/api/v1/turnout?level={level['level']}&version={version}")["turnout"]:
            turnout[unit["unit"]] = unit
    assert turnout == {key[1]: without(line, "kind") for key, line in follower.rows.items()
                       if key[0] == "turnout"}
    accounting = one.get_json(f"/api/v1/accounting?version={version}")
    books = {key[4]: without(line, "kind") for key, line in follower.rows.items()
             if key[0] == "books"}
    assert books.pop(None) == {"shard": None, **accounting["total"]}
    assert list(books.values()) == accounting["shards"]


class Watched(Follower):
    """Notes each time that something is older than before, within an epoch."""

    def __init__(self, api):
        super().__init__(api)
        self.faults, self.steps, self.anew = [], 0, 0

    def step(self, wait=30):
        before, rows = self.end, self.rows
        anew = self.since is None
        if not super().step(wait):
            return False
        self.steps += 1
        self.anew += anew
        if before is None:
            return True
        was = {s["shard"]: (s["epoch"], s["index"]) for s in before["version"]["shards"]}
        now = {s["shard"]: (s["epoch"], s["index"]) for s in self.end["version"]["shards"]}
        self.faults += [(shard, was[shard], now[shard]) for shard in was if now[shard] < was[shard]]
        if any(now[shard][0] > was[shard][0] for shard in was):
            return True  # restored: less is right
        for key, line in rows.items():
            if self.rows.get(key, {}).get("ballots", 0) < line.get("ballots", 0):
                self.faults.append((key, line, self.rows.get(key)))
        return True


def follow(follower, ended):
    while not ended.is_set():
        follower.step(wait=2)


def test_follow_takes_an_address_and_nothing_else():
    for given in ([], ["nonsense"], ["--help"]):
        done = subprocess.run([sys.executable, Path(__file__).with_name("follow.py"), *given],
                              capture_output=True, text=True, timeout=20 * SLOWER)
        assert done.returncode == 2
        assert "follow.py http://HOST:PORT" in done.stderr


# promise 5
def test_sixty_lines_follow_through_kills_and_a_restore(town, tmp_path):
    source = Path(__file__).with_name("follow.py").read_text()
    assert len(source.splitlines()) <= 60
    follower, ended = Watched(town.api), threading.Event()
    thread = threading.Thread(target=follow, args=(follower, ended))
    thread.start()
    try:
        town.call("cast", "--json", "-", stdin=ballots(0, 200), check=0)
        town.call("backup", "--out", tmp_path / "backup", check=0)
        casting = threading.Thread(target=lambda: town.call(
            "cast", "--json", "--rate", "2000", "-", stdin=ballots(200, 12000), timeout=120))
        casting.start()
        for kill in range(4):
            wait_until(lambda: listens(town) and town.get_json("/api/v1/accounting")[
                "total"]["counted"] > 1000 * (kill + 1), what="ballots to be counted")
            anew = follower.anew
            town.kill("collector")
            town.start_collector()
            wait_until(lambda: follower.anew > anew, what="all of it from the new process")
        casting.join()
        wait_until(lambda: follower.end["version"]["number"] == town.get_json(
            "/api/v1/shards")["version"]["number"] and not follower.end["stale"],
            what="the last ballot, and that it is current")
        assert follower.rows["turnout", "us", None, None, None]["ballots"] == 12200
        steps_before, anew_before = follower.steps, follower.anew

        town.kill()  # every machine is lost
        shutil.rmtree(town.directory / "data")
        town.call("restore", "--backup", tmp_path / "backup", check=0)
        assert follower.rows["turnout", "us", None, None, None]["ballots"] == 12200
        town.up()
        wait_until(lambda: follower.end["version"]["number"] > 4 << 40, timeout=30 * SLOWER,
                   what="the restored shards")
        wait_until(lambda: follower.rows["turnout", "us", None, None, None]["ballots"] == 200,
                   what="what the backup had")
        town.call("cast", "--json", "-", stdin=ballots(200, 100), check=0)
        wait_until(lambda: follower.rows["turnout", "us", None, None, None]["ballots"] == 300,
                   what="ballots cast since")
    finally:
        ended.set()
        thread.join()
    while not (follower.step(wait=1) and not follower.end["stale"]):
        pass
    check_same(town, follower)
    assert not follower.faults, follower.faults[:3]
    assert follower.steps > steps_before > 10 and follower.anew > anew_before >= 5


def test_only_what_changed_is_told(town):
    town.call("cast", "--json", "-", stdin=ballots(0, 60), check=0)
    _, end = changes(town)
    lines, same = changes(town, f"?since={end['version']['id']}")
    assert lines == [] and same["version"] == end["version"]
    town.call("cast", "--json", "-", stdin=json.dumps(
        {"voter_id": "x", "unit": "south", "method": "mail", "contests": {}}) + "\n", check=0)
    lines, newest = changes(town, f"?since={end['version']['id']}")
    assert newest["version"]["number"] == end["version"]["number"] + 1
    told = [(line["kind"], line.get("unit"), line.get("method"), line.get("contest"))
            for line in lines]
    assert told == [
        ("result", "us", None, "mayor"), ("result", "us", "mail", "mayor"),
        ("turnout", "us", None, None),
        ("result", "south", None, "mayor"), ("result", "south", "mail", "mayor"),
        ("turnout", "south", None, None),
        ("books", None, None, None), ("books", None, None, None)]
    assert lines[0]["ballots"] == 61 and lines[0]["revision"] == 0
    assert "decreased" not in lines[0]
    assert [line["shard"] is None for line in lines[-2:]] == [True, False]
    for query, kept in [
        ("&contest=mayor", 4), ("&contest=bridge", 0), ("&kind=result", 4), ("&kind=turnout", 2),
        ("&kind=books", 2), ("&level=nation", 3), ("&level=leaf", 3), ("&level=precinct", 0),
        ("&level=county&kind=result", 2), ("&level=nation&kind=books", 0),
        ("&contest=mayor&kind=turnout", 0),
    ]:
        found, last = changes(town, f"?since={end['version']['id']}{query}")
        assert len(found) == kept, query
        assert all(line in lines for line in found)
        assert last["version"] == newest["version"]


def test_held_rows_are_null_until_they_are_reported(reported):
    follower = Watched(reported.api)
    reported.call("cast", "--json", "-", stdin=ballots(0, 60), check=0)
    assert follower.step(wait=0)
    check_same(reported, follower)
    us = follower.rows["result", "us", None, "mayor", None]
    assert [us[name] for name in ("ballots", "choices", "undervotes", "overvotes")] == [
        0, None, None, None]
    assert follower.rows["turnout", "us", None, None, None]["ballots_counted"] == 60
    for number, reports in enumerate((["north-1"], ["south"], ["--all", "--final"]), 1):
        reported.call("report", *reports, check=0)
        wait_until(lambda: follower.step(wait=2) and not any(
            line["report_under_way"] for key, line in follower.rows.items()
            if key[0] == "turnout"), what="the report")
        check_same(reported, follower)
        us = follower.rows["result", "us", None, "mayor", None]
        assert (us["choices"] is not None) and us["ballots"] == min(number * 20, 60)
        held = [key for key, line in follower.rows.items()
                if key[0] == "result" and line["choices"] is None]
        assert bool(held) == (number < 3)
    assert follower.anew == 1 and not follower.faults


def test_turnout_alone_is_news(reported):
    _, end = changes(reported)
    reported.call("cast", "--json", "-", stdin=ballots(0, 3), check=0)
    lines, _ = changes(reported, f"?since={end['version']['id']}&wait=10")
    assert {line["kind"] for line in lines} == {"turnout", "books"}
    assert {line["unit"] for line in lines if line["kind"] == "turnout"} == {
        "us", "north", "north-1", "north-rest", "south"}


STANDING = ("level", "ballots_counted", "margin", "margin_of", "tied", "units_reporting",
            "units_partial", "units_started", "units_total", "report")


@pytest.mark.parametrize("kind", ["town", "reported"])
def test_rows_with_standing_are_those_of_results(request, kind):
    one = request.getfixturevalue(kind)
    election = one.get_json("/api/v1/election")["election"]
    lines, end = changes(one, "?standing=1&kind=result")
    told = {(line["unit"], line["method"], line["contest"]): line for line in lines}
    rows = []
    for level in election["levels"]:
        for by in ("", "&by=method") if len(election["methods"]) > 1 else ("",):
            rows += one.get_json(f"/api/v1/results?limit=1000&level={level['level']}{by}"
                                 f"&version={end['version']['id']}")["results"]
    assert len(rows) == len(told) > 5
    for row in rows:
        line = told[row["unit"], row["method"], row["contest"]]
        assert set(STANDING) < set(line)
        for name in set(line) - {"kind", "revision"}:
            assert line[name] == row[name], name
    assert not set(STANDING) & set(changes(one, "?kind=result")[0][0])


def test_all_rows_of_a_version_that_is_asked_for(town):
    before, end = changes(town)
    town.call("cast", "--json", "-", stdin=ballots(0, 1))
    wait_until(lambda: changes(town)[1]["version"] != end["version"], what="another version")
    again, same = changes(town, f"?version={end['version']['id']}")
    assert again == before and same["version"] == end["version"]
    assert changes(town)[0] != before
    problem = changes(town, f"?version={end['version']['id']}&since={end['version']['id']}", 400)
    assert "without" in problem["detail"]


def timed(one, query):
    start = time.monotonic()
    lines, end = changes(one, query)
    return lines, end, time.monotonic() - start


def test_a_wait_ends_with_news_or_time_or_staleness(town):
    _, end = changes(town)
    since = f"?since={end['version']['id']}"
    lines, last, took = timed(town, since + "&wait=2")
    assert lines == [] and last["version"] == end["version"] and 2 <= took < 4 * SLOWER
    lines, last, took = timed(town, "?wait=60")
    assert lines and took < 2 * SLOWER  # without since there is something
    timer = threading.Timer(1, lambda: town.call("cast", "--json", "-", stdin=ballots(0, 1)))
    timer.start()
    lines, last, took = timed(town, since + "&wait=60")
    timer.join()
    assert lines and 0.9 < took < 10 * SLOWER

    since = f"?since={last['version']['id']}"
    pids = town.pids("shard")
    try:
        for pid in pids:
            subprocess.run(["kill", "-STOP", str(pid)], check=True)
        lines, last, took = timed(town, since + "&wait=60")
        assert lines == [] and last["stale"] and took < 10 * SLOWER
        lines, last, took = timed(town, since + "&wait=60")  # it does not say what it knows
        assert last["stale"] and 1 <= took < 4 * SLOWER
        lines, last, took = timed(town, since + ".0&wait=60")  # it thinks that it is fresh
        assert last["stale"] and took < 1 * SLOWER
        lines, last, took = timed(town, since + ".1&wait=3")
        assert last["stale"] and 3 <= took < 6 * SLOWER
        timer = threading.Timer(1, lambda: subprocess.run(["kill", "-CONT", *map(str, pids)]))
        timer.start()
        lines, last, took = timed(town, since + ".1&wait=60")
        timer.join()
        assert not last["stale"] and took < 10 * SLOWER
    finally:
        for pid in pids:
            subprocess.run(["kill", "-CONT", str(pid)], check=True)


def test_a_close_is_news_whatever_is_asked_for(town):
    _, end = changes(town)
    assert end["state"] == "open"
    timer = threading.Timer(0.5, lambda: town.call("close"))
    timer.start()
    while end["state"] == "open":
        lines, end, took = timed(
            town, f"?since={end['version']['id']}&wait=60&contest=mayor&level=leaf")
        assert lines == [] and took < 15 * SLOWER
    timer.join()
    assert end["state"] == "closed"


def test_what_is_not_this_process_s_is_gone(town):
    known = changes(town)[1]["version"]["id"]
    for since in ("", "x", "1-2-3", known[:-1], known + "0", known + ".2", "0" + known, "-1",
                  "a" * 300, known.upper() + "!", "%F0%9F%92%A9", "undefined", "null"):
        problem = changes(town, f"?since={since}", 410)
        assert "replace everything" in problem["detail"]
        changes(town, f"?since={since}&wait=5", 410)
    for query in ("wait=61", "wait=-1", "wait=x", "wait=", "wait=1.5", "kind=votes", "kind=",
                  "level=moon", "since=&since=", "standing=0", "unit=us"):
        assert "detail" in changes(town, "?" + query, 400)
    changes(town, "?contest=nobody", 404)
    changes(town, "?version=x", 410)
    changes(town, f"?since={known}")
    town.kill("collector")
    town.start_collector()
    wait_until(lambda: listens(town), what="the collector")
    changes(town, f"?since={known}", 410)


def listens(one):
    try:
        one.get("/healthz")
    except OSError:
        return False
    return True


def viewers(one):
    text = one.get("/metrics", local=True)[2].decode()
    return {name: int(line.split()[1]) for line in text.splitlines()
            for name in ("psephos_stream_viewers", "psephos_changes_waiting")
            if line.startswith(name + " ")}


def begin_wait(one, wait=60):
    since = changes(one)[1]["version"]["id"]
    host, port = one.api.removeprefix("http://").split(":")
    waiting = socket.create_connection((host, int(port)))
    waiting.sendall(f"GET /api/v1/changes?since={since}&wait={wait} HTTP/1.1\r\n"
                    f"Host: {host}\r\n\r\n".encode())
    return waiting


def test_who_goes_while_it_waits_leaves_its_place(town):
    waiting = [begin_wait(town) for _ in range(5)]
    wait_until(lambda: viewers(town) == {
        "psephos_stream_viewers": 5, "psephos_changes_waiting": 5}, what="five places taken")
    for one in waiting[:3]:
        one.close()
    wait_until(lambda: viewers(town)["psephos_changes_waiting"] == 2, timeout=5 * SLOWER,
               what="three places free")
    assert viewers(town)["psephos_stream_viewers"] == 2
    town.call("cast", "--json", "-", stdin=ballots(0, 1), check=0)
    for one in waiting[3:]:
        assert one.recv(12) == b"HTTP/1.1 200"
        one.close()
    wait_until(lambda: viewers(town)["psephos_changes_waiting"] == 0, timeout=5 * SLOWER,
               what="every place free")


def test_a_collector_that_ends_does_not_wait_for_who_waits(town):
    waiting = begin_wait(town)
    wait_until(lambda: viewers(town)["psephos_changes_waiting"] == 1, what="a place taken")
    start = time.monotonic()
    town.kill("collector", sig=signal.SIGTERM)
    assert time.monotonic() - start < 5 * SLOWER
    assert b"200 OK" not in waiting.recv(100)
    waiting.close()
    assert "Fatal error" not in (town.directory / "logs" / "collector-0.log").read_text()


class Cut:
    """Answers as a collector did, less its last bytes."""

    def __init__(self, body):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.api = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.body = body
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        peer, _ = self.listener.accept()
        peer.recv(4096)
        peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n" + self.body)
        peer.close()


def test_an_answer_without_its_last_line_is_void(town):
    town.call("cast", "--json", "-", stdin=ballots(0, 9), check=0)
    body = town.get("/api/v1/changes")[2]
    lines = body.splitlines(keepends=True)
    for cut in (b"", b"".join(lines[:1]), b"".join(lines[:-1]), body[:-10], body[:-2]):
        follower = Follower(Cut(cut).api)
        assert not follower.step(wait=0)
        assert follower.rows == {} and follower.since is None
    follower = Follower(Cut(body).api)
    assert follower.step(wait=0) and len(follower.rows) == len(lines) - 1


def test_the_stream_s_event_id_is_a_version_to_go_on_from(town):
    host, port = town.api.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as viewer:
        viewer.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        text = b""
        while b"\nevent: board" not in text:
            text += viewer.recv(65536)
    event_id = text.split(b"id: ")[1].split(b"\n")[0].decode()
    lines, end = changes(town, f"?since={event_id}")
    assert lines == [] and event_id.startswith(end["version"]["id"] + ".")


# A little more than MHD buffers for one piece, and more than a socket takes.
def test_a_large_answer_comes_in_pieces_and_does_not_grow_the_collector(tmp_path):
    units = [{"id": "us", "name": "Nation", "level": "nation"}]
    units += [{"id": f"c{i}", "name": f"County {i}", "level": "county", "parent": "us",
               "ballot_styles": ["all"]} for i in range(3160)]
    contests = [{"id": f"k{i}", "name": f"Contest {i}", "office": "O", "unit": "us", "choices": [
        {"id": choice, "name": choice, "kind": "candidate", "candidate": f"k{i}-{choice}"}
        for choice in ("ann", "bob", "cat")]} for i in range(60)]
    definition = {
        "format": 2, "id": "large", "name": "Large", "date": "2026-11-03",
        "publication": "immediate",
        "methods": [{"id": "booth", "name": "Booth"}, {"id": "mail", "name": "Mail"}],
        "parties": [], "candidates": [{"id": f"k{i}-{c}", "name": c} for i in range(60)
                       for c in ("ann", "bob", "cat")],
        "units": units, "contests": contests,
        "ballot_styles": [{"id": "all", "contests": [{"contest": f"k{i}"} for i in range(60)]}]}
    (tmp_path / "election.json").write_text(json.dumps(definition))
    one = Cluster(tmp_path / "cluster", tmp_path / "election.json", 1)

    def peak_kb():
        status = Path(f"/proc/{one.pids('collector')[0]}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0])

    try:
        one.up()
        before = peak_kb()
        _, _, body = one.get("/api/v1/changes?kind=result")
        lines = body.splitlines()
        assert len(lines) == 3161 * 60 * 3 + 1 and len(body) > 90 << 20
        assert peak_kb() - before < 20 << 10
        # Who takes nothing holds the view, and no more.
        host, port = one.api.removeprefix("http://").split(":")
        idle = [socket.create_connection((host, int(port))) for _ in range(20)]
        for peer in idle:
            peer.sendall(f"GET /api/v1/changes HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert peer.recv(12) == b"HTTP/1.1 200"
        assert peak_kb() - before < 30 << 10
        for peer in idle:
            peer.close()
    finally:
        one.finish()
