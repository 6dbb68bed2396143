"""The voting demos' own page in Chromium, fed by hand: what it asks of Kafka out."""

import json

import pytest

from programs import demo_environment, demo_folder, votes_on_page
from servers.kafka import Kafka, Topics
from servers.server import wait_for
from servers.streamlit import Streamlit

CANDIDATES = [("c-1", "Ada Gray"), ("c-2", "Ben Frost"), ("c-3", "Cleo Hunt")]
PHOTO = "data:image/png;base64," + (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJ"
    "RU5ErkJggg==")


def update(votes):
    """A whole set as their Spark job would send it: cumulative, a message a candidate."""
    return [(key.encode(), json.dumps({
        "candidate_id": key, "candidate_name": name, "party_affiliation": "A Party",
        "photo_url": PHOTO, "total_votes": count}).encode())
        for (key, name), count in zip(CANDIDATES, votes)]


@pytest.fixture
def page(own, postgres, demos, browser, tmp_path):
    """(topics, browser) with their page open; their topics have a first set."""
    server = own(Kafka)
    topics = Topics(server.address)
    postgres.database("voting")
    for table in ("voters", "candidates"):
        postgres.sql(f"CREATE TABLE {table} (id int)", "voting")
    # Their pie has no slices, and newer matplotlibs fail, while nobody has a vote.
    topics.produce("aggregated_votes_per_candidate", update((1, 0, 0)))
    topics.produce("aggregated_turnout_by_location",
                   [(b"Essex", json.dumps({"state": "Essex", "count": 0}).encode())])
    program = Streamlit(tmp_path / "page", demo_folder(demos, tmp_path / "demo")
                        / "streamlit-app.py", demo_environment(server.address, postgres.port))
    program.start()
    try:
        browser.open(program.url)
        yield topics, browser
    finally:
        program.kill()


def test_it_shows_the_newest_set_when_what_is_older_was_deleted(page):
    """Also downwards; it takes the largest of all that it finds, and reads 500 messages at most."""
    from confluent_kafka import TopicPartition
    topics, browser = page
    wait_for(lambda: votes_on_page(browser) == {"c-1": 1, "c-2": 0, "c-3": 0}, 90, "the page")
    for votes in ((500, 300, 200), (5, 3, 2)):
        topics.produce("aggregated_votes_per_candidate", update(votes) * 200)
        first = topics.bounds("aggregated_votes_per_candidate")[0][1] - 3
        at = TopicPartition("aggregated_votes_per_candidate", 0, first)
        topics.admin.delete_records([at])[at].result(30)
        browser.open(browser.run("location.href"))
        wait_for(lambda: votes_on_page(browser) == dict(zip(("c-1", "c-2", "c-3"), votes)), 60,
                 f"{votes} on the page")
