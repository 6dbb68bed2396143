"""Votes in the shape of the voting demos' votes_topic, from a seed, and what they add up to.

As a program: votes.py SEED COUNT RATE FILE, lines when they are due; FILE: when the first was.

Vote i depends on (seed, i) alone. Of each hundred voters the first one's message is sent again,
the same bytes, as a producer that retries would, when duplicates are wanted.
"""

import json
import multiprocessing
import sys
import time
from pathlib import Path

STATES = [f"State {i:02}" for i in range(50)]
CANDIDATES = [("c-ada", "Ada Gray", "Savior Party"), ("c-ben", "Ben Frost", "Management Party"),
              ("c-cleo", "Cleo Hunt", "Tech Republic Party")]
SHARES = (0, 0, 0, 0, 0, 1, 1, 1, 2, 2)  # 50, 30 and 20 percent
MASK = (1 << 64) - 1
PHOTO = "https://example.invalid/portraits/%s.jpg"


def mixed(x):
    """splitmix64"""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def maker(seed):
    """vote(i) -> (voter ID, candidate's place, state's place, message)"""
    base = mixed(seed)
    candidates = [json.dumps({
        "candidate_id": key, "candidate_name": name, "party_affiliation": party,
        "biography": "A brief bio of the candidate.",
        "campaign_platform": "Key campaign promises or platform.",
        "photo_url": PHOTO % key})[1:-1] for key, name, party in CANDIDATES]

    def vote(i):
        a = mixed(base ^ i)
        b = mixed(a)
        candidate, state, n = SHARES[b % 10], (b >> 8) % 50, (b >> 16) % 100
        voter = f"{a >> 32:08x}-{a >> 16 & 0xffff:04x}-4{b & 0xfff:03x}-a{i & 0xfff:03x}-{i:012x}"
        second = 8 * 3600 + i // 1000
        return voter, candidate, state, (
            f'{{"voter_id": "{voter}", "voter_name": "Ada Hunt{n}", '
            f'"date_of_birth": "19{n:02}-03-04T05:06:07.891Z", "gender": "female", '
            f'"nationality": "GB", "registration_number": "user{i}", "address": {{"street": '
            f'"{a % 9999} High Street", "city": "Town{n}", "state": "{STATES[state]}", '
            f'"country": "United Kingdom", "postcode": "AB{n} 2CD"}}, '
            f'"email": "v{i}@example.com", "phone_number": "0101 {n:04}", '
            f'"cell_number": "07700 {n:04}", "picture": "{PHOTO % n}", '
            f'"registered_age": {n % 20}, {candidates[candidate]}, "voting_time": '
            f'"2026-11-29 {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}", '
            f'"vote": 1}}')
    return vote


class Votes:
    """`count` voters' messages, and the totals that they add up to."""

    def __init__(self, seed, count, duplicates=False):
        self.seed, self.count, self.duplicates = seed, count, duplicates
        self.by_candidate = dict.fromkeys((c[0] for c in CANDIDATES), 0)
        self.by_state = dict.fromkeys(STATES, 0)
        vote = maker(seed)
        for i in range(count):
            _, candidate, state, _ = vote(i)
            self.by_candidate[CANDIDATES[candidate][0]] += 1
            self.by_state[STATES[state]] += 1

    @property
    def messages(self):
        return self.count + (self.count // 100 if self.duplicates else 0)

    def __iter__(self):
        """(key, message), each duplicate at the end of its hundred."""
        vote, again = maker(self.seed), None
        for i in range(self.count):
            voter, _, _, text = vote(i)
            if i % 100 == 0:
                again = (voter, text)
            yield voter, text
            if self.duplicates and i % 100 == 99:
                yield again


def election(states=STATES):
    """election.json for them."""
    def slug(text):
        return text.lower().replace(" ", "-")
    parties = sorted({party for _, _, party in CANDIDATES})
    return {
        "format": 1, "id": "demo-votes", "name": "Votes of the demos", "date": "2026-11-29",
        "methods": [{"id": "all", "name": "All"}],
        "parties": [{"id": slug(party), "name": party} for party in parties],
        "candidates": [{"id": key, "name": name, "party": slug(party), "photo": PHOTO % key}
                       for key, name, party in CANDIDATES],
        "units": [{"id": "all-states", "name": "All states", "level": "nation"}] + [
            {"id": slug(state), "name": state, "level": "state", "parent": "all-states",
             "ballot_style": "all"} for state in states],
        "contests": [{"id": "vote", "name": "Vote", "office": "Vote", "unit": "all-states",
                      "choices": [{"id": key, "name": name, "kind": "candidate", "candidate": key,
                                   "party": slug(party)} for key, name, party in CANDIDATES]}],
        "ballot_styles": [{"id": "all", "contests": [{"contest": "vote"}]}]}


def produce(address, topic, votes, rate=None, begun=None, **settings):
    """All of them into a topic; with a rate, vote k when it is due. `begun`: told the start."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5 if rate else 50,
                         "batch.size": 900000, "queue.buffering.max.messages": 400000,
                         "enable.idempotence": True, "acks": "all"} | settings)
    start = time.time()
    if begun is not None:
        begun.value = start
    for k, (key, text) in enumerate(votes):
        if rate and k % 20 == 0:
            producer.poll(0)
            ahead = start + k / rate - time.time()
            if ahead > 0:
                time.sleep(ahead)
        while True:
            try:
                producer.produce(topic, text, key)
                break
            except BufferError:
                producer.poll(0.05)
        if k % 1000 == 0:
            producer.poll(0)
    if producer.flush(120):
        raise SystemExit("not every vote was taken by the broker")


class Producing:
    """produce() at a rate, in a process of its own; `start`: when vote 0 was due."""

    def __init__(self, address, topic, votes, rate):
        apart = multiprocessing.get_context("spawn")  # no fork of a client's threads
        self.begun = apart.Value("d", 0.0)
        self.process = apart.Process(
            target=produce, args=(address, topic, votes, rate, self.begun), daemon=True)
        self.process.start()
        while not self.begun.value:
            time.sleep(0.005)
        self.start = self.begun.value

    def wait(self, timeout_s):
        self.process.join(timeout_s)
        return self.process.exitcode == 0


def main():
    seed, count, rate, file = *map(int, sys.argv[1:4]), Path(sys.argv[4])
    vote, start = maker(seed), time.time()
    file.write_text(str(start), encoding="ascii")
    for k in range(count):
        if k % 20 == 0 and start + k / rate > time.time():
            sys.stdout.flush()
            time.sleep(max(0.0, start + k / rate - time.time()))
        sys.stdout.write(vote(k)[3] + "\n")


if __name__ == "__main__":
    main()
