"""The voting demos with Psephos in the place of Spark: their own voting.py and page, unchanged.

Rows and voters_topic come from `psephos generate`, votes go through a bridge of votes_topic into
a cluster and through another one out to the topics of their page.
"""

import json
import os

import pytest

from harness import ROOT, run_psephos
from programs import Voting, demo_environment, demo_folder, votes_on_page
from servers.kafka import Kafka, Topics
from servers.server import wait_for
from servers.streamlit import Streamlit

VOTES, TURNOUT = "aggregated_votes_per_candidate", "aggregated_turnout_by_location"
KILLS = 10

pytestmark = pytest.mark.skipif(
    not all((ROOT / "bridge" / door).is_dir() for door in ("kafka_in", "kafka_out")),
    reason="bridges of this version do not speak Kafka in both directions")


class Scene:
    """All servers and programs of the demos, Spark left out."""

    def __init__(self, own, postgres, demos, tmp_path, voters, sleep_s):
        self.broker, self.postgres, self.folder = own(Kafka), postgres, tmp_path
        self.topics = Topics(self.broker.address)
        self.conninfo = postgres.database("voting")
        self.voters = voters
        run_psephos("generate", "--postgres", self.conninfo, "--kafka", self.broker.address,
                    "--voters", voters, "--seed", "7", check=0)
        run_psephos("import", "--postgres", self.conninfo, "--out", tmp_path / "election", check=0)
        self.demo = demo_folder(demos, tmp_path / "demo")
        self.environment = demo_environment(self.broker.address, postgres.port)
        self.sleep = demo_environment(self.broker.address, postgres.port, sleep_s)

    def join(self, cluster, bridge):
        """The cluster with their roll, and the two bridges."""
        self.cluster = cluster(self.folder / "election" / "election.json",
                               up_options=["--roll", self.folder / "election" / "roll.csv"])
        key = json.loads(self.cluster.call("client", "add", "votes", "--json", check=0).stdout)
        contest = self.cluster.get_json("/api/v1/contests")["contests"][0]["id"]
        settings = {"bootstrap.servers": self.broker.address}
        self.bridges = [
            bridge(self.cluster, {"name": "votes", "source": {"kafka": {
                "settings": settings | {"session.timeout.ms": 6000}, "group": "psephos",
                "topics": ["votes_topic"],
                "format": "votes-topic", "key": key["key"],
                "ballot_ids": "keys/ballot-ids.key", "dead_letter_topic": "psephos.dead-letter",
                "dead_letter": "origin"}}}),
            bridge(self.cluster, {"name": "totals", "sink": {"kafka": {
                "settings": settings, "results_topic": "psephos.results", "contest": contest,
                "level": "state", "candidates_topic": VOTES, "turnout_topic": TURNOUT}}})]

    def voted(self):
        return self.postgres.sql("SELECT count(*) FROM votes", "voting")[0][0]

    def counted(self):
        return self.cluster.get_json("/api/v1/accounting")["total"]["counted"]

    def by_candidate(self):
        """Of the database: also who has no vote."""
        return dict(self.postgres.sql(
            "SELECT c.candidate_id, count(v.voter_id) FROM candidates c "
            "LEFT JOIN votes v USING (candidate_id) GROUP BY 1", "voting"))

    def by_state(self):
        return dict(self.postgres.sql(
            "SELECT address_state, count(*) FROM votes JOIN voters USING (voter_id) GROUP BY 1",
            "voting"))

    def vote(self, meanwhile=lambda voted: None):
        """Their voting.py until every voter voted; meanwhile(votes so far) again and again."""
        voting = Voting(self.demo, self.sleep)
        try:
            def is_done():
                assert voting.is_running(), voting.tail()
                voted = self.voted()
                meanwhile(voted)
                return voted == self.voters
            wait_for(is_done, 240, f"{self.voters} votes by their voting.py", every_s=0.05)
            wait_for(lambda: sum(n - first for first, n in self.topics.bounds(
                "votes_topic").values()) == self.voters, 30, "every vote in votes_topic")
        finally:
            voting.stop()

    def shown(self, topic, key, count):
        """The newest message of each key, as their page sees it."""
        found = [json.loads(message.value()) for message in self.topics.read(topic)]
        return {one[key]: one[count] for one in found}


@pytest.fixture
def scene(own, postgres, demos, cluster, bridge, tmp_path):
    def make(voters, sleep_s):
        one = Scene(own, postgres, demos, tmp_path, voters, sleep_s)
        one.join(cluster, bridge)
        return one
    return make


def assert_page_is_right(scene, browser):
    """In Chromium, in the topics, in the API: what the database says."""
    wanted = scene.by_candidate()
    assert sum(wanted.values()) == scene.voters
    program = Streamlit(scene.folder / "page", scene.demo / "streamlit-app.py", scene.environment)
    program.start()
    try:
        browser.open(program.url)
        wait_for(lambda: votes_on_page(browser) == wanted, 90, f"{wanted} on the page")
        if os.environ.get("PSEPHOS_PICTURES"):
            browser.picture(os.path.join(os.environ["PSEPHOS_PICTURES"], "demos.png"))
    finally:
        program.kill()
    assert scene.shown(VOTES, "candidate_id", "total_votes") == wanted
    turnout = {state: count for state, count in scene.shown(TURNOUT, "state", "count").items()
               if count}
    assert turnout == scene.by_state()
    assert scene.counted() == scene.voters


def test_their_page_shows_what_their_database_says(scene, browser):
    one = scene(voters=600, sleep_s=0.001)
    one.vote()
    assert_page_is_right(one, browser)


def test_and_when_both_bridges_were_killed_ten_times(scene, browser):
    """By progress: each time that another eleventh of the votes is in the cluster."""
    one = scene(voters=2200, sleep_s=0.02)
    killed = []

    def kill_now_and_then(_):
        while len(killed) < KILLS and one.counted() * (KILLS + 1) >= (
                len(killed) + 1) * one.voters:
            killed.append(one.counted())
            for bridge in one.bridges:
                bridge.kill()
                bridge.start()

    one.vote(kill_now_and_then)
    wait_for(lambda: (kill_now_and_then(0), len(killed) == KILLS)[1], 120, f"{KILLS} kills")
    assert_page_is_right(one, browser)
    print("counted when the bridges were killed:", killed)
