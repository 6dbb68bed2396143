"""`generate --postgres --kafka`: the demos' tables and topic, once, from a seed."""

import csv
import io
import json

import pytest

from database import database, server  # noqa: F401
from harness import run_psephos
from mock_kafka import MockKafka
from test_people import VOTER_COLUMNS

CANDIDATE_COLUMNS = ["candidate_id", "candidate_name", "party_affiliation", "biography",
                     "campaign_platform", "photo_url"]


def generate(*options, check=0, told=json.loads):
    done = run_psephos("generate", "--json", *options, check=check)
    return told(done.stdout) if check == 0 else done.stderr


def columns(database, table):  # noqa: F811
    return [name for name, in database.sql(
        f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' "
        "ORDER BY ordinal_position")]


@pytest.fixture
def kafka():
    one = MockKafka()
    yield one
    one.end()


def test_the_demos_tables_are_filled_once_from_a_seed(database):  # noqa: F811
    to = ["--postgres", database.conninfo]
    assert generate(*to) == {"seed": 1, "candidates": 3, "voters": 1000, "rows_added": 1003,
                             "rows_removed": 0, "messages_sent": None, "messages_there": None}
    # As the demos' own programs insert and select.
    assert columns(database, "candidates") == CANDIDATE_COLUMNS
    assert columns(database, "voters") == VOTER_COLUMNS
    assert columns(database, "votes") == ["voter_id", "candidate_id", "voting_time", "vote"]
    one, = database.sql("SELECT count(*), count(DISTINCT voter_id), count(DISTINCT address_state), "
                        "min(registered_age) >= 0, count(*) FILTER (WHERE voter_name = ''), "
                        "count(DISTINCT address_country) FROM voters")
    assert one[:2] == ["1000", "1000"] and int(one[2]) > 40 and one[3:] == ["t", "0", "1"]
    assert database.sql("SELECT count(*), count(DISTINCT party_affiliation), min(photo_url) LIKE "
                        "'data:image/svg+xml%' FROM candidates") == [["3", "3", "t"]]
    before = database.sql("TABLE voters ORDER BY 1")

    assert generate(*to)["rows_added"] == 0
    assert generate(*to, "--voters", 1200)["rows_added"] == 200
    database.sql("DELETE FROM voters WHERE registered_age < 10")
    assert generate(*to, "--voters", 1200)["rows_added"] > 0
    same = database.sql("TABLE voters ORDER BY 1")
    assert len(same) == 1200 and set(map(tuple, before)) < set(map(tuple, same))


def test_rows_of_others_and_votes_are_left_alone_unless_told(database):  # noqa: F811
    to = ["--postgres", database.conninfo, "--voters", 50]
    generate(*to)
    database.sql("INSERT INTO votes SELECT voter_id, 'x', now() FROM voters LIMIT 7")
    told = generate(*to, check=1)
    assert "rows that seed 1 with 50 voters does not make: candidates 0, voters 0, votes 7" in told
    assert "Nothing was changed; --force removes" in told
    told = generate(*to, "--seed", 2, check=1)
    assert "seed 2 with 50 voters does not make: candidates 3, voters 50, votes 7" in told
    assert database.sql("SELECT count(*) FROM votes") == [["7"]]
    database.sql("DELETE FROM votes; UPDATE voters SET address_state = 'Avon' WHERE voter_id = "
                 "(SELECT min(voter_id) FROM voters)")
    assert "candidates 0, voters 1, votes 0" in generate(*to, check=1)
    told = generate(*to, "--seed", 2, "--force")
    assert (told["rows_added"], told["rows_removed"]) == (53, 53)
    assert database.sql("SELECT count(*) FROM voters WHERE address_state = 'Avon'") == [["0"]]


def test_voters_are_messages_of_the_demos_topic_once(kafka):
    kafka.topic("voters_topic", 3)
    to = ["--kafka", kafka.brokers, "--voters", 120]
    told = generate(*to)
    assert (told["messages_sent"], told["messages_there"], told["rows_added"]) == (120, 0, None)
    messages = kafka.messages("voters_topic", 3, 120)
    voters = {json.loads(value)["voter_id"]: json.loads(value) for _, value, _ in messages}
    assert len(voters) == 120 and {key.decode() for key, _, _ in messages} == set(voters)
    one = next(iter(voters.values()))
    assert list(one) == [name for name in VOTER_COLUMNS if not name.startswith("address_")][:6] + \
        ["address", "email", "phone_number", "cell_number", "picture", "registered_age"]
    assert list(one["address"]) == ["street", "city", "state", "country", "postcode"]
    assert isinstance(one["registered_age"], int) and one["address"]["country"] == "United Kingdom"

    again = generate(*to, "--voters", 150)
    assert (again["messages_sent"], again["messages_there"]) == (30, 120)
    assert len({key for key, _, _ in kafka.messages("voters_topic", 3, 150)}) == 150
    told = generate(*to, "--seed", 2, check=1)
    assert "voters_topic has 150 messages of others than these voters" in told
    assert generate(*to, "--seed", 2, "--force")["messages_sent"] == 120


def test_tables_and_topic_have_the_same_people(database, kafka):  # noqa: F811
    to = ["--postgres", database.conninfo, "--kafka", kafka.brokers, "--voters", 40, "--seed", 7]
    kafka.send("voters_topic", b"somebody", b"{}")
    told = generate(*to, check=1)
    assert "voters_topic has 1 message of others" in told
    assert database.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'voters'") == [["0"]]
    told = generate(*to, "--force")
    assert (told["rows_added"], told["messages_sent"]) == (43, 40)
    sent = [json.loads(value) for _, value, _ in kafka.messages("voters_topic", 4, 41)
            if value != b"{}"]
    flat = {tuple(str((v | {f"address_{k}": t for k, t in v["address"].items()})[name])
                  for name in VOTER_COLUMNS) for v in sent}
    assert flat == set(map(tuple, database.sql(f"SELECT {', '.join(VOTER_COLUMNS)} FROM voters")))
    again = generate(*to, "--force")
    assert (again["rows_added"], again["messages_sent"], again["messages_there"]) == (0, 0, 40)
    done = run_psephos("generate", *to, "--force", check=0)
    assert list(csv.reader(io.StringIO(done.stdout)))[0] == ["3 candidates and 40 voters of seed 7"]


def test_what_cannot_be_reached_is_told(database, tmp_path):  # noqa: F811
    told = generate("--postgres", f"host={tmp_path} dbname=voting", check=1)
    assert "psephos generate: PostgreSQL: connection to server on socket" in told
    told = generate("--postgres", "voting", check=1)
    assert 'PostgreSQL: missing "="' in told
    for options, says in (
            (["--out", tmp_path], "go --voters, --seed and --force"),
            (["--returns", tmp_path], "go --voters, --seed and --force"),
            (["--report-min", 3], "go --voters, --seed and --force"),
            (["--voters", 10000001], "--voters: at most 10000000")):
        assert says in generate("--postgres", database.conninfo, *options, check=2)
    assert "or --postgres or --kafka" in generate(check=2)


def test_no_broker_leaves_the_tables_alone(database):  # noqa: F811
    told = generate("--postgres", database.conninfo, "--kafka", "127.0.0.1:1", check=1)
    assert "Kafka at 127.0.0.1:1, topic voters_topic: nobody answers" in told
    assert database.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'voters'") == [["0"]]
