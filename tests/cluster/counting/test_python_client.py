"""docs/protocol.md is enough to write a client: python_client.py was, and here it casts.

And what a router answers to messages that are not in order.
"""

import collections
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

import pytest
import zmq

import python_client
from harness import BIN, ROOT, SLOWER, wait_until
from python_client import ballot, pb

ID_1 = bytes(range(16))


class Names:
    """A leaf unit of an election with its method and two contests of its ballot style."""

    def __init__(self, election_path):
        election = json.loads(election_path.read_text())
        styles = {style["id"]: style for style in election["ballot_styles"]}
        contests = {contest["id"]: contest for contest in election["contests"]}
        self.method = election["methods"][0]["id"]
        unit = next(unit for unit in election["units"] if unit.get("ballot_styles")
                    and len(styles[unit["ballot_styles"][0]]["contests"]) > 1)
        self.unit = unit["id"]
        here = styles[unit["ballot_styles"][0]]["contests"][0]
        self.contest = here["contest"]
        self.choices = here.get("choices") or [choice["id"] for choice in
                                               contests[self.contest]["choices"]]

    def ballot(self, voter, contests=None, **changes):
        arguments = {"unit": self.unit, "method": self.method,
                     "contests": {self.contest: self.choices[:1]} if contests is None else contests}
        arguments.update(changes)
        return ballot(voter, **arguments)


@pytest.fixture
def one(cluster, import_returns, fixture_file):
    return cluster(import_returns(fixture_file("sparse.csv")), shards=2)


@pytest.fixture
def names(one):
    return Names(one.election)


@pytest.fixture
def connect(request):
    def make(directory, **options):
        client = python_client.Client(directory, timeout_s=2 * SLOWER, **options)
        request.addfinalizer(client.close)
        return client
    return make


@pytest.fixture
def station(connect, one):
    return connect(one.directory)


def verdicts_of(receipts):
    return [receipt.verdict for receipt in receipts]


def refusal(reply):
    assert reply.WhichOneof("body") == "refusal", reply
    return reply.refusal


def books(one, received):
    """The totals, once the board has that many ballots."""
    wait_until(lambda: one.accounting()["total"]["received"] >= received, what="the board")
    return one.accounting()["total"]


def assert_still_counts(client, names, voter):
    assert verdicts_of(client.cast([names.ballot(voter)])) == ["counted"]


def test_the_router_says_which_election_it_counts(one, station):
    welcome = station.hello()
    assert welcome.cluster_id.hex() == one.description["cluster_id"]
    assert welcome.definition_hash.hex() == one.description["definition_hash"]
    assert welcome.election_id == json.loads(one.election.read_text())["id"]
    assert (welcome.batch_rows_max, welcome.message_bytes_max) == (8192, (4 << 20) + (64 << 10))


def test_a_python_station_casts_and_gets_a_receipt_for_every_ballot(one, names, station):
    ballots = [names.ballot(f"wähler {i}", cast_at_ms=1730800000000 + i) for i in range(5000)]
    receipts = station.cast(ballots)
    assert verdicts_of(receipts) == ["counted"] * 5000
    assert {receipt.shard for receipt in receipts} == {0, 1}
    assert all(receipt.index > 0 for receipt in receipts)

    again = station.cast(ballots[:100])
    assert verdicts_of(again) == ["replayed"] * 100
    assert {receipt.first for receipt in again} == {"counted"}

    total = books(one, 5100)
    assert total["counted"] == 5000
    assert total["replayed"] == 100 + station.resent
    assert total["balanced"] is True
    result = one.get_json(f"/api/v1/results?contest={names.contest}&unit={names.unit}")["results"][
        0
    ]
    assert {c["choice"]: c["votes"] for c in result["choices"]}[names.choices[0]] == 5000


def test_a_client_of_0_1_0_is_understood_and_marks_are_no_part_of_a_ballot(one, names, connect):
    old, new = connect(one.directory, features=0), connect(one.directory)
    ballots = [names.ballot(f"v{i}") for i in range(100)]
    assert old.rows(ballots[:1]).features == 0 and new.rows(ballots[:1]).features == 1
    assert verdicts_of(old.cast(ballots)) == ["counted"] * 100
    for again in (new.cast(ballots), new.cast(ballots, resent=True), old.cast(ballots)):
        assert verdicts_of(again) == ["replayed"] * 100
    total = books(one, 400)
    assert total["counted"] == 100
    assert total["replayed"] == 300 + old.resent + new.resent


