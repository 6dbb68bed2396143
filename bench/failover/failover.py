#!/usr/bin/env python3
"""failover.py FOLDER OUT.json - kills the leader of shard 0 of a local cluster, over and over.

A station casts a ballot every few milliseconds (trickle). What is measured, each time: from
the SIGKILL until the first receipt of a ballot that was cast after it. The killed replica is
started again, and the next kill waits until all three are level. At the end every ballot cast
must be counted, once.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PSEPHOS = Path(os.environ["PSEPHOS_BIN"]) / "psephos"
GAP_MS = 4
LEVEL_S = 60


def psephos(*arguments):
    return subprocess.run([PSEPHOS, *arguments], capture_output=True, text=True, check=False)


class Station:
    """Runs trickle; the newest receipt, and the first of a ballot cast after a moment."""

    def __init__(self, folder):
        self.process = subprocess.Popen([os.environ["TRICKLE"], folder, str(GAP_MS)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.news = threading.Condition()
        self.newest_cast = self.since = 0.0
        self.answered_at = None
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            cast, here = map(float, line.split())
            with self.news:
                self.newest_cast = max(self.newest_cast, cast)
                if self.since and cast > self.since and self.answered_at is None:
                    self.answered_at = here
                    self.news.notify_all()

    def watch(self, since):
        with self.news:
            self.since, self.answered_at = since, None

    def answered(self, timeout):
        """When a ballot cast after the moment watched had its receipt; None: not in time."""
        with self.news:
            self.news.wait_for(lambda: self.answered_at is not None, timeout)
            return self.answered_at

    def end(self):
        _, said = self.process.communicate()
        return self.process.returncode, said.strip()


def level_leader(folder):
    """The leader, once all replicas answer and none lags; its PID."""
    end = time.monotonic() + LEVEL_S
    while time.monotonic() < end:
        replicas = [
            p
            for p in json.loads(psephos("status", "--dir", folder, "--json").stdout)["processes"]
            if p["role"] == "shard"
        ]
        leaders = [p["pid"] for p in replicas if p["state"] == "leader"]
        followers = [p for p in replicas if p["state"] == "follower"]
        if len(leaders) == 1 and len(followers) == 2 and all(p["lag"] < 1000 for p in replicas):
            return leaders[0]
        time.sleep(0.05)
    sys.exit("failover: the replicas are not level again after "
             f"{LEVEL_S} s:\n{psephos('status', '--dir', folder).stdout}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("out", type=Path)
    parser.add_argument("--elections", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--load-before", type=float, default=0)
    arguments = parser.parse_args()
    rest = random.Random(arguments.seed)
    station = Station(arguments.folder)
    seconds = []
    for i in range(arguments.elections):
        leader = level_leader(arguments.folder)
        time.sleep(rest.uniform(0.1, 0.6))  # anywhere between two heartbeats
        killed = time.monotonic()
        station.watch(killed)
        os.kill(leader, signal.SIGKILL)
        at = station.answered(60)
        if at is None:
            sys.exit("failover: nothing was counted within 60 s of a kill")
        seconds.append(at - killed)
        started = psephos("up", "--dir", arguments.folder)
        if started.returncode:
            sys.exit(f"failover: the replica does not start again:\n{started.stderr}")
        if sys.stderr.isatty() or i % 20 == 19:
            print(f"{i + 1} of {arguments.elections}: {1000 * seconds[-1]:.0f} ms", file=sys.stderr)
    code, said = station.end()
    cast = int(said.split()[0]) if code == 0 else -1
    for _ in range(100):  # the board follows the receipts
        books = json.loads(psephos("accounting", "--dir", arguments.folder, "--json").stdout)[
            "total"
        ]
        if books["counted"] == cast:
            break
        time.sleep(0.1)
    exact = code == 0 and books["counted"] == cast and books["balanced"]
    seconds.sort()
    at = lambda share: round(1000 * seconds[min(len(seconds) - 1, int(share * len(seconds)))])
    arguments.out.write_text(
        json.dumps(
            {
                "what": "failover",
                "exact": exact,
                "elections": len(seconds),
                "ballots": cast,
                "ms": {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": at(1)},
                "load_average_before": arguments.load_before,
                "load_average_after": os.getloadavg()[0],
            },
            separators=(",", ":"),
        )
    )
    if not exact:
        print(f"failover: not exact: {said}; the books say {books}", file=sys.stderr)
    return 0 if exact else 1


sys.exit(main())
