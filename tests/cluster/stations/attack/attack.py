"""The campaign: every kind of attacker beside honest stations. README.md says what is shown.

Exit code 0: every process lived within its bound of memory, every honest ballot had its verdict,
and 99 of 100 within 50 ms.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import ROOT, Cluster, imported, is_running  # noqa: E402

HERE = Path(__file__).resolve().parent
RETURNS = ROOT / "demo" / "vermont-2020-county.csv"
KINDS = ("greedy", "deaf", "resends", "invalid", "singles", "hellos", "bombs", "costly", "crowd",
         "endless", "rubbish", "strangers", "descriptors")
P99_MS = 50
# Of a small cluster; well below MemoryMax in deploy/systemd. A shard has its voters besides.
BOUND_MIB = {"router": 768, "shard": 1536, "collector": 768}
SHARDS, VOTER_BYTES = 2, 50


class Memory(threading.Thread):
    """The most memory that each process has had."""

    def __init__(self, processes):
        super().__init__(daemon=True)
        self.processes = processes
        self.first = {p["name"]: self.read(p) for p in processes}
        self.most = dict(self.first)
        self.ended = []
        self.done = threading.Event()

    @staticmethod
    def read(process):
        try:
            for line in Path(f"/proc/{process['pid']}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) >> 10
        except OSError:
            pass
        return 0

    def run(self):
        while not self.done.wait(0.02):
            for process in self.processes:
                name = process["name"]
                self.most[name] = max(self.most[name], self.read(process))
                if not is_running(process["pid"]) and name not in self.ended:
                    self.ended.append(name)


def named(process):
    shard = f"-{process['replica']}" if process["role"] == "shard" else ""
    return {**process, "name": f"{process['role']}-{process['number']}{shard}"}


def start(script, *arguments):
    return subprocess.Popen([sys.executable, HERE / script, *map(str, arguments)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def told(process, seconds):
    out, errors = process.communicate(timeout=seconds + 120)
    try:
        return json.loads(out.splitlines()[-1])
    except (IndexError, ValueError):
        return {"failed": errors.strip().splitlines()[-1:] or out[-200:]}


def beside(one, attackers, seconds, honest_kinds):
    """Lets the attackers loose, and after a second the honest stations beside them."""
    wild = [start("attackers.py", kind, speed, one.directory, key, seconds + 3)
            for kind, speed, key in attackers]
    time.sleep(1.5)
    honest = [start("stations.py", kind, one.directory, f"honest-{kind}", seconds)
              for kind in honest_kinds]
    answers = [told(process, seconds) for process in honest]
    return answers, [told(process, seconds) for process in wild]


def print_row(cells):
    widths = (22, 9, 9, 9, 9, 7, 6, 11)
    print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths)), flush=True)


def check(honest, memory, counted):
    """What is wrong, in words."""
    bounds = BOUND_MIB | {"shard": BOUND_MIB["shard"] + (counted // SHARDS * VOTER_BYTES >> 20)}
    wrong = [f"{name} ended" for name in memory.ended]
    wrong += [f"{name} had {most} MiB, its bound is {bounds[name.split('-')[0]]}"
              for name, most in memory.most.items() if most > bounds[name.split("-")[0]]]
    if "failed" in honest:
        return wrong + [f"the honest station failed: {honest['failed']}"]
    if honest["lost"]:
        wrong.append(f"{honest['lost']} honest ballots had no verdict in 30 s")
    if honest["p99_ms"] >= P99_MS:
        wrong.append(f"p99 of the honest station was {honest['p99_ms']} ms")
    return wrong


def log_bytes(one):
    return sum(path.stat().st_size for path in (one.directory / "data").glob("shard-*/**/*.log"))


def round_of(one, label, attackers, seconds, memory, honest_kinds=("one", "many")):
    before = log_bytes(one)
    (single, *bulk), did = beside(one, attackers, seconds, honest_kinds)
    single["log_mib"] = (log_bytes(one) - before) >> 20
    bulk = bulk[0] if bulk else {}
    print("    " + json.dumps(single))
    columns = ("ballots", "p50_ms", "p99_ms", "max_ms", "busy", "lost")
    cells = [single.get(column, "-") for column in columns]
    print_row((label, *cells, bulk.get("a_second", "-")))
    for one_did in did:
        print("    " + json.dumps(one_did)[:300], flush=True)
    return [f"{label}: {what}" for what in check(single, memory, bulk.get("ballots", 0))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--alone", action="store_true", help="one kind after the other")
    parser.add_argument("--keys", type=int, default=1, help="fast ones of each kind")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--no-bulk", action="store_true", help="without the station in bulk")
    parser.add_argument("--dir", help="keep the cluster here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="psephos-attack-") as folder:
        base = Path(arguments.dir or folder)
        one = Cluster(base / "cluster", imported(RETURNS, base / "election"))
        try:
            sys.exit(campaign(one, arguments))
        finally:
            one.finish()


def attackers_of(kind, keys):
    """(kind, speed, key) of each: a slow one, and fast ones."""
    return [(kind, "slow", f"{kind}-slow")] + \
        [(kind, "fast", f"{kind}-fast-{i}") for i in range(keys)]


def campaign(one, arguments):
    one.up()
    attackers = [a for kind in arguments.kind for a in attackers_of(kind, arguments.keys)]
    for key in [key for _, _, key in attackers] + ["honest-one", "honest-many"]:
        one.call("client", "add", key, check=0)
    time.sleep(2)
    memory = Memory([named(p) for p in one.processes()])
    memory.start()
    print_row(("beside", "ballots", "p50 ms", "p99 ms", "max ms", "BUSY", "lost", "in bulk /s"))
    kinds = ("one",) if arguments.no_bulk else ("one", "many")
    wrong = round_of(one, "nobody", [], 10, memory, kinds)
    if arguments.alone:
        for kind in arguments.kind:
            wrong += round_of(one, kind, attackers_of(kind, arguments.keys), arguments.seconds,
                              memory, kinds)
            time.sleep(2)
    else:
        wrong += round_of(one, "all at once", attackers, arguments.minutes * 60, memory, kinds)
    memory.done.set()
    for process in memory.processes:
        print(f"{process['name']}: {memory.first[process['name']]} MiB at first, at most "
              f"{memory.most[process['name']]}")
    print(one.call("status").stdout)
    for what in dict.fromkeys(wrong):
        print(f"WRONG: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    main()