def test_the_client_on_the_page_works_as_printed(one, names, monkeypatch):
    page = (ROOT / "docs" / "protocol.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    program, _, call = code.rpartition("\nprint(")
    assert call
    monkeypatch.setitem(sys.modules, "client_pb2", pb)
    monkeypatch.chdir(one.directory.parent)  # the cluster is in cluster/, as on the page
    space = {}
    exec(compile(program, "docs/protocol.md", "exec"), space)
    ballots = [space["ballot"](f"voter-{i}", names.unit, names.method,
                               {names.contest: names.choices[:1]}) for i in range(2500)]
    receipts = space["cast"](ballots)
    assert {disposition for disposition, _, _ in receipts} == {1}
    assert {shard for _, shard, _ in receipts} == {0, 1}
    assert books(one, 2500)["counted"] == 2500


def test_every_verdict_is_as_the_page_says(one, names, station):
    first = names.ballot("ann", ballot_id=ID_1)
    assert verdicts_of(station.cast([first])) == ["counted"]
    other_content = names.ballot("ann", contests={}, ballot_id=ID_1)
    cases = [
        (first, "replayed"),
        (other_content, "double_vote"),
        (names.ballot("ann"), "double_vote"),
        (names.ballot("bob", unit="atlantis"), "invalid"),
        (names.ballot("bob", method="pigeon"), "invalid"),
        (names.ballot("bob", contests={"sheriff-of-nottingham": ["robin"]}), "invalid"),
        (names.ballot("bob", contests={"sheriff-of-nottingham": []}), "invalid"),
        (names.ballot("bob", contests={names.contest: ["robin"]}), "invalid"),
        (names.ballot("bob", contests=[(names.contest, names.choices[:1]),
                                       (names.contest, names.choices[1:2])]), "invalid"),
        (names.ballot("bob", contests={names.contest: names.choices[:1] * 2}), "invalid"),
        (names.ballot("bob", contests={names.contest: names.choices[:2]}), "counted"),  # overvoted
        (names.ballot("eve", contests={}), "counted"),                                  # blank
    ]
    for case, wanted in cases:
        assert verdicts_of(station.cast([case])) == [wanted], case
    again = station.cast([cases[3][0]])[0]
    assert (again.verdict, again.first) == ("replayed", "invalid")

    one.call("close", check=0)
    assert verdicts_of(station.cast([names.ballot("late")])) == ["closed"]
    again = station.cast([first])[0]  # what was counted stays counted
    assert (again.verdict, again.first) == ("replayed", "counted")
    total = books(one, len(cases) + 4)
    wanted = collections.Counter(verdict for _, verdict in cases)
    assert total["counted"] == 1 + wanted["counted"]
    assert total["double_vote"] == wanted["double_vote"]
    assert total["invalid"] == wanted["invalid"]
    assert total["closed"] == 1


def test_names_that_are_not_utf8_are_names_nobody_has(names, station):
    request = station.rows([names.ballot("zoe", method="m" * 12)]).SerializeToString()
    reply = station.ask(request.replace(b"m" * 12, b"\xff\xfe" * 6))
    assert reply.verdicts.verdicts == b"\x05"  # invalid
    assert verdicts_of(station.cast([names.ballot(b"\xff\x00\xfe")])) == ["counted"]


def test_what_cannot_be_read_is_refused_and_counting_goes_on(names, station):
    good = names.ballot("gus")
    version = pb.ClientRequest(protocol=9)
    version.hello.SetInParent()
    assert refusal(station.ask(b"\xff\xff\xff")).code == pb.UNDECODABLE
    assert refusal(station.ask(version)).code == pb.UNSUPPORTED_PROTOCOL
    assert refusal(station.ask(pb.ClientRequest(protocol=1))).code == pb.UNDECODABLE

    bad_rows = {
        "voter_id": names.ballot(b""),
        "255": names.ballot(b"x" * 256),
        "ballot_id": names.ballot("hal", ballot_id=bytes(15)),
        "unit": names.ballot("hal", unit=""),
        "method": names.ballot("hal", method=""),
        "1024": names.ballot("hal", contests=[(names.contest, [])] * 1025),
        "256": names.ballot("hal", contests={names.contest: names.choices[:1] * 257}),
    }
    for number, (text, bad) in enumerate(bad_rows.items()):
        answer = refusal(station.ask(station.rows([good, bad], batch_id=100 + number)))
        assert answer.code == pb.UNDECODABLE
        assert answer.batch_id == 100 + number
        assert answer.rows == b""
        assert "row 1" in answer.text and text in answer.text, answer.text
    assert refusal(station.ask(station.rows([]))).code == pb.UNDECODABLE
    assert refusal(station.ask(station.rows([good] * 8193))).code == pb.UNDECODABLE

    other = station.rows([good])
    other.rows.definition_hash = bytes(32)
    assert refusal(station.ask(other)).code == pb.WRONG_ELECTION
    other.rows.definition_hash = b""
    assert refusal(station.ask(other)).code == pb.UNDECODABLE
    assert_still_counts(station, names, "gus")  # nothing of the refused batches was


def test_too_large_a_message_costs_its_sender_the_connection_and_nobody_else(one, names, connect):
    good, bad = connect(one.directory), connect(one.directory)
    bad.hello()
    bad.send(bytes((1 << 24) + 1))
    bad.socket.send_multipart([b"two", b"frames"])
    assert bad.receive(1) is None
    assert_still_counts(good, names, "ida")
    assert_still_counts(connect(one.directory), names, "jan")


def test_a_key_that_is_not_known_gets_no_connection(one, names, station, connect, tmp_path):
    public, secret = zmq.curve_keypair()
    path = tmp_path / "stranger.key"
    path.write_text(f"public {public.decode()}\nsecret {secret.decode()}\n")
    stranger = connect(one.directory, key_path=path)
    with pytest.raises(TimeoutError):
        stranger.send(stranger.rows([names.ballot("kim")]), give_up_s=2)
    assert_still_counts(station, names, "kim")


def test_a_stations_key_opens_no_shard(one, station):
    shard = station.connect(one.description["shards"][0]["replicas"][0])
    assert not shard.poll(2000, zmq.POLLOUT)


def test_an_operators_key_casts_no_ballots(one, names, connect):
    operator = connect(one.directory, key_path=one.directory / "keys" / "operator.key")
    assert refusal(operator.ask(operator.rows([names.ballot("lea")]))).code == pb.NOT_ALLOWED


def test_a_station_is_added_and_revoked_while_the_router_runs(one, names, connect):
    one.call("client", "add", "school", check=0)
    school = connect(one.directory, key_path=one.directory / "clients" / "school.key")
    assert_still_counts(school, names, "max")
    one.call("client", "revoke", "school", check=0)
    time.sleep(2)  # the router looks once a second
    with pytest.raises(TimeoutError):
        school.cast([names.ballot("mia")], give_up_s=2)
    assert_still_counts(connect(one.directory), names, "mia")


def altered_copy(one, directory):
    """The cluster's folder without its data, with another digest key that cluster.json names."""
    directory.mkdir()
    for name in ["cluster.json", "clients.json", "election.json"]:
        shutil.copy(one.directory / name, directory)
    for name in ["keys", "clients"]:
        shutil.copytree(one.directory / name, directory / name)
    key_path = directory / "keys" / "digest.key"
    key_path.write_text("00112233445566778899aabbccddeeff\n")
    os.chmod(key_path, 0o600)
    return directory


def router_of(directory, **options):
    return subprocess.Popen([BIN / "psephos-router", "--cluster", directory / "cluster.json",
                             "--router", "0"], stdin=subprocess.DEVNULL, **options)


def test_a_router_with_another_digest_key_does_not_start(one, tmp_path):
    copy = altered_copy(one, tmp_path / "copy")
    one.kill("router")
    router = router_of(copy, stderr=subprocess.PIPE, text=True)
    _, message = router.communicate(timeout=20 * SLOWER)
    assert router.returncode == 1
    assert "digest" in message and "backup" in message


@pytest.mark.parametrize("what", ["digest key", "slot map"])
def test_a_router_that_disagrees_with_the_shards_counts_nothing(
    one, names, connect, tmp_path, what
):
    copy = altered_copy(one, tmp_path / "copy")
    description = one.description
    if what == "digest key":
        secret = bytes.fromhex((copy / "keys" / "digest.key").read_text())
        description["digest_key_hash"] = hashlib.blake2b(secret, digest_size=32).hexdigest()
    else:
        shutil.copy(one.directory / "keys" / "digest.key", copy / "keys")
        description["shards"][0]["slots"] = [0, 1000]
        description["shards"][1]["slots"] = [1000, 4096]
    (copy / "cluster.json").write_text(json.dumps(description))
    one.kill("router")
    router = router_of(copy)
    try:
        station = connect(copy)
        answer = refusal(station.ask(station.rows([names.ballot("nia")])))
        assert answer.code == pb.CONFIGURATION
        assert "operator" in answer.text
    finally:
        router.terminate()
        assert router.wait(20 * SLOWER) == 0
    one.up()
    assert_still_counts(connect(one.directory), names, "nia")
    assert books(one, 1)["counted"] == 1
