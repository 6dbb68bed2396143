"""Chaos on real processes: kills, pauses and cut links while ballots flow; exact or exit 1.

3 shards x 3 replicas, 2 routers, 1 collector. As root every machine is a network namespace
with its own address (three with one replica of each shard, one with the collector and a router,
one with a router), so that links can be cut, in one direction or both; without root everything
runs on loopback and no link is cut. A round casts the returns once while faults happen, then
mends everything and checks:

  - every ballot has the verdict that was meant for it (cast, exit 0);
  - the published totals are the returns, row by row; the books balance;
  - all replicas of a shard have one state hash at one index;
  - each shard's journal, replayed from the start, gives the live totals (recount);
  - the totals shown meanwhile never went backwards.
"""

import argparse
import collections
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cluster"))
from harness import BIN, ROOT, run_psephos, wait_until  # noqa: E402

RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
SHARDS, REPLICAS, ROUTERS = 3, 3, 2
SHARD_HOSTS = ("one", "two", "three")
HOSTS = (*SHARD_HOSTS, "four", "five")
HEAL_S = 120
KINDS = (("kill", 26), ("kill_leader", 20), ("pause", 18), ("partition", 14), ("one_way", 8),
         ("kill_router", 5), ("kill_collector", 4), ("kill_all", 5))


class Violation(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Violation(what)


def ip(*arguments, check=True):
    return subprocess.run(("ip", *map(str, arguments)), check=check, capture_output=True, text=True)


class Network:
    """Namespaces psp-chaosS-NAME on one bridge; .1 is the machine itself. S, a slot that no
    other run holds: what a killed run left there is removed.

    The bridge is in a namespace of its own, for packets of a bridge pass the machine's firewall
    where Docker has set that up, and are dropped there."""

    def __init__(self):
        for self.slot in range(8):
            self.lock = Path(tempfile.gettempdir(), f"psephos-chaos.{self.slot}.lock").open("a")
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                self.lock.close()
        else:
            sys.exit("chaos: eight other runs are under way; end one of them first")
        self.net = f"10.213.{70 + self.slot}"
        self.machine = f"psp-chaos{self.slot}"  # its own end of the wire
        self.remove()
        wire = self.space("wire")
        ip("netns", "add", wire)
        ip("-n", wire, "link", "add", "bridge", "type", "bridge")
        ip("-n", wire, "link", "set", "bridge", "up")
        ip("link", "add", self.machine, "type", "veth", "peer", "name", "machine", "netns", wire)
        ip("-n", wire, "link", "set", "machine", "master", "bridge", "up")
        ip("addr", "add", f"{self.net}.1/24", "dev", self.machine)
        ip("link", "set", self.machine, "up")
        for host in HOSTS:
            space = self.space(host)
            ip("netns", "add", space)
            ip(
                "-n",
                space,
                "link",
                "add",
                "eth0",
                "type",
                "veth",
                "peer",
                "name",
                host,
                "netns",
                wire,
            )
            ip("-n", wire, "link", "set", host, "master", "bridge", "up")
            ip("-n", space, "link", "set", "lo", "up")
            ip("-n", space, "addr", "add", f"{self.address(host)}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")

    def space(self, host):
        return f"psp-chaos{self.slot}-{host}"

    def address(self, host):
        return f"{self.net}.{11 + HOSTS.index(host)}"

    def cut(self, sender, receiver):
        ip("-n", self.space(sender), "route", "add", "blackhole", f"{self.address(receiver)}/32",
           check=False)

    def mend(self):
        for host in HOSTS:
            for other in HOSTS:
                ip("-n", self.space(host), "route", "del", "blackhole",
                   f"{self.address(other)}/32", check=False)

    def remove(self):
        for host in (*HOSTS, "wire"):
            ip("netns", "del", self.space(host), check=False)
        ip("link", "del", self.machine, check=False)


class Process:
    """One daemon: where it runs and how it is started again."""

    def __init__(self, directory, network, host, role, number, replica=None):
        name = f"{role}-{number}" + ("" if replica is None else f"-{replica}")
        self.name, self.role, self.shard, self.replica, self.host = (
            name,
            role,
            number,
            replica,
            host,
        )
        self.command = [str(BIN / f"psephos-{role}"), "--cluster", str(directory / "cluster.json"),
                        f"--{role}", str(number)]
        if replica is not None:
            self.command += ["--replica", str(replica)]
        if role != "router":
            self.command += ["--data", str(directory / "data" / name)]
        if network:
            self.command = ["ip", "netns", "exec", network.space(host), *self.command]
        self.log = directory / "logs" / f"{name}.log"
        self.child, self.back_at, self.paused = None, 0.0, False

    def start(self):
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True)
        self.back_at = 0.0

    def runs(self):
        return self.child is not None and self.child.poll() is None

    def end(self, sig, back_at=0.0):
        if not self.runs():
            return False
        self.child.send_signal(sig)
        self.child.wait()
        self.back_at, self.paused = back_at, False
        return True


