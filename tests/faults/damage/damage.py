"""Damaged disks under real processes: never a wrong count. See ./run damage --help.

  1. A log, cut at every byte of its last 64 KiB, opened by the real log code (cuts.c).
  2. One replica, killed; one bit flipped in log, vote file or store; started again, with a
     collector that knows the newest index. Good is: it shows the same state hash at the same
     index as before, or it ends (or does not lead) and its log says why.
  3. Three replicas, one of them killed and damaged likewise, cuts of the log among it. Good is: it
     comes level with an equal state hash; or it refuses, and is level after `psephos
     replica replace`.

Anything else is wrong, and the exit code 1.
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cluster"))
from harness import BIN, Cluster, is_running, run_psephos, wait_until  # noqa: E402

CUT_BYTES = 64 << 10
VOTE_SLOTS = ((0, 72), (4096, 72))  # docs/storage.md
SETTLE_S = 12
KINDS = ("log", "log", "vote", "store", "store")


def make_returns(path, ballots):
    rows = ["state,county,county_fips,precinct,office,district,party,candidate,votes"]
    for i in range(40):
        for party, who, share in (("Pine", "Ada Ash", 0.55), ("Fern", "Ben Birch", 0.45)):
            rows.append(
                f"VT,County {i},{50001 + i},,Governor,,{party},{who},{int(ballots / 40 * share)}"
            )
    path.write_text("\n".join(rows) + "\n")


def counted_cluster(folder, replicas, ballots):
    """A cluster of one shard that has counted the ballots."""
    returns = folder / "r.csv"
    make_returns(returns, ballots)
    run_psephos("import", returns, "--out", folder / "e", check=0)
    one = Cluster(folder / "c", folder / "e" / "election.json", 1, ["--replicas", replicas])
    one.up()
    # At a rate, so that the log has many records.
    one.cast("--returns", returns, "--rate", 4000, "--replayed", "0.05")
    return one


def replica_of(one, replica):
    return next(
        (p for p in one.processes() if p["role"] == "shard" and p["replica"] == replica), None
    )


def state_of(process):
    return process["index"], process["state_hash"]


def flip(folder, kind, dice):
    """Flips one bit; says where."""
    path = {"log": sorted((folder / "log").glob("*.log"))[-1], "vote": folder / "log" / "vote",
            "store": folder / "store" / "data.mdb"}[kind]
    size = path.stat().st_size
    at = dice.randrange(size)
    if kind == "vote":
        first, length = dice.choice(VOTE_SLOTS)
        at = first + dice.randrange(length)
    elif kind == "log" and dice.random() < 0.5:
        at = size - 1 - dice.randrange(min(size, 4096))
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << dice.randrange(8)]))
    return f"{kind}, byte {at}"


def start_shard(one, replica):
    log = one.directory / "logs" / f"shard-0-{replica}.log"
    log.write_bytes(b"")
    with log.open("ab") as out:
        process = subprocess.Popen(
            [BIN / "psephos-shard", "--cluster", one.directory / "cluster.json", "--shard", "0",
             "--replica", str(replica), "--data", one.directory / "data" / f"shard-0-{replica}"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    (one.directory / "run" / f"shard-0-{replica}.pid").write_text(f"{process.pid}\n")
    return process, log


def reason_in(log):
    errors = [line for line in log.read_text(errors="replace").splitlines() if " error " in line]
    return errors[-1] if errors else ""


class OneReplica:
    """A shard of one replica, whose killed data is kept as it was."""

    def __init__(self, folder, ballots):
        self.one = counted_cluster(folder, 1, ballots)
        self.reasons = collections.Counter()
        self.truth = state_of(replica_of(self.one, 0))
        self.data = self.one.directory / "data" / "shard-0-0"
        self.board = self.counted()
        self.one.kill("shard")
        self.kept = folder / "kept"
        shutil.copytree(self.data, self.kept)

    def counted(self):
        return self.one.get_json("/api/v1/accounting")["total"]["counted"]

    def damaged(self, dice, kind):
        """(what happened, where)"""
        shutil.rmtree(self.data)
        shutil.copytree(self.kept, self.data)
        where = flip(self.data, kind, dice)
        process, log = start_shard(self.one, 0)
        try:
            return self.outcome(process, log), where
        finally:
            process.kill()
            process.wait()

    def outcome(self, process, log):
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end:
            if process.poll() is not None:
                if process.returncode < 0:
                    return f"killed by {signal.Signals(-process.returncode).name}"
                reason = reason_in(log)
                self.reasons[re.sub(r"^.* error \S+ |/\S*/|\d+", "", reason)[:110]] += 1
                return "refused" if reason else "ended without a word"
            shard = replica_of(self.one, 0)
            if shard and shard["state"] == "leader":
                # A new term may add an entry of its own; the count is the same.
                index, state_hash = state_of(shard)
                if self.counted() != self.board:
                    return "the board shows another count"
                if state_hash == self.truth[1]:
                    return "same count" if index >= self.truth[0] else "another index"
                if process.poll() is None and index >= self.truth[0]:
                    return "another state hash"
            time.sleep(0.03)
        return "neither leads nor ends"

    def finish(self):
        self.one.finish()


class ThreeReplicas:
    def __init__(self, folder, ballots):
        self.one = counted_cluster(folder, 3, ballots)
        self.settle()

    def level(self):
        states = {
            state_of(p)
            for p in self.one.processes()
            if p["role"] == "shard" and p["state"] in ("leader", "follower")
        }
        roles = [p["state"] for p in self.one.processes() if p["role"] == "shard"]
        return len(states) == 1 and all(r in ("leader", "follower") for r in roles)

    def settle(self, timeout=60):
        wait_until(self.level, timeout=timeout, what="one index and state hash on all replicas")

    def log(self, name, replica):
        """What /metrics says of a replica's log; 0 when nothing."""
        text = self.one.get("/metrics", local=True)[2].decode()
        found = re.search(rf'(?m)^psephos_log_{name}{{shard="0",replica="{replica}"}} (\S+)$', text)
        return float(found[1]) if found else 0

    def heal(self, replica, since):
        """What stands in its log has been read since, and nothing is damaged: two replicas with a
        bad record each are more than a majority makes good."""
        wait_until(lambda: self.log("scrub_timestamp_seconds", replica) >= since
                   and not any(self.log("damaged_records", r) for r in range(3)),
                   timeout=60, what=f"a log of replica {replica} that was read and is whole")

    def damaged(self, dice, kind):
        replica = dice.randrange(3)
        pid = replica_of(self.one, replica)["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_running(pid), what="the end of a killed replica")
        data = self.one.directory / "data" / f"shard-0-{replica}"
        if kind == "log" and dice.random() < 0.5:
            path = sorted((data / "log").glob("*.log"))[-1]
            cut = dice.randrange(1, min(CUT_BYTES, path.stat().st_size - 64))
            os.truncate(path, path.stat().st_size - cut)
            where = f"log cut by {cut} bytes"
        else:
            where = flip(data, kind, dice)
        since = int(time.time())
        process, log = start_shard(self.one, replica)
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end and process.poll() is None:
            if self.level():
                self.heal(replica, since)
                return "repaired", where
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()
            return "neither level nor refused", where
        if not reason_in(log):
            return "ended without a word", where
        self.one.call("replica", "replace", "--shard", 0, "--replica", replica, check=0,
                      timeout=300)  # the others read their logs first
        self.settle()
        self.heal(replica, since)
        return "refused, and replaced", where

    def finish(self):
        self.one.finish()


GOOD = {"same count", "refused", "repaired", "refused, and replaced"}


def campaign(name, cluster, n, seed):
    """{kind: {outcome: how many}}; wrong ones are told at once."""
    seen = {kind: collections.Counter() for kind in sorted(set(KINDS))}
    wrong = 0
    for i in range(n):
        dice = random.Random(seed * 1_000_003 + i)
        kind = KINDS[i % len(KINDS)]
        outcome, where = cluster.damaged(dice, kind)
        seen[kind][outcome] += 1
        if outcome not in GOOD:
            wrong += 1
            print(f"{name} {i}: {where}: {outcome}", file=sys.stderr)
        if (i + 1) % 100 == 0:
            print(f"{name}: {i + 1} of {n}", file=sys.stderr, flush=True)
    for kind, outcomes in seen.items():
        for outcome, times in sorted(outcomes.items()):
            print(f"{name:<16}{kind:<8}{outcome:<28}{times:>6}", flush=True)
    return seen, wrong


def main():
    parser = argparse.ArgumentParser(prog="./run damage", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cuts", type=int, default=CUT_BYTES, help="bytes from the log's end (65536)"
    )
    parser.add_argument("--flips", type=int, default=1000, help="with one replica (1000)")
    parser.add_argument("--of-three", type=int, default=60, help="damages with three replicas (60)")
    parser.add_argument("--ballots", type=int, default=12000, help="counted before (12000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="the figures, for programs")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="psephos-damage-"))
    figures, wrong = {"what": "damage", "seed": arguments.seed}, 0
    try:
        (folder / "one").mkdir()
        one = OneReplica(folder / "one", arguments.ballots)
        try:
            done = subprocess.run(
                [BIN / "psephos-cuts", one.kept / "log", "0", str(arguments.cuts)],
                stdout=subprocess.PIPE,
                text=True,
                check=False,
            )
            figures["cuts"] = json.loads(done.stdout)
            wrong += done.returncode != 0
            print(
                "cuts            " + "  ".join(f"{k} {v}" for k, v in figures["cuts"].items()),
                flush=True,
            )
            figures["one_replica"], more = campaign(
                "one replica", one, arguments.flips, arguments.seed
            )
            wrong += more
            for reason, times in one.reasons.most_common():
                print(f"  {times:>5}  {reason}")
        finally:
            one.finish()
        (folder / "three").mkdir()
        three = ThreeReplicas(folder / "three", arguments.ballots)
        try:
            figures["three_replicas"], more = campaign(
                "three replicas", three, arguments.of_three, arguments.seed
            )
            wrong += more
            three.one.recount()
        finally:
            three.finish()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures["wrong"] = wrong
    print("nothing wrong" if wrong == 0 else f"{wrong} WRONG")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
