"""CPU and memory of processes that come and go, and how late what is shown is."""

import os
import threading
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def stat_of(pid):
    """(CPU seconds so far, session, resident MB), or None when it is gone."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    parts = parts.rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICK, int(parts[3]), int(parts[21]) * PAGE_MB


def in_session(session):
    """The processes of a session: whoever was started, and its children."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        seen = stat_of(path.name)
        if seen and seen[1] == session:
            found.append(int(path.name))
    return found


class Usage(threading.Thread):
    """Looks at the processes of pids() until stop(): CPU seconds, also of those that ended, and
    the most that they had resident together."""

    def __init__(self, pids, every_s=0.5):
        super().__init__(daemon=True)
        self.pids, self.every_s = pids, every_s
        self.first, self.last, self.peak_mb = {}, {}, 0.0
        self.ended = threading.Event()
        self.look()
        self.first = dict(self.last)  # of those that run already; others count from nothing
        self.start()

    def look(self):
        resident = 0.0
        for pid in self.pids():
            seen = stat_of(pid)
            if seen:
                self.last[pid] = seen[0]
                resident += seen[2]
        self.peak_mb = max(self.peak_mb, resident)

    def run(self):
        while not self.ended.wait(self.every_s):
            self.look()

    def stop(self):
        self.look()
        self.ended.set()
        self.join()
        return sum(self.last[pid] - self.first.get(pid, 0) for pid in self.last), self.peak_mb


class Shown(threading.Thread):
    """Asks totals() -> ({candidate: votes}, {state: votes}) and notes when it changed."""

    def __init__(self, totals, every_s):
        super().__init__(daemon=True)
        self.totals, self.every_s = totals, every_s
        self.candidates, self.states, self.history, self.fell = {}, {}, [], 0
        self.ended = threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            now = self.totals()
            if now is not None:
                self.note(*now)
            self.ended.wait(self.every_s)

    def note(self, candidates, states):
        before, total = sum(self.candidates.values()), sum(candidates.values())
        if (candidates, states) != (self.candidates, self.states):
            self.candidates, self.states = dict(candidates), dict(states)
            self.history.append((time.time(), total))
            self.fell += total < before

    @property
    def total(self):
        return sum(self.candidates.values())

    @property
    def by_state(self):
        return sum(self.states.values())

    def wait_for(self, wanted, timeout_s, quiet_s):
        """Until it shows so many by candidate and by state, or nothing new for quiet_s."""
        end = time.time() + timeout_s
        while time.time() < end:
            if self.total >= wanted and self.by_state >= wanted:
                break
            changed = self.history[-1][0] if self.history else None
            if changed and time.time() - changed > quiet_s:
                break
            time.sleep(0.05)
        return self.history[-1][0] if self.history else time.time()

    def stop(self):
        self.ended.set()
        self.join()


def lateness(history, start, rate, count):
    """Seconds from when vote k was due to when at least k were shown: median, 99 %, most.

    `late`: votes that were not shown at all.
    """
    found, at = [], 0
    for k in range(0, count, max(1, count // 20000)):
        while at < len(history) and history[at][1] <= k:
            at += 1
        if at == len(history):
            break
        found.append(history[at][0] - (start + k / rate))
    if not found:
        return {"median": None, "p99": None, "most": None, "not_shown": count}
    found.sort()
    shown = max(total for _, total in history)
    return {"median": round(found[len(found) // 2], 2),
            "p99": round(found[min(len(found) - 1, len(found) * 99 // 100)], 2),
            "most": round(found[-1], 2), "not_shown": max(0, count - shown)}
