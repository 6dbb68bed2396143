"""A ballot's ID follows from what is cast and from a secret: cast again, nothing counts twice, and
nobody without the secret can ask whether a guessed ballot was cast."""

import hashlib
import json
import os
import shutil

import pytest

import python_client
from harness import FIXTURES, run_psephos
from test_round_trip import assert_replayed

TOWN = FIXTURES / "town.json"
BALLOTS = 5


def line_of(voter, **more):
    return json.dumps({"voter_id": voter, "unit": "north-1", "method": "booth",
                       "contests": {}, **more})


LINES = [line_of(f"v{i}") for i in range(BALLOTS)]
TEXT = "".join(line + "\n" for line in LINES)


@pytest.fixture
def one(cluster):
    return cluster(TOWN, shards=1)


@pytest.fixture
def elsewhere(one, tmp_path):
    """What a station on another machine has of the cluster: (cluster.json, its key)."""
    one.call("client", "add", "school", check=0)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("cluster.json", "election.json", "clients/school.key", "clients/school.key.ids"):
        shutil.copy(one.directory / name, folder)
    return folder / "cluster.json", folder / "school.key"


@pytest.fixture
def station(one, request):
    client = python_client.Client(one.directory)
    request.addfinalizer(client.close)
    return client


def cast(one, text=TEXT):
    """What `cast --dir` says it counted."""
    return json.loads(one.call("cast", "--json", "-", stdin=text, check=0).stdout)


def cast_by(station, text=TEXT, check=0):
    return run_psephos("cast", "--json", "--cluster", station[0], "--key", station[1], "-",
                       stdin=text, check=check)


def books_of(one):
    total = one.accounting()["total"]
    return {name: total[name] for name in ("received", "counted", "replayed", "double_vote")}


def sent_by_hand(station, line, ballot_id):
    """The disposition of the line's ballot, sent under this ID."""
    one = json.loads(line)
    ballot = python_client.ballot(one["voter_id"], one["unit"], one["method"], {}, ballot_id)
    return station.cast([ballot])[0].verdict


def test_the_same_file_again_counts_nothing_twice(one):
    first, again = (cast(one) for _ in range(2))
    assert first["counted"] == BALLOTS
    assert_replayed(again, BALLOTS)
    assert books_of(one)["counted"] == BALLOTS and books_of(one)["double_vote"] == 0


def test_equal_lines_are_one_ballot(one):
    summary = cast(one, TEXT + LINES[0] + "\n")
    assert summary["counted"] + summary["replayed"] == BALLOTS + 1
    assert books_of(one) == {"received": BALLOTS + 1, "counted": BALLOTS, "replayed": 1,
                             "double_vote": 0}


def test_the_same_file_under_another_secret_is_other_ballots(one, elsewhere):
    assert cast(one)["counted"] == BALLOTS
    assert json.loads(cast_by(elsewhere, check=1).stdout)["double_vote"] == BALLOTS


def test_returns_under_another_secret_are_other_ballots(cluster, import_returns, fixture_file):
    returns = fixture_file("sparse.csv")
    one = cluster(import_returns(returns), shards=1)
    counted = one.cast("--returns", returns)["counted"]
    assert counted > 0
    assert_replayed(one.cast("--returns", returns), counted)
    one.call("client", "add", "school", check=0)
    elsewhere = one.directory / "cluster.json", one.directory / "clients/school.key"
    done = run_psephos("cast", "--json", "--cluster", elsewhere[0], "--key", elsewhere[1],
                       "--returns", returns, check=1)
    assert json.loads(done.stdout)["double_vote"] == counted


