"""An hour of everything: what grows, what slows, what is lost? Exact and level, or exit 1.

One shard of three replicas, a router, a collector. A station casts at a steady rate, another
one ballot a second, whose answer is timed; viewers read the page's answers and hold streams.
Meanwhile replicas are killed, paused and replaced, clocks are stepped by up to ten minutes
(libfaketime), a disk fills (as root), the router is killed now and then. Every ten seconds
memory, descriptors and latencies are written down. At the end: every ballot counted, books,
results and a recount exact, and of collector, router and replicas neither memory (but for what
the ballots need), descriptors nor latency more than half above the first quarter's.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "cluster"), str(TESTS / "cluster" / "properties"),
                str(TESTS / "faults" / "power")]
from harness import BIN, FIXTURES, Cluster, wait_until  # noqa: E402
from power import Casting, Wrong, require, votes_of  # noqa: E402
from station import Sending, Station, pb  # noqa: E402

FAKETIME = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu" / "faketime"
FULL_DISK = 2  # the replica whose disk fills; it is never replaced, for it is mounted there
DISK = "size=512m"
KINDS = (("kill", 30), ("pause", 20), ("clock", 20), ("disk", 8), ("replace", 6), ("router", 6))
VIEWERS, STREAMS = 3, 20
BYTES_A_BALLOT = 200  # of memory: voters and their ballots, in a replica
FLAT = 1.5


class Clocks:
    """Each replica has a clock of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.can_step = (FAKETIME / "libfaketimeMT.so.1").exists()
        if not self.can_step:
            print("soak: no libfaketime (Debian's package faketime): no clock is stepped")
        for replica in range(3):
            self.step(replica, 0)

    def step(self, replica, seconds):
        path = self.folder / f"clock-{replica}"
        path.with_suffix(".new").write_text(f"{seconds:+.1f}s\n")
        path.with_suffix(".new").rename(path)

    def environment(self, replica):
        if not self.can_step:
            return {}
        return {"LD_PRELOAD": str(FAKETIME / "libfaketimeMT.so.1"), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_TIMESTAMP_FILE": str(self.folder / f"clock-{replica}"),
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Soak:
    def __init__(self, folder, seed):
        self.folder, self.dice = folder, random.Random(seed)
        self.one = Cluster(folder / "c", FIXTURES / "town.json", 1, ["--replicas", 3])
        self.clocks = Clocks(folder)
        self.faults = collections.Counter()
        self.samples, self.latencies, self.reads = [], [], []
        self.over = threading.Event()
        self.begun = time.monotonic()
        self.mounted = None
        self.children = {}  # replica -> its process

    # The cluster.

    def start(self):
        self.one.up()
        self.one.down()
        self.mount()
        for replica in range(3):
            self.start_replica(replica)
        self.one.up()  # the rest

    def mount(self):
        disk = self.one.directory / "data" / f"shard-0-{FULL_DISK}"
        kept = self.folder / "kept"
        disk.rename(kept)
        disk.mkdir()
        if os.geteuid() == 0 and subprocess.run(
                ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", disk],
                capture_output=True).returncode == 0:
            self.mounted = disk
        else:
            print("soak: no file system can be mounted (root needed): no disk fills")
        shutil.copytree(kept, disk, dirs_exist_ok=True)

    def start_replica(self, replica):
        """As `psephos up` would, with its own clock."""
        name = f"shard-0-{replica}"
        with (self.one.directory / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [BIN / "psephos-shard", "--cluster", self.one.directory / "cluster.json",
                 "--shard", "0", "--replica", str(replica), "--data",
                 self.one.directory / "data" / name],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=os.environ | self.clocks.environment(replica))
        (self.one.directory / "run" / f"{name}.pid").write_text(f"{process.pid}\n")
        self.children[replica] = process

    def mend(self):
        """Whatever ended is started again."""
        for replica, child in list(self.children.items()):
            if child.poll() is not None:
                self.start_replica(replica)
        if not self.pid_of("router-0") or not self.pid_of("collector-0"):
            self.one.up(check=None)

    def pid_of(self, name):
        try:
            pid = int((self.one.directory / "run" / f"{name}.pid").read_text())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    # What goes wrong.

    def fault(self, kind):
        replica = self.dice.randrange(3)
        child = self.children[replica]
        if kind == "kill":
            child.kill()
            child.wait()
            time.sleep(self.dice.uniform(0, 2))
        elif kind == "pause" and child.poll() is None:
            child.send_signal(signal.SIGSTOP)
            time.sleep(self.dice.uniform(0.2, 4))
            child.send_signal(signal.SIGCONT)
        elif kind == "clock" and self.clocks.can_step:
            self.clocks.step(replica, self.dice.choice((-1, 1)) * 10 ** self.dice.uniform(-1, 2.8))
        elif kind == "disk" and self.mounted:
            self.fill_disk()
        elif kind == "replace":
            self.replace(self.dice.choice([r for r in range(3) if r != FULL_DISK]))
        elif kind == "router":
            pid = self.pid_of("router-0")
            if pid:
                os.kill(pid, signal.SIGKILL)
                time.sleep(0.5)
        else:
            return
        self.faults[kind] += 1

    def fill_disk(self):
        filler = self.mounted / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass
        end = time.monotonic() + 15  # at a low rate there may be room left in what it has
        while self.children[FULL_DISK].poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        filler.unlink()

    def replace(self, replica):
        if not self.is_level():
            return  # two must be there
        self.children[replica].kill()
        self.children[replica].wait()
        shutil.rmtree(self.one.directory / "data" / f"shard-0-{replica}")
        self.one.call("replica", "replace", "--shard", 0, "--replica", replica, timeout=120)
        # Its process was started by that call: it gets its clock back with the next start.
        pid = self.pid_of(f"shard-0-{replica}")
        if pid:
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not self.pid_of(f"shard-0-{replica}"), what="the end of a replica")
        self.start_replica(replica)

    def is_level(self):
        shards = [p for p in self.one.processes() if p["role"] == "shard"]
        return (len(shards) == 3 and all(p["state"] in ("leader", "follower") for p in shards)
                and max(p["index"] for p in shards) - min(p["index"] for p in shards) < 1000)

    # What is looked at.

    def sample(self):
        now, found = time.monotonic() - self.begun, {}
        names = ["router-0", "collector-0", *(f"shard-0-{r}" for r in range(3))]
        for name in names:
            pid = self.pid_of(name)
            try:
                rss = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
                found[name] = {"rss": rss, "files": len(os.listdir(f"/proc/{pid}/fd"))}
            except (OSError, IndexError, ValueError):
                continue
        self.samples.append({"at": now, "ballots": self.casting.n, "of": found})

    def watch(self):
        while not self.over.wait(10):
            self.sample()

    def trickle(self):
        """One ballot a second, and how long its receipt took."""
        station, number = Station(self.one.directory), 0
        while not self.over.wait(1):
            number += 1
            ballot = pb.Ballot(voter_id=f"trickle-{number}".encode(), ballot_id=os.urandom(16),
                               unit="south", method="booth")
            begun = time.monotonic()
            station.send([Sending(ballot)])
            station.settle(120)
            require(station.sendings[-1].answers[0][1] == "counted", "a ballot of the trickle")
            self.latencies.append((begun - self.begun, time.monotonic() - begun))
            station.sendings.clear()
            station.batches.clear()
        return number

    def view(self):
        paths = ("/api/v1/overview", "/api/v1/results?contest=mayor&level=leaf", "/api/v1/turnout")
        while not self.over.wait(0.3):
            begun = time.monotonic()
            try:
                url = self.one.api + self.dice.choice(paths)
                with urllib.request.urlopen(url, timeout=30) as answer:
                    answer.read()
            except OSError:
                continue
            self.reads.append((begun - self.begun, time.monotonic() - begun))

    def stream(self):
        while not self.over.is_set():
            try:
                with urllib.request.urlopen(self.one.api + "/api/v1/stream", timeout=60) as answer:
                    while not self.over.is_set() and answer.readline():
                        pass
            except OSError:
                time.sleep(1)

    # All of it.

    def run(self, minutes, rate, gap):
        self.start()
        self.begun = time.monotonic()
        self.casting = Casting(self, "v", rate)
        for _ in range(STREAMS):
            threading.Thread(target=self.stream, daemon=True).start()
        with concurrent.futures.ThreadPoolExecutor(VIEWERS + 2) as pool:
            watches = [pool.submit(self.watch), *(pool.submit(self.view) for _ in range(VIEWERS))]
            trickle = pool.submit(self.trickle)
            try:
                self.faults_until(self.begun + 60 * minutes, gap)
            finally:
                self.over.set()
            for one in watches:
                one.result()
            trickled = trickle.result()
        for replica in range(3):
            self.clocks.step(replica, 0)
        self.mend()
        n = self.casting.end()
        wait_until(self.is_level, timeout=300, every=1, what="level replicas")
        self.check(n, trickled)
        return n + trickled

    def faults_until(self, end, gap):
        kinds, weights = zip(*KINDS)
        told = time.monotonic()
        while time.monotonic() < end:
            time.sleep(self.dice.uniform(0.5, 1.5) * gap)
            require(self.casting.is_running(), "the cast ended before its time")
            self.fault(self.dice.choices(kinds, weights)[0])
            self.mend()
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"{(told - self.begun) / 60:5.1f} min  {self.casting.n} ballots  "
                      + "  ".join(f"{k} {n}" for k, n in sorted(self.faults.items())), flush=True)

    def check(self, n, trickled):
        wanted = votes_of(n)
        books = self.one.get_json("/api/v1/accounting")["total"]
        require(books["balanced"] and books["counted"] == n + trickled,
                f"counted {books['counted']} of {n + trickled}")
        results = self.one.get_json("/api/v1/results?contest=mayor&level=leaf")["results"]
        votes = {(row["unit"], one["choice"]): one["votes"] for row in results
                 for one in row["choices"] if one["votes"]}
        require(votes == dict(wanted), f"votes {votes}, cast {dict(wanted)}")
        require(self.one.recount(check=None).returncode == 0, "a recount disagrees")

    def flat(self):
        """{what: (first quarter, last)}; what rose by more than half, but for its ballots."""
        figures, steep = {}, []
        quarter = max(len(self.samples) // 4, 1)
        for name in sorted({name for one in self.samples for name in one["of"]}):
            for what in ("rss", "files"):
                first, last = ([one["of"][name][what] for one in part if name in one["of"]]
                               for part in (self.samples[:quarter], self.samples[-quarter:]))
                if not first or not last:
                    continue
                pair = statistics.median(first), statistics.median(last)
                figures[f"{name} {what}"] = pair
                more = BYTES_A_BALLOT * self.samples[-1]["ballots"] if what == "rss" else 0
                if pair[1] > FLAT * pair[0] + more:
                    steep.append(f"{name} {what}: {pair[0]:,.0f}, then {pair[1]:,.0f}")
        for name, values in (("receipt", self.latencies), ("answer", self.reads)):
            quarter = len(values) // 4
            pair = tuple(statistics.median(ms for _, ms in part) * 1000
                         for part in (values[:quarter], values[-quarter:]))
            figures[f"{name} p50 ms"] = pair
            if pair[1] > FLAT * pair[0] + 5:
                steep.append(f"{name}: p50 {pair[0]:.1f} ms, then {pair[1]:.1f} ms")
        return figures, steep

    def finish(self):
        self.over.set()
        self.one.finish()
        for child in self.children.values():
            if child.poll() is None:
                child.kill()
        if self.mounted:
            subprocess.run(["umount", "-l", self.mounted], check=False)


def plot(path, one):
    """Memory, descriptors and the time to a receipt over the hour."""
    try:
        import matplotlib
    except ImportError:
        print("soak: no plot without Debian's package python3-matplotlib")
        return
    matplotlib.use("svg")
    from matplotlib import pyplot
    figure, (memory, files, times) = pyplot.subplots(3, 1, figsize=(8, 8), sharex=True)
    for name in sorted({name for sample in one.samples for name in sample["of"]}):
        here = [sample for sample in one.samples if name in sample["of"]]
        minutes = [sample["at"] / 60 for sample in here]
        memory.plot(minutes, [sample["of"][name]["rss"] / 2**20 for sample in here], label=name)
        files.plot(minutes, [sample["of"][name]["files"] for sample in here], label=name)
    for label, values in (("receipt", one.latencies), ("answer of the API", one.reads)):
        times.plot([at / 60 for at, _ in values], [s * 1000 for _, s in values], ".",
                   markersize=2, label=label)
    memory.set_ylabel("memory, MiB")
    files.set_ylabel("descriptors")
    times.set_ylabel("ms")
    times.set_yscale("log")
    times.set_xlabel("minutes")
    memory.legend(fontsize="small", ncol=3)
    times.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(prog="./run soak", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=200, help="ballots a second (200)")
    parser.add_argument("--gap", type=float, default=5, help="seconds between two faults (5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    parser.add_argument("--json", type=Path, help="the figures, for programs")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="psephos-soak-"))
    one, wrong = Soak(folder, arguments.seed), []
    ballots = 0
    try:
        ballots = one.run(arguments.minutes, arguments.rate, arguments.gap)
        figures, wrong = one.flat()
        for name, (first, last) in figures.items():
            print(f"{name:<24}{first:>16,.1f}{last:>16,.1f}")
    except (Wrong, AssertionError, OSError, TimeoutError,
            subprocess.SubprocessError) as error:
        wrong, figures = [str(error)], {}
        shutil.copytree(one.one.directory / "logs", folder / "logs", dirs_exist_ok=True)
    finally:
        one.finish()
    if arguments.plot:
        plot(arguments.plot, one)
    if arguments.json:
        arguments.json.write_text(json.dumps(
            {"what": "soak", "minutes": arguments.minutes, "ballots": ballots, "wrong": wrong,
             "faults": dict(one.faults), "first_and_last_quarter": figures}, indent=1) + "\n")
    if wrong:
        print("WRONG: " + "; ".join(wrong) + f"\nlogs: {folder}/logs", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{ballots} ballots, {sum(one.faults.values())} faults: exact and level")
    return 0


if __name__ == "__main__":
    sys.exit(main())
