"""Random histories of a station against the promises, made shorter when one is broken.

Hypothesis chooses what happens: ballots and their resends, good and bad, answers that are lost,
connections, routers and shards that go, an election that is closed and opened. The model says
what must come of it. One cluster serves all histories, each with voters of its own.

PSEPHOS_HISTORIES=N tries N histories, new ones each time; without it a few, always the same.
"""

import collections
import csv
import functools
import io
import json
import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test

from harness import wait_until
from model import FINAL, Model
from station import Sending, Station, pb

HISTORIES = int(os.environ.get("PSEPHOS_HISTORIES", "0"))
VOTERS = 6  # few, so that they meet

UNITS = st.sampled_from(["x", "y", "z", "c", "nowhere"])
STYLES = st.sampled_from(["dem", "rep", "np", ""])
MARKS = st.lists(st.tuples(st.sampled_from(["gov-d", "gov-r", "bridge", "none"]),
                           st.lists(st.sampled_from(["ann", "bob", "cy", "di", "yes", "no"]),
                                    max_size=3)), max_size=3)
GOOD = st.sampled_from([("x", "dem", [("gov-d", ["ann"]), ("bridge", ["yes"])]),
                        ("x", "np", [("bridge", ["yes", "no"])]), ("y", "rep", []),
                        ("y", "dem", [("gov-d", ["bob", "ann"])]), ("z", "", [("bridge", ["no"])])])
ANY = st.integers(0, 1000)  # of what there is then
CONTENT = st.one_of(GOOD, GOOD, st.tuples(UNITS, STYLES, MARKS))