def test_a_guess_is_confirmed_only_to_who_has_the_secret(one, station):
    assert cast(one)["counted"] == BALLOTS
    guess = LINES[0].encode()
    secret = bytes.fromhex((one.directory / "keys/ballot-ids.key").read_text())
    for known in (b"", bytes(32), b"psephos line id".ljust(16, b"\0")):
        guessed = hashlib.blake2b(guess, digest_size=16, key=known, person=b"psephos line").digest()
        assert sent_by_hand(station, LINES[0], guessed) == "double_vote"
    derived = hashlib.blake2b(guess, digest_size=16, key=secret, person=b"psephos line").digest()
    assert sent_by_hand(station, LINES[0], derived) == "replayed"


def test_a_line_that_brings_its_own_id_keeps_it(one, station):
    line = line_of("v9", ballot_id="00112233-4455-6677-8899-aabbccddeeff")
    assert cast(one, line)["counted"] == 1
    sent = sent_by_hand(station, line, bytes.fromhex("00112233445566778899aabbccddeeff"))
    assert sent == "replayed"


def test_without_the_folders_secret_nothing_is_cast_and_none_is_made(one):
    secret = one.directory / "keys/ballot-ids.key"
    secret.rename(one.directory / "elsewhere")
    done = one.call("cast", "-", stdin=TEXT, check=1)
    assert f"{secret} is missing: put it back from a copy of the folder" in done.stderr
    one.up() # starts what does not run, and makes no secret either
    assert not secret.exists()
    assert books_of(one)["received"] == 0


def test_without_the_keys_secret_nothing_is_cast_and_none_is_made(one, elsewhere):
    secret = elsewhere[1].with_name("school.key.ids")
    secret.unlink()
    assert f"{secret} is missing: it belongs beside the key" in cast_by(elsewhere, check=1).stderr
    assert not secret.exists()
    assert books_of(one)["received"] == 0


@pytest.mark.parametrize("spoil, words", [
    (lambda key: key.unlink(), "{key} is missing: it is the station's secret key"),
    (lambda key: (key.unlink(), key.with_name("school.key.ids").unlink()), "{key} is missing: "),
    (lambda key: os.chmod(key, 0o644), "{key}: not allowed: a key file must have mode 0600"),
    (lambda key: key.write_text("0123\n"), "{key} holds no key of a station"),
    (lambda key: public_instead(key), "{key} holds the public half of a key; a station casts with"),
    (lambda key: (public_instead(key), os.chmod(key, 0o600)), "{key} holds the public half"),
])
def test_a_key_that_cannot_be_used_is_named_itself(one, elsewhere, spoil, words):
    spoil(elsewhere[1])
    assert words.format(key=elsewhere[1]) in cast_by(elsewhere, check=1).stderr
    assert books_of(one)["received"] == 0


def public_instead(key):
    """Puts the public half where the secret one belongs."""
    half = key.read_text().splitlines()[0].partition(" ")[2]
    key.unlink()
    key.write_text(half + "\n")


@pytest.mark.parametrize("spoil, words", [
    (lambda path: os.chmod(path, 0o644), "mode 0600"),
    (lambda path: path.write_text("0123\n"), "not one line of 64 hex digits"),
])
def test_a_secret_that_others_read_or_that_is_cut_is_refused(one, spoil, words):
    spoil(one.directory / "keys/ballot-ids.key")
    assert words in one.call("cast", "-", stdin=TEXT, check=1).stderr
    assert books_of(one)["received"] == 0


def test_the_local_station_casts_the_same_ballots_by_folder_and_by_key(one):
    assert cast(one)["counted"] == BALLOTS
    local = one.directory / "cluster.json", one.directory / "clients/local.key"
    assert_replayed(json.loads(cast_by(local).stdout), BALLOTS)
    assert books_of(one)["double_vote"] == 0


def test_a_station_added_again_casts_the_same_ballots(one, elsewhere):
    secret = one.directory / "clients/school.key.ids"
    before = secret.read_text()
    assert secret.stat().st_mode & 0o777 == 0o600
    one.call("client", "revoke", "school", check=0)
    one.call("client", "add", "school", check=0)
    assert secret.read_text() == before