class Watch(threading.Thread):
    """Reads the totals shown; what was shown once must not be less later."""

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api, self.counted, self.looks, self.backwards = api, 0, 0, None
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            try:
                with urllib.request.urlopen(self.api + "/api/v1/accounting", timeout=2) as answer:
                    counted = json.load(answer)["total"]["counted"]
            except (OSError, ValueError, KeyError):
                continue
            self.looks += 1
            if counted < self.counted:
                self.backwards = f"{self.counted} counted were shown, then {counted}"
            self.counted = max(self.counted, counted)


class Round:
    def __init__(self, directory, network, seed, returns, rate):
        self.directory, self.network, self.random = directory, network, random.Random(seed)
        self.returns, self.rate = returns, rate
        self.faults, self.cast = collections.Counter(), None
        run_psephos("import", returns, "--out", directory / "e", check=0)
        hosts = directory / "hosts"
        hosts.write_text("".join(
            f"{host} {self.address(host)} {'shard' if host in SHARD_HOSTS else 'router'}"
            f"{' collector' if host == 'four' else ''}\n" for host in HOSTS))
        self.cluster = directory / "c"
        where = ["--hosts", hosts] if network else []
        run_psephos(
            "up",
            "--dir",
            self.cluster,
            "--election",
            directory / "e" / "election.json",
            "--shards",
            SHARDS,
            "--replicas",
            REPLICAS,
            "--routers",
            ROUTERS,
            *where,
            check=0,
        )
        if not network:
            run_psephos("down", "--dir", self.cluster, check=0)
        self.description = json.loads((self.cluster / "cluster.json").read_text())
        for name in ("data", "logs", "run"):
            (self.cluster / name).mkdir(exist_ok=True)
        self.processes = self.all_processes()
        self.api = "http://" + self.description["collectors"][0]["http"]

    def address(self, host):
        return self.network.address(host) if self.network else "127.0.0.1"

    def host_of(self, address):
        named = {self.address(host): host for host in HOSTS}
        return named[address.removeprefix("tcp://").rpartition(":")[0]] if self.network else "one"

    def all_processes(self):
        found = [Process(self.cluster, self.network, self.host_of(replica["address"]), "shard",
                         shard["shard"], replica["replica"])
                 for shard in self.description["shards"] for replica in shard["replicas"]]
        found += [Process(self.cluster, self.network, self.host_of(collector["address"]),
                          "collector", collector["collector"])
                  for collector in self.description["collectors"]]
        return found + [Process(self.cluster, self.network, self.host_of(router["address"]),
                                "router", router["router"])
                        for router in self.description["routers"]]

    def status(self):
        done = run_psephos("status", "--dir", self.cluster, "--json")
        return json.loads(done.stdout)["processes"] if done.stdout else []

    def leads(self, process):
        return process.role == "shard" and any(
            p["role"] == "shard" and p["shard"] == process.shard and p["replica"] == process.replica
            and p["state"] == "leader" for p in self.known)

    # ---- faults ----

    def back(self):
        return time.monotonic() + self.random.uniform(0.05, 2.0)

    def kill(self, process):
        led = self.leads(process)
        if process.end(signal.SIGKILL, self.back()):
            self.faults["sigkill"] += 1
            self.faults["sigkill_of_a_leader"] += led

    def fault(self, kind):
        pick = self.random.choice
        shards = [p for p in self.processes if p.role == "shard"]
        if kind == "kill":
            self.kill(pick(shards))
        elif kind == "kill_leader":
            self.known = self.status()
            leaders = [p for p in shards if self.leads(p)]
            if leaders:
                self.kill(pick(leaders))
        elif kind in ("kill_router", "kill_collector"):
            self.kill(pick([p for p in self.processes if "kill_" + p.role == kind]))
        elif kind == "kill_all":
            for process in self.processes:
                self.kill(process)
            self.faults["everything_killed"] += 1
        elif kind == "pause":
            process = pick(self.processes)
            if process.runs() and not process.paused:
                process.child.send_signal(signal.SIGSTOP)
                process.paused, process.back_at = True, self.back()
                self.faults["sigstop"] += 1
        elif self.network and kind in ("partition", "one_way"):
            one, other = self.random.sample(HOSTS, 2)
            self.network.cut(one, other)
            if kind == "partition":
                self.network.cut(other, one)
            self.mend_at = self.back() + 1
            self.faults[kind] += 1

    def bring_back(self, everything=False):
        now = time.monotonic()
        if self.network and self.mend_at and (everything or now >= self.mend_at):
            self.network.mend()
            self.mend_at = 0.0
        for process in self.processes:
            if process.paused and (everything or now >= process.back_at):
                process.child.send_signal(signal.SIGCONT)
                process.paused = False
            elif not process.runs() and (everything or now >= process.back_at):
                process.start()

    # ---- a round ----

    def open(self):
        self.mend_at, self.known = 0.0, []
        self.bring_back(everything=True)
        wait_until(lambda: run_psephos("open", "--dir", self.cluster).returncode == 0, timeout=60,
                   every=0.5, what="the opening of the polls")

    def level(self):
        states = collections.defaultdict(set)
        for p in self.status():
            if p["role"] == "shard":
                if p["state"] not in ("leader", "follower"):
                    return False
                states[p["shard"]].add((p["index"], p["state_hash"]))
        return len(states) == SHARDS and all(len(s) == 1 for s in states.values())

    def check(self, watch):
        wait_until(self.level, timeout=HEAL_S, every=0.5,
                   what="one index and one state hash in each shard")
        shown = run_psephos(
            "results", "--api", self.api, "--format", "openelections", check=0
        ).stdout
        require(sorted(shown.splitlines()) == sorted(self.returns.read_text().splitlines()),
                "the totals shown are not the returns")
        require(run_psephos("accounting", "--api", self.api).returncode == 0,
                "the books do not balance")
        recount = run_psephos("recount", "--dir", self.cluster, timeout=300)
        require(recount.returncode == 0, "the recount differs:\n" + recount.stdout + recount.stderr)
        require(watch.backwards is None, watch.backwards)
        require(watch.looks > 0, "nothing was shown")

    def run(self, gap_s):
        self.open()
        watch = Watch(self.api)
        watch.start()
        cast = self.cast = subprocess.Popen(
            [BIN / "psephos", "cast", "--dir", self.cluster, "--returns", self.returns, "--json",
             "--rate", str(self.rate), "--replayed", "0.02", "--double-votes", "0.01",
             "--give-up-after", "600"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        kinds, weights = zip(*KINDS)
        next_fault = time.monotonic() + 1
        # No more faults when nearly all is cast: the last ones must hit ballots, too.
        while cast.poll() is None and watch.counted < self.ballots() * 0.97:
            self.bring_back()
            if time.monotonic() >= next_fault:
                self.fault(self.random.choices(kinds, weights)[0])
                next_fault = time.monotonic() + self.random.uniform(0.3, 1.7) * gap_s
            time.sleep(0.02)
        self.bring_back(everything=True)
        while cast.poll() is None:
            self.bring_back()
            time.sleep(0.05)
        out, err = self.cast.communicate()
        require(cast.returncode == 0, f"cast ended with {cast.returncode}: {err[-1000:]}")
        self.summary = json.loads(out)
        self.bring_back(everything=True)
        try:
            self.check(watch)
        finally:
            watch.over.set()
            watch.join()

    def ballots(self):
        return sum(unit.get("ballots_expected", 0) for unit in json.loads(
            (self.cluster / "election.json").read_text())["units"]) or 1

    def stop(self):
        if self.cast:
            self.cast.kill()
            self.cast.wait()
        for process in self.processes:
            if process.runs():
                process.child.send_signal(signal.SIGCONT)
            process.end(signal.SIGTERM)


def parse():
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2, help="rounds begin until then (2)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--returns", type=Path, default=RETURNS)
    parser.add_argument("--rate", type=int, default=8000, help="ballots a second (8000)")
    parser.add_argument("--gap", type=float, default=0.5, help="seconds between two faults (0.5)")
    parser.add_argument("--loopback", action="store_true", help="no namespaces: no link is cut")
    parser.add_argument("--json", type=Path, help="the figures, for programs")
    return parser.parse_args()


def one_round(arguments, network, seed, totals):
    directory = Path(tempfile.mkdtemp(prefix="psephos-chaos-"))
    one = None
    try:
        one = Round(directory, network, seed, arguments.returns, arguments.rate)
        one.run(arguments.gap)
    except (Violation, AssertionError, OSError, subprocess.SubprocessError) as problem:
        print(
            f"round with seed {seed}: VIOLATION: {problem}\n  its folder: {directory}\n"
            f"  again: ./run chaos --minutes 0 --seed {seed}",
            file=sys.stderr,
        )
        return False
    finally:
        if one:
            one.stop()
            totals.update(one.faults)
    totals.update(rounds=1, ballots=one.summary["cast"], resent=one.summary["resent"])
    shutil.rmtree(directory)
    return True


def main():
    arguments = parse()
    network = None
    if not arguments.loopback:
        if os.geteuid() == 0 and shutil.which("ip"):
            network = Network()
        else:
            print("chaos: not root, or no `ip`: everything runs on loopback, no link is cut")
    totals, seed, good, begun = collections.Counter(), arguments.seed, True, time.monotonic()
    try:
        while True:
            good = one_round(arguments, network, seed, totals) and good
            print(
                f"{time.monotonic() - begun:6.0f} s  seed {seed}  {'exact' if good else 'WRONG'}  "
                + "  ".join(f"{name} {n}" for name, n in sorted(totals.items())),
                flush=True,
            )
            seed += 1
            if not good or time.monotonic() - begun >= 60 * arguments.minutes:
                break
    finally:
        if network:
            network.remove()
    if arguments.json:
        arguments.json.write_text(json.dumps(
            {"what": "chaos", "exact": good, "first_seed": arguments.seed,
             "seconds": round(time.monotonic() - begun), **totals}, indent=1) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