class Histories(RuleBasedStateMachine):
    make = None  # set by the test: a cluster
    cluster = None  # one that no history has broken
    number = 0

    def __init__(self):
        super().__init__()
        Histories.number += 1
        self.prefix = f"{os.getpid()}-{Histories.number}"
        if Histories.cluster is None:
            Histories.cluster = Histories.make(name=f"cluster-{Histories.number}")
        self.cluster, Histories.cluster = Histories.cluster, None
        self.ids = 0
        self.station = Station(self.cluster.directory)
        self.model = Model(json.loads(self.cluster.election.read_text()))
        self.before = self.shown()
        self.made = []

    # What is looked at from outside.

    def shown(self):
        """Books and results as of one version."""
        books = self.cluster.get_json("/api/v1/accounting")
        version = books["version"]
        path = f"/api/v1/results.csv?level=leaf&version={version['id']}"
        status, _, body = self.cluster.get(path)
        if status == 410:
            return self.shown()
        assert status == 200, body
        votes, ballots = collections.Counter(), {}
        for row in csv.DictReader(io.StringIO(body.decode())):
            key = row["unit"], row["contest"]
            votes[(*key, row["choice"])] = int(row["votes"])
            votes[(*key, None)] = int(row["overvotes"])
            ballots[key] = int(row["ballots"])
        return {"books": books["total"], "votes": votes, "ballots": ballots,
                "indexes": {one["shard"]: one["index"] for one in version["shards"]},
                "number": version["number"]}

    # What may happen.

    def send(self, sendings):
        self.model.send(sendings)
        self.station.send(sendings)

    @rule(rows=st.lists(st.tuples(st.integers(0, VOTERS - 1), CONTENT), min_size=1, max_size=12))
    def new_ballots(self, rows):
        batch = []
        for voter, (unit, style, marks) in rows:
            self.ids += 1
            ballot = pb.Ballot(voter_id=f"{self.prefix}-{voter}".encode(),
                               ballot_id=self.ids.to_bytes(8, "big") + os.urandom(8),
                               unit=unit, method="booth", style=style, cast_at_ms=self.ids)
            for contest, choices in marks:
                ballot.marks.add(contest=contest, choices=choices)
            batch.append(Sending(ballot))
        self.made += batch
        self.send(batch)

    @precondition(lambda self: self.made)
    @rule(chosen=st.lists(ANY, min_size=1, max_size=8))
    def again(self, chosen):
        """The same ballots, answered or not, some of them twice in the batch."""
        self.send([self.made[i % len(self.made)] for i in chosen])

    @precondition(lambda self: self.made)
    @rule(chosen=ANY, unit=st.sampled_from(["x", "y"]))
    def other_content_under_the_same_id(self, chosen, unit):
        """Of a ballot that has its verdict: it is another ballot, and its voter has voted."""
        old = self.made[chosen % len(self.made)]
        self.station.settle()
        self.model.settled()
        ballot = pb.Ballot()
        ballot.CopyFrom(old.ballot)
        ballot.cast_at_ms += 1_000_000 + self.ids
        self.ids += 1
        ballot.unit, ballot.style = unit, "rep"
        del ballot.marks[:]
        if old.answers[0][1] == "counted":
            self.made.append(Sending(ballot))
            self.send(self.made[-1:])

    @rule()
    def settle(self):
        self.station.settle()
        self.model.settled()

    @rule(seconds=st.sampled_from([0.05, 0.3]))
    def answers_are_lost(self, seconds):
        self.station.lose_answers(seconds)

    @rule()
    def the_connection_is_lost(self):
        self.station.connect()

    @rule(what=st.sampled_from(["protocol", "election", "voter", "rubbish"]))
    def a_message_that_is_refused(self, what):
        """Nothing of it is submitted: its voters are nobody's in the books."""
        ballot = pb.Ballot(voter_id=f"{self.prefix}-refused".encode(), ballot_id=os.urandom(16),
                           unit="z", method="booth")
        if what == "voter":
            ballot.voter_id = b"v" * 256
        data = self.station.request([Sending(ballot)], 2 if what == "protocol" else 1,
                                    bytes(32) if what == "election" else None)
        code = self.station.refusal(data[:-3] if what == "rubbish" else data)
        assert code == {"protocol": "UNSUPPORTED_PROTOCOL", "election": "WRONG_ELECTION",
                        "voter": "UNDECODABLE", "rubbish": "UNDECODABLE"}[what]

    @rule(role=st.sampled_from(["router", "shard", "collector"]))
    def a_process_is_killed(self, role):
        self.cluster.kill(role)
        self.cluster.up()

    @rule()
    def closed_and_opened(self):
        """What is new while it is closed is closed, and stays so."""
        self.settle()
        self.cluster.call("close", check=0)
        self.model.open = False
        self.new_ballots([(voter, ("z", "", [("bridge", ["yes"])])) for voter in range(3)])
        self.settle()
        self.cluster.call("open", check=0)
        self.model.open = True

    # What must be so in the end.

    @invariant()
    def never_backwards(self):
        now = self.cluster.get_json("/api/v1/accounting")
        assert now["total"]["counted"] >= self.before["books"]["counted"]
        assert now["version"]["number"] >= self.before["number"], "promise 5: never backwards"
        self.before["number"] = now["version"]["number"]

    def teardown(self):
        self.settle()
        wanted = self.model.highest()
        wait_until(lambda: all(self.shown()["indexes"][shard] >= index
                               for shard, index in wanted.items()), what="what is shown")
        after = self.shown()
        books = {name: after["books"][name] - self.before["books"][name]
                 for name in (*FINAL, "received", "replayed", "added_ballots", "voters_counted")}
        firsts = self.model.firsts()
        assert {name: books[name] for name in FINAL} == {name: firsts[name] for name in FINAL}
        assert books["received"] == sum(firsts.values()) + books["replayed"], "promise 3"
        assert books["added_ballots"] == books["voters_counted"] == books["counted"], "promise 3"
        assert books["received"] <= self.model.sends(), "nothing is counted that was not sent"
        assert after["books"]["balanced"]
        votes = after["votes"] - self.before["votes"]
        assert votes == self.model.votes(), "the votes are those of the ballots that count"
        ballots = self.model.ballots()
        for key, number in after["ballots"].items():
            if key[1] == "bridge":
                assert number - self.before["ballots"][key] == ballots[key[0]]
        self.station.socket.close(linger=0)
        Histories.cluster = self.cluster


def test_random_histories_keep_the_promises(cluster, fixture_file):
    """promise 1, promise 2, promise 3, promise 5"""
    Histories.make = functools.partial(cluster, fixture_file("primary.json"), shards=2)
    few = HISTORIES == 0  # a failure is told as it came; made shorter it would take minutes
    run_state_machine_as_test(Histories, settings=settings(
        max_examples=HISTORIES or 12, stateful_step_count=16 if few else 40, deadline=None,
        derandomize=few, database=None, print_blob=not few,
        phases=[Phase.generate] if few else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck)))
    Histories.cluster.recount()
