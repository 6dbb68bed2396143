"""A psephos-bridge that writes to PostgreSQL, and what must hold of what it wrote."""

import json
import os
import random
import signal
import subprocess
import time

import standing
from casting import free_port
from postgres_server import View
from exported import assert_same_as_api, wait_at_rest
from harness import BIN, TIMEOUT_S, is_running, wait_until

SHARDS = "SELECT shard, epoch, log_index FROM version ORDER BY shard"


class Bridge:
    """A process of its own; `sink`: what bridge.json says beside the conninfo."""

    def __init__(self, folder, one, conninfo, name="page", **sink):
        folder.mkdir(parents=True, exist_ok=True)
        self.one, self.name = one, name
        self.http = f"127.0.0.1:{free_port()}"
        self.file, self.log = folder / f"{name}.json", folder / f"{name}.log"
        self.file.write_text(json.dumps({
            "format": 1, "name": name, "http_local": self.http,
            "sink": {"postgres": {"conninfo": conninfo, **sink}}}))
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "psephos-bridge", "--cluster", self.one.directory / "cluster.json",
                 "--config", self.file], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def signal(self, sig):
        self.process.send_signal(sig)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self):
        return self.log.read_text()

    def says(self, words):
        assert self.process.poll() is None or words in self.said(), self.said()
        return words in self.said()

    def cpu_s(self):
        parts = open(f"/proc/{self.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def shards_of_api(one):
    return [(s["shard"], s["epoch"], s["index"])
            for s in one.get_json("/api/v1/election")["version"]["shards"]]


def shards_of(server, view):
    there = server.sql("SELECT to_regclass('psephos.version') IS NOT NULL", view.database)
    return view.execute(SHARDS).fetchall() if there == [["t"]] else []


def wait_written(one, server, view, timeout=60):
    """Until the tables hold what the API shows, of a cluster at rest."""
    wait_at_rest(one)
    wait_until(lambda: shards_of(server, view) == shards_of_api(one), timeout,
               what="the newest version in the tables")


def assert_written(one, server, view):
    wait_written(one, server, view)
    assert view.execute("SELECT state FROM election").fetchone() == (
        one.get_json("/api/v1/election")["election"]["state"],)
    return assert_same_as_api(one, view)


def ballots(first, n):
    """NDJSON lines of standing.ELECTION, with marks by chance."""
    chance = random.Random(first)
    lines = []
    for i in range(first, first + n):
        contests = {}
        for contest in standing.ELECTION["contests"]:
            names = [choice["id"] for choice in contest["choices"]]
            marks = min(contest.get("votes_allowed", 1), len(names))
            contests[contest["id"]] = chance.sample(names, chance.randint(0, marks))
        lines.append({"voter_id": f"n{i}", "unit": chance.choice(["north", "south"]),
                      "method": chance.choice(["booth", "mail"]), "contests": contests})
    return "".join(json.dumps(line) + "\n" for line in lines)


class Watch:
    """That nothing in the tables goes backwards."""

    def __init__(self, server, view):
        self.server, self.view = server, view
        self.shards, self.votes, self.looks = {}, 0, 0

    def look(self):
        """One statement, so one state of the tables."""
        there = shards_of(self.server, self.view)
        if not there:
            assert not self.shards, "what was written is gone"
            return
        rows = self.view.execute(
            "SELECT shard, epoch, log_index, (SELECT sum(votes)::bigint FROM results) FROM version")
        for shard, epoch, index, votes in rows:
            assert (epoch, index) >= self.shards.get(shard, (0, 0)), (shard, epoch, index)
            assert (votes or 0) >= self.votes, (votes, self.votes)
            self.shards[shard] = epoch, index
            self.votes = votes or 0
        self.looks += 1


def cast_beside(one, path, first, n):
    path.write_text(ballots(first, n))
    return subprocess.Popen([BIN / "psephos", "cast", "--dir", one.directory, path],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def finish_cast(cast):
    told, _ = cast.communicate(timeout=TIMEOUT_S * 3)
    assert cast.returncode == 0, told


def campaign(one, server, view, folder, kills, seed, each=150):
    """Kills bridge and server while votes come in, beside a spare that stands still at times.

    How many looks were taken, and lines compared.
    """
    chance = random.Random(seed)
    print(f"seed {seed}")
    bridge = Bridge(folder, one, server.conninfo(view.database)).start()
    spare = Bridge(folder, one, server.conninfo(view.database), "spare").start()
    stands_still = False
    watch = Watch(server, view)
    try:
        for i in range(kills):
            cast = cast_beside(one, folder / "ballots.ndjson", i * each, each)
            time.sleep(chance.uniform(0, 0.4))
            if chance.random() < 0.5:
                stands_still = not stands_still
                spare.signal(signal.SIGSTOP if stands_still else signal.SIGCONT)
            who = chance.choice(["bridge", "bridge", "server", "both"])
            if who != "server":
                bridge.kill()
            if who != "bridge":
                server.kill()
                server.start_again()
            watch.look()
            if who != "server":
                bridge.start()
            finish_cast(cast)
            assert bridge.process.poll() is None, bridge.said()
            if chance.random() < 0.5:
                wait_until(lambda: shards_of(server, view) == shards_of_api(one), 60,
                           what="the bridge to follow")
            watch.look()
        spare.signal(signal.SIGCONT)
        lines = assert_written(one, server, view)
        assert spare.process.poll() is None, spare.said()
        assert one.accounting()["total"]["counted"] == kills * each
        return watch.looks, lines
    finally:
        bridge.kill()
        spare.kill()


def stop_and_continue(bridge, meanwhile):
    """meanwhile() while the bridge stands still, as a machine that sleeps."""
    bridge.signal(signal.SIGSTOP)
    try:
        return meanwhile()
    finally:
        bridge.signal(signal.SIGCONT)
        assert is_running(bridge.process.pid)


def new_view(server, name):
    server.sql(f"CREATE DATABASE {name}")
    return View(server, name)
