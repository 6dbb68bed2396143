"""The five promises as a person would check them: nothing of how Psephos does it.

A Model knows what was sent, in which order, and what election.json says; and is shown the
answers, the books and the results. It says what must be so, and asserts it.
"""

import collections

FINAL = ("counted", "double_vote", "not_eligible", "invalid", "closed")


class Paper:
    """What one may vote on in a unit: {style: {contest: (votes_allowed, {choice, ...})}}."""

    def __init__(self, definition):
        contests = {one["id"]: one for one in definition["contests"]}
        styles = {style["id"]: style["contests"] for style in definition["ballot_styles"]}
        self.methods = {method["id"] for method in definition["methods"]}
        self.units = {}
        for unit in definition["units"]:
            self.units[unit["id"]] = {
                name: {entry["contest"]: (contests[entry["contest"]].get("votes_allowed", 1),
                                          set(entry.get("choices") or
                                              [c["id"] for c in
                                               contests[entry["contest"]]["choices"]]))
                       for entry in styles[name]}
                for name in unit.get("ballot_styles", [])}

    def of(self, ballot):
        """The contests of the ballot's paper, or None: there is no such paper."""
        styles = self.units.get(ballot.unit, {})
        if ballot.method not in self.methods:
            return None
        if not ballot.style and len(styles) == 1:
            return next(iter(styles.values()))
        return styles.get(ballot.style)

    def is_valid(self, ballot):
        paper = self.of(ballot)
        if paper is None:
            return False
        marked = [mark.contest for mark in ballot.marks]
        return len(marked) == len(set(marked)) and all(
            mark.contest in paper and len(set(mark.choices)) == len(mark.choices)
            and set(mark.choices) <= paper[mark.contest][1] for mark in ballot.marks)


class Model:
    def __init__(self, definition):
        self.paper = Paper(definition)
        self.sent = []  # (sending, was it open, counted voters then, receipts known then)
        self.open = True
        self.counted = {}  # voter -> sending

    def send(self, sendings):
        """To be called just before the station sends them."""
        known = {sending.ballot.voter_id for sending in self.counted.values()}
        seen = {id(sending) for sending, *_ in self.sent}
        for sending in sendings:
            if id(sending) not in seen:
                seen.add(id(sending))
                self.sent.append((sending, self.open, sending.ballot.voter_id in known,
                                  self.highest()))

    def highest(self):
        """The highest index of every shard that an answer has told."""
        highest = collections.Counter()
        for sending, *_ in self.sent:
            for _, _, shard, index in sending.answers:
                highest[shard] = max(highest[shard], index)
        return highest

    def settled(self):
        """Every ballot has its verdict: what the promises say of them."""
        by_voter = collections.defaultdict(list)
        shard_of = {}
        for sending, was_open, had_voted, highest in self.sent:
            firsts = {first for _, first, _, _ in sending.answers}
            assert len(firsts) == 1, ("promise 1: a verdict is final", sending.answers)
            fresh = [one for one in sending.answers if one[0] != "replayed"]
            assert len(fresh) <= 1, ("promise 2: judged once", sending.answers)
            first = firsts.pop()
            valid = self.paper.is_valid(sending.ballot)
            assert (first == "invalid") == (not valid), (first, str(sending.ballot))
            if valid:
                assert (first == "closed") == (not was_open), (first, was_open)
            if had_voted and valid and was_open:
                assert first == "double_vote", ("the voter had voted", first)
            for _, _, shard, index in sending.answers:
                assert shard_of.setdefault(sending.ballot.voter_id, shard) == shard
                assert index > highest[shard], "promise 1: later in the log than what was answered"
            by_voter[sending.ballot.voter_id].append((first, sending, valid and was_open))
        for voter, ballots in by_voter.items():
            counted = [sending for first, sending, _ in ballots if first == "counted"]
            assert len(counted) <= 1, ("promise 2: nobody counts twice", voter)
            if any(good for _, _, good in ballots):
                assert len(counted) == 1, ("promise 1: one of them counts", voter)
                self.counted[voter] = counted[0]

    def firsts(self):
        """How many different ballots got which verdict."""
        return collections.Counter(sending.answers[0][1] for sending, *_ in self.sent)

    def sends(self):
        return sum(sending.sends for sending, *_ in self.sent)

    def votes(self):
        """{(unit, contest, choice): votes} of what is counted; overvotes as the choice None."""
        votes = collections.Counter()
        for sending in self.counted.values():
            ballot = sending.ballot
            paper = self.paper.of(ballot)
            for mark in ballot.marks:
                allowed = paper[mark.contest][0]
                if len(mark.choices) > allowed:
                    votes[ballot.unit, mark.contest, None] += allowed
                else:
                    votes.update((ballot.unit, mark.contest, choice) for choice in mark.choices)
        return votes

    def ballots(self):
        return collections.Counter(sending.ballot.unit for sending in self.counted.values())
