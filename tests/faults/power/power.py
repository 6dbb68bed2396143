"""Power cuts under real daemons: what was not synced is gone. Exact, or exit 1.

Every daemon runs with forget.c, which keeps what an fsync has not made last; at a cut all of
them are killed at once and cut.py takes it back, wholly, up to some moment, or sector by
sector. Then `psephos up`. Rounds:

  one        one replica; cuts at random moments while ballots come
  three      three replicas, all of which lose power at once, or one of them
  segment    cuts while a new segment of the log begins
  restore    cuts in a `psephos restore`, which is then called again

After each round every ballot has the verdict that was meant for it, every receipt that was
given is in the count, the results are what was cast, the books balance, a recount agrees.
"""

import argparse
import collections
import csv
import io
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cluster"))
from cut import cut, events_in  # noqa: E402
from harness import BIN, FIXTURES, ROOT, Cluster, is_running, run_psephos, wait_until  # noqa: E402

ROUNDS = ("one", "three", "segment", "restore")
SHARE = {"one": 10, "three": 6, "segment": 2, "restore": 2}  # of the cuts, of 20
CUTS_A_ROUND = {"one": 5, "three": 5, "segment": 1, "restore": 3}
RATE = 3000
SEGMENT_BYTES = 64 << 20
CONTENTS = (("south", "booth", "blue-ann"), ("north-1", "mail", "red-ann"),
            ("north-1", "booth", "bob"), ("north-rest", "mail", "blue-ann"))


class Wrong(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Wrong(what)


def line(name, i):
    """Ballot i of the voters of that name."""
    unit, method, choice = CONTENTS[i % len(CONTENTS)]
    return (f'{{"voter_id":"{name}-{i}","unit":"{unit}","method":"{method}",'
            f'"contests":{{"mayor":["{choice}"]}}}}\n')


def ballots(path, name, n):
    """A file of n ballots."""
    with path.open("w") as file:
        file.writelines(line(name, i) for i in range(n))
    return path


def votes_of(n):
    """{(unit, choice): votes} of such a file."""
    votes = collections.Counter()
    for i, (unit, _, choice) in enumerate(CONTENTS):
        votes[unit, choice] += n // len(CONTENTS) + (i < n % len(CONTENTS))
    return votes


class Machine:
    """A cluster whose daemons remember what a power cut would take."""

    def __init__(self, folder, replicas, dice, lies):
        self.folder, self.dice = folder, dice
        self.records = folder / "records"
        self.records.mkdir(parents=True)
        self.disk = folder / "disk"  # so that the making of c lasts, too, or does not
        self.disk.mkdir()
        self.one = Cluster(self.disk / "c", FIXTURES / "town.json", 1, ["--replicas", replicas])
        self.environment = {"LD_PRELOAD": str(BIN / "psephos-forget.so"),
                            "FORGET_ROOT": str(self.disk),
                            "FORGET_RECORDS": str(self.records)}
        self.lies = lies  # once the folder is there
        self.cuts, self.taken_back = 0, 0

    def up(self):
        os.environ.update(self.environment)
        try:
            done = self.one.up(check=None)
            require(done.returncode == 0, f"up after a power cut: {done.stderr[-2000:]}")
        finally:
            for name in self.environment:
                os.environ.pop(name)
        self.environment["FORGET_LIES"] = str(int(self.lies))

    def cut(self):
        """All daemons of this cluster, at once."""
        pids = self.one.running_pids()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not any(map(is_running, pids)), what="the end of killed daemons")
        self.cuts += 1
        self.taken_back += cut(self.disk, self.records, self.dice)

    def check(self, wanted, counted):
        """The board against {(unit, choice): votes}, then a recount."""
        books = self.one.get_json("/api/v1/accounting")["total"]
        require(books["balanced"] and books["counted"] == counted,
                f"counted {books['counted']} of {counted}")
        _, _, body = self.one.get("/api/v1/results.csv?contest=mayor&level=leaf")
        votes = {(row["unit"], row["choice"]): int(row["votes"])
                 for row in csv.DictReader(io.StringIO(body.decode())) if int(row["votes"])}
        require(votes == dict(wanted), f"votes {votes}, cast {dict(wanted)}")
        require(self.one.recount(check=None).returncode == 0, "a recount disagrees")


