"""The same votes through Spark, Kafka Streams and Psephos on this machine, one after the other.

  backlog  a topic of six partitions holds them all, 1 % of the messages twice: ballots a second
           from the start of the processing to the last shown (and with its start left out), CPU
           of it and of the broker, its memory, and what it shows against what was cast
  live     1,000 and 30,000 a second: seconds from when a vote was due to when it is shown
  killed   the backlog again; kill -9 of all the processing in the middle, and started again

`shown`: of Spark and Psephos the topics that the demos' page reads, of Kafka Streams its own
topic of totals; of Psephos by cast the API.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parents[1] / "tests"
sys.path[:0] = [str(TESTS / "bridges"), str(TESTS / "cluster")]

from measure import Shown, Usage, lateness  # noqa: E402
from servers import have  # noqa: E402
from servers.kafka import Kafka, Topics  # noqa: E402
from systems import SYSTEMS, Cast  # noqa: E402
from votes import Producing, Votes, produce  # noqa: E402

RATES = (1000, 30000)
PARTITIONS = 6
QUICK = {"votes": 200_000, "live_s": 15, "timeout_s": 200}
WHOLE = {"votes": 1_000_000, "live_s": 45, "timeout_s": 300}
QUIET_S = 100  # nothing new for so long: it shows all that it will


def say(text):
    print(text, file=sys.stderr, flush=True)


def wrong(shown, votes):
    """What is shown against what was cast, in votes: candidates and states."""
    return {what: sum(abs(found.get(key, 0) - count) for key, count in wanted.items())
            for what, found, wanted in (("by_candidate", shown.candidates, votes.by_candidate),
                                        ("by_state", shown.states, votes.by_state))}


class Run:
    """The broker, and each system in turn on it."""

    def __init__(self, options, folder):
        self.options, self.folder, self.number = options, folder, 0
        self.broker = Kafka(folder / "kafka", heap="1g").start()
        self.topics = Topics(self.broker.address)
        self.votes = Votes(1, options.votes, duplicates=True)
        self.topics.create("votes.backlog", PARTITIONS)
        say(f"{self.votes.messages} messages of {self.votes.count} voters into the broker ...")
        produce(self.broker.address, "votes.backlog", self.votes)

    def system(self, kind, topic):
        self.number += 1
        one = kind(self.topics, topic, self.folder, f"b{self.number}")
        one.prepare()
        return one

    def seconds_to_start(self, kind):
        """From nothing to a first vote shown: a topic with one message."""
        votes = Votes(9, 1)
        topic = self.topics.create(f"votes.first.{self.number}", 1)
        produce(self.broker.address, topic, votes)
        one = self.system(kind, topic)
        if kind is Cast:
            one.lines_of(votes)
        shown = Shown(one.totals(), one.every_s)
        begun = time.time()
        try:
            one.start()
            return shown.wait_for(1, self.options.timeout_s, QUIET_S) - begun
        finally:
            shown.stop()
            one.stop()

    def backlog(self, kind, kill=False):
        one = self.system(kind, "votes.backlog")
        if kind is Cast:
            one.lines_of(self.votes)
        wanted = self.votes.messages if one.counts_messages else self.votes.count
        before = Usage(lambda: [self.broker.pid])
        usage = Usage(one.pids)
        shown = Shown(one.totals(), one.every_s)
        begun, killed_at = time.time(), None
        try:
            one.start()
            if kill:
                killed_at = self.kill_in_the_middle(one, shown, begun)
            end = shown.wait_for(wanted, self.options.timeout_s, QUIET_S)
            time.sleep(1)
        finally:
            shown.stop()
            cpu, peak = usage.stop()
            broker, _ = before.stop()
            one.stop()
        return {"seconds": round(end - begun, 2), "shown": shown.total,
                "shown_by_state": shown.by_state, "cast": self.votes.count,
                "messages": self.votes.messages, "wrong": wrong(shown, self.votes),
                "went_backwards": shown.fell, "killed_at": killed_at,
                "cpu_us_a_message": round(cpu / self.votes.messages * 1e6, 2),
                "cpu_us_a_message_broker": round(broker / self.votes.messages * 1e6, 2),
                "memory_mb": round(peak)}

    def kill_in_the_middle(self, one, shown, begun):
        """When a third is shown, or (Spark shows one whole batch at a time) after a while."""
        after = self.options.kill_after.get(one.name)
        while time.time() - begun < self.options.timeout_s:
            if after and time.time() - begun > after or shown.total > self.votes.count // 3:
                break
            time.sleep(0.005)
        at = {"seconds": round(time.time() - begun, 2), "shown": shown.total,
              "shown_by_state": shown.by_state}
        one.kill()
        one.start()
        return at

    def live(self, kind, rate):
        """Votes at a rate, once it has started and shown a first one."""
        seconds = self.options.live_s
        votes, first = Votes(rate, rate * seconds), Votes(3, 1)
        topic = self.topics.create(f"votes.live.{rate}.{self.number}", PARTITIONS)
        one = self.system(kind, topic)
        usage = Usage(one.pids)
        shown = Shown(one.totals(), one.every_s)
        try:
            if kind is Cast:
                start = one.feed(votes, rate)
            else:
                produce(self.broker.address, topic, first)
                one.start()
                shown.wait_for(1, self.options.timeout_s, QUIET_S)
                producing = Producing(self.broker.address, topic, votes, rate)
                start = producing.start
                producing.wait(seconds * 3 + 30)
            more = 0 if kind is Cast else 1
            shown.wait_for(votes.count + more, self.options.timeout_s, QUIET_S)
        finally:
            shown.stop()
            usage.stop()
            one.stop()
        history = [(at, total - more) for at, total in shown.history]
        return {"rate": rate, "seconds": seconds,
                "late_s": lateness(history, start, rate, votes.count)}

    def measure(self, kind):
        found = {"system": kind.name, "title": kind.title}
        say(f"{kind.title}: start ...")
        found["start_seconds"] = round(self.seconds_to_start(kind), 2)
        say(f"{kind.title}: backlog ...")
        found["backlog"] = one = self.backlog(kind)
        one["messages_per_second"] = round(one["messages"] / one["seconds"])
        one["messages_per_second_started"] = round(
            one["messages"] / max(0.05, one["seconds"] - found["start_seconds"]))
        self.options.kill_after.setdefault(
            kind.name, found["start_seconds"] + (one["seconds"] - found["start_seconds"]) / 2)
        found["live"] = []
        for rate in self.options.rates:
            say(f"{kind.title}: {rate} a second ...")
            found["live"].append(self.live(kind, rate))
        say(f"{kind.title}: killed ...")
        found["killed"] = self.backlog(kind, kill=True)
        return found


def seconds(value):
    return "-" if value is None else f"{value:.2f}"


def table(found):
    """What was measured, a row a system."""
    heads = ["", "votes/s", "started", "CPU us", "broker", "MB"]
    heads += [f"{one['rate']}/s: s" for one in found[0]["live"]]
    heads += ["off by, duplicates", "off by, killed"]
    rows = [heads]
    for one in found:
        backlog, killed = one["backlog"], one["killed"]
        rows.append([
            one["title"], backlog["messages_per_second"], backlog["messages_per_second_started"],
            backlog["cpu_us_a_message"], backlog["cpu_us_a_message_broker"], backlog["memory_mb"],
            *(f"{seconds(live['late_s']['median'])}, {seconds(live['late_s']['p99'])}"
              for live in one["live"]),
            f"{backlog['wrong']['by_candidate']}, {backlog['wrong']['by_state']}",
            f"{killed['wrong']['by_candidate']}, {killed['wrong']['by_state']}"])
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(heads))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))))
    print("votes/s: messages from the start of the processing to the last shown; started: its "
          "start left out.\nCPU in microseconds a message, of the processing and of the broker; "
          "MB resident at most.\ns: median and 99 % of the seconds from when a vote was due to "
          "when it was shown.\noff by: votes by candidate, by state, that are shown too many or "
          "too few.")


def parsed():
    parser = argparse.ArgumentParser(prog="./run bench kafka-spark", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer votes: about ten minutes")
    parser.add_argument("--votes", type=int, help="voters of the backlog")
    parser.add_argument("--live-seconds", dest="live_s", type=int, metavar="N",
                        help="of votes at each rate")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="default: %(default)s")
    parser.add_argument("--rates", default=",".join(map(str, RATES)), help="default: %(default)s")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for key, value in (QUICK if options.quick else WHOLE).items():
        if getattr(options, key, None) is None:
            setattr(options, key, value)
    options.rates = [int(rate) for rate in options.rates.split(",") if rate]
    unknown = [name for name in options.systems.split(",") if name not in SYSTEMS]
    if unknown:
        parser.error(f"no such system: {', '.join(unknown)} (there are {', '.join(SYSTEMS)})")
    options.kill_after = {}
    return options


def main():
    options = parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what it started, too
    result = {"what": "kafka-spark", "votes": options.votes, "live_seconds": options.live_s,
              "partitions": PARTITIONS, "load_average_before": os.getloadavg()[0], "systems": []}
    with tempfile.TemporaryDirectory(prefix="psephos-bench-", dir=os.environ.get("TMPDIR")) as at:
        run = Run(options, Path(at))
        try:
            for name in options.systems.split(","):
                result["systems"].append(run.measure(SYSTEMS[name]))
        finally:
            run.broker.kill()
    result["load_average_after"] = os.getloadavg()[0]
    table(result["systems"])
    print(f"load average {result['load_average_before']:.1f} before, "
          f"{result['load_average_after']:.1f} after")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    ours = [one for one in result["systems"] if one["system"] in ("psephos", "cast")]
    off = [part for one in ours for part in (one["backlog"], one["killed"])
           if any(part["wrong"].values())]
    return 1 if off else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except have.Missing as missing:
        sys.exit(f"bench: {missing}")