class Casting:
    """`psephos cast` beside it, a station that keeps its own disk, fed until it is to end."""

    def __init__(self, machine, name, rate):
        self.name, self.rate, self.n, self.over = name, rate, 0, False
        self.verdicts = machine.folder / f"{name}.verdicts"
        self.process = subprocess.Popen(
            [BIN / "psephos", "cast", "--dir", machine.one.directory, "-", "--json",
             "--verdicts", self.verdicts, "--give-up-after", "60"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.feeder = threading.Thread(target=self.feed, daemon=True)
        self.feeder.start()

    def feed(self):
        a_turn = self.rate // 50
        try:
            while not self.over:
                self.process.stdin.writelines(line(self.name, self.n + i) for i in range(a_turn))
                self.process.stdin.flush()
                self.n += a_turn
                time.sleep(0.02)
        except BrokenPipeError:
            pass

    def is_running(self):
        return self.process.poll() is None

    def end(self):
        """Every ballot has its verdict; how many there were."""
        self.over = True
        self.feeder.join(timeout=120)
        out, err = self.process.communicate(timeout=600)
        require(self.process.returncode == 0, f"cast: {err[-2000:]}")
        told = json.loads(out)
        firsts = collections.Counter(json.loads(line).get("first") or "none"
                                     for line in self.verdicts.open())
        require(firsts == {"counted": self.n}, f"{self.n} cast, verdicts {dict(firsts)} ({told})")
        return self.n


def waits_until_casting(machine, casting):
    wait_until(lambda: machine.one.get_json("/api/v1/accounting")["total"]["counted"] > 0
               or not casting.is_running(), timeout=120, what="a first ballot")
    require(casting.is_running(), "the cast was over before the first cut")


def round_of_cuts(folder, dice, replicas, cuts, lies):
    """Ballots come all the time; the power goes at random moments."""
    machine = Machine(folder, replicas, dice, lies)
    try:
        machine.up()
        casting = Casting(machine, "v", RATE)
        waits_until_casting(machine, casting)
        for _ in range(cuts):
            time.sleep(dice.uniform(0, 1.2))
            require(casting.is_running(), "the cast ended before a cut")
            machine.cut()
            machine.up()
        n = casting.end()
        machine.check(votes_of(n), n)
    finally:
        machine.one.finish()
    return machine


class Filled:
    """A log that is nearly at its next segment, made once."""

    def __init__(self, folder):
        self.folder = folder / "filled"
        self.n = 0
        self.votes = collections.Counter()

    def make(self, dice):
        machine = Machine(self.folder, 1, dice, False)
        self.machine = machine
        machine.one.up()
        log = machine.one.directory / "data" / "shard-0-0" / "log"
        size = 0
        try:
            for part, n in enumerate((1_600_000, None, None)):
                if n is None:
                    n = int((SEGMENT_BYTES - size) / (size / self.n) - 25_000)
                if n > 0:
                    file = ballots(self.folder / "fill.ndjson", f"fill{part}", n)
                    machine.one.cast(file, timeout=600)
                    self.n, self.votes = self.n + n, self.votes + votes_of(n)
                    file.unlink()
                size = max(path.stat().st_size for path in log.glob("*.log"))
        finally:
            machine.one.down()
        shutil.copytree(machine.one.directory / "data", self.folder / "kept")
        return self

    def again(self):
        data = self.machine.one.directory / "data"
        shutil.rmtree(data)
        shutil.copytree(self.folder / "kept", data)
        return self.machine


def round_of_segment(filled, dice, number):
    """The power goes when a new segment has a name, or shortly before or after."""
    machine = filled.again()
    machine.dice = dice
    log = machine.one.directory / "data" / "shard-0-0" / "log"
    try:
        before = set(log.iterdir())
        machine.up()
        casting = Casting(machine, f"v{number}", 20_000)
        wait_until(lambda: set(log.iterdir()) - before, timeout=120, every=0.0005,
                   what="the beginning of a segment")
        time.sleep(dice.choice((0, 0, 0.001, 0.005, 0.02)))
        machine.cut()
        machine.up()
        n = casting.end()
        machine.check(filled.votes + votes_of(n), filled.n + n)
    finally:
        machine.one.down()
    return machine


def round_of_restore(folder, dice, cuts, lies):
    machine = Machine(folder, 1, dice, lies)
    n, kept = 20_000, folder / "kept"
    one = machine.one
    auditor = one.directory / "keys" / "auditor.key"
    try:
        one.up()
        one.cast(ballots(folder / "b.ndjson", "v", n))
        one.call("backup", "--out", folder / "backup", check=0)
        one.down()
        shutil.rmtree(one.directory / "data")
        if auditor.exists():
            shutil.copy(auditor, kept)
        command = [BIN / "psephos", "restore", "--dir", one.directory,
                   "--backup", folder / "backup",
                   *(["--auditor-key", kept] if auditor.exists() else [])]
        environment = os.environ | machine.environment
        require(subprocess.run(command, env=environment, capture_output=True).returncode == 0,
                "a restore that nobody disturbs")
        events = sum(1 for path in machine.records.glob("[0-9]*") for _ in events_in(path))
        for _ in range(cuts):
            shutil.rmtree(one.directory / "data", ignore_errors=True)
            for record in machine.records.iterdir():
                record.unlink()
            killed = subprocess.run(
                command, env=environment | {"FORGET_END_AT": str(dice.randrange(1, events + 1))},
                capture_output=True)
            require(killed.returncode == -signal.SIGKILL, "a restore that is killed")
            machine.cut()
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            # Had it ended before the cut, it says so.
            require(done.returncode in (0, 1), f"restore: {done.stderr[-2000:]}")
        machine.up()
        machine.check(votes_of(n), n)
    finally:
        one.finish()
    return machine


def main():
    parser = argparse.ArgumentParser(prog="./run power", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=200, help="in all (200)")
    parser.add_argument("--only", choices=ROUNDS, help="rounds of this kind only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lies", action="store_true",
                        help="no fsync holds: shows that a loss is noticed; exit 1 is right then")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a round that fails")
    parser.add_argument("--json", type=Path, help="the figures, for programs")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="psephos-power-"))
    figures = {kind: collections.Counter() for kind in ROUNDS}
    filled, wrong, number = None, 0, 0
    kinds = [arguments.only] if arguments.only else list(ROUNDS)
    while sum(one["cuts"] for one in figures.values()) < arguments.cuts:
        dice = random.Random(arguments.seed * 1_000_003 + number)
        kind = min(kinds, key=lambda name: (figures[name]["cuts"] / SHARE[name]))
        here = folder / str(number)
        try:
            if kind == "segment":
                filled = filled or Filled(folder).make(dice)
                before = filled.machine.cuts, filled.machine.taken_back
                machine = round_of_segment(filled, dice, number)
                figures[kind]["cuts"] += machine.cuts - before[0]
                figures[kind]["taken_back"] += machine.taken_back - before[1]
            else:
                here.mkdir()
                make = {"one": lambda: round_of_cuts(here, dice, 1, CUTS_A_ROUND["one"],
                                                     arguments.lies),
                        "three": lambda: round_of_cuts(here, dice, 3, CUTS_A_ROUND["three"],
                                                       arguments.lies),
                        "restore": lambda: round_of_restore(here, dice, CUTS_A_ROUND["restore"],
                                                            arguments.lies)}[kind]
                machine = make()
                figures[kind]["cuts"] += machine.cuts
                figures[kind]["taken_back"] += machine.taken_back
            figures[kind]["rounds"] += 1
            print(f"{kind:<9} round {number}: exact after {figures[kind]['cuts']} cuts, "
                  f"{figures[kind]['taken_back']} changes taken back", flush=True)
        except (Wrong, AssertionError) as error:
            wrong += 1
            figures[kind]["cuts"] += 1
            figures[kind]["wrong"] += 1
            print(f"{kind} round {number} (seed {arguments.seed}): WRONG: {error}",
                  file=sys.stderr, flush=True)
            if arguments.keep:
                print(f"kept in {here}", file=sys.stderr)
                break
        shutil.rmtree(here, ignore_errors=True)
        number += 1
    if not (arguments.keep and wrong):
        shutil.rmtree(folder, ignore_errors=True)
    cuts = sum(one["cuts"] for one in figures.values())
    print(f"{cuts} cuts, " + ("all exact" if wrong == 0 else f"{wrong} rounds WRONG"))
    if arguments.json:
        arguments.json.write_text(json.dumps(
            {"what": "power", "seed": arguments.seed, "cuts": cuts, "wrong": wrong,
             "kinds": {kind: dict(counts) for kind, counts in figures.items()}}, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
