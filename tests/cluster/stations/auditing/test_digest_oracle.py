"""Who has the operator's key, or a backup, and any station's key learns nobody's choice.

The digest oracle: a ballot under a victim's ID that must be refused gets a receipt; the entry
that it names has the victim's digest; the counted ballot with that digest is the victim's. It
needs the journal: against what leaves a shard it finds nothing. The same attack on the log
itself finds everybody, so the attack is good, and docs/security.md says who can make it still.
"""

import json
import random
import struct

import pytest
import zmq

import journals
from harness import FIXTURES, run_psephos
from python_client import Client, ballot, compile_messages

VOTERS, NO_UNIT = 200, 0xFFFFFFFF
STANDING = 0, 2, 4  # of the choices of mayor, in north-1
log_pb2 = compile_messages("log", "ballots")
cluster_pb2 = compile_messages("cluster", "ballots")


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return number, at


def ballots_of(payload):
    """(digest, unit, choices by contest) of each ballot of an entry, in its order."""
    entry = log_pb2.LogEntry.FromString(payload)
    columns, at = entry.ballots.columns, 0
    for i in range(len(columns.tags) // 8):
        marks = {}
        contests, at = varint(columns.marks, at)
        for _ in range(contests):
            contest, at = varint(columns.marks, at)
            chosen, at = varint(columns.marks, at)
            for _ in range(chosen):
                choice, at = varint(columns.marks, at)
                marks.setdefault(contest, []).append(choice)
        unit, = struct.unpack_from("<I", columns.units, 4 * i)
        yield columns.digests[16 * i:16 * i + 16], unit, marks


@pytest.fixture
def town(cluster, tmp_path):
    """(cluster, what each citizen chose, receipts of a probe under each citizen's ID)."""
    run_psephos("auditor", "keygen", tmp_path / "court.key", check=0)
    one = cluster(FIXTURES / "town.json", up_options=["--auditor-key", tmp_path / "court.key.pub"])
    choices = [choice["id"] for choice in json.loads(one.election.read_text())
               ["contests"][0]["choices"]]
    truth = {f"citizen-{i}-{random.getrandbits(32)}": random.choice(STANDING)
             for i in range(VOTERS)}
    honest = Client(one.directory)
    got = honest.cast([ballot(voter, "north-1", "booth", {"mayor": [choices[chosen]]})
                       for voter, chosen in truth.items()])
    assert all(receipt.verdict == "counted" for receipt in got)
    honest.close()
    one.call("client", "add", "g1", check=0)
    attacker = Client(one.directory, one.directory / "clients/g1.key")
    probes = attacker.cast([ballot(voter, "no-such-unit", "booth", {}) for voter in truth])
    attacker.close()
    return one, truth, probes


def attack(records, truth, probes):
    """How many voters' choices come out of these (shard, record)s, and come out right."""
    chose, entries = {}, {}
    for shard, record in records:
        if record.type != journals.COMMAND:
            continue
        ballots = list(ballots_of(record.payload))
        entries[shard, record.index] = [digest for digest, unit, _ in ballots if unit == NO_UNIT]
        chose.update({digest: marks for digest, unit, marks in ballots if unit != NO_UNIT})
    found = 0
    for place in {(probe.shard, probe.index) for probe in probes}:
        voters = [voter for voter, probe in zip(truth, probes)
                  if (probe.shard, probe.index) == place]
        for voter, digest in zip(voters, entries.get(place, [])):
            found += chose.get(digest, {}).get(0) == [truth[voter]]
    return found


def of_logs(one):
    return [(shard, record) for shard in range(2)
            for record in journals.of_log(one.directory / f"data/shard-{shard}-0/log")]


def secrets(one):
    """What links a voter to a choice: every digest, and every run of marks beside tags."""
    return {digest for _, record in of_logs(one) if record.type == journals.COMMAND
            for digest, _, _ in ballots_of(record.payload)}


def test_a_backup_tells_no_choice(town, tmp_path):
    one, truth, probes = town
    out = tmp_path / "backup"
    one.call("backup", "--out", out, check=0)
    assert attack(of_logs(one), truth, probes) == VOTERS  # root on the hosts: the attack works
    plain = [(shard, record) for shard in range(2)
             for record in journals.of_log(out / f"shard-{shard}")]
    assert attack(plain, truth, probes) == 0
    digests = secrets(one)
    assert len(digests) >= VOTERS
    for file in filter(lambda path: path.is_file(), out.rglob("*")):
        data = file.read_bytes()
        assert not any(digest in data or digest.hex().encode() in data for digest in digests), file
    opened = [(shard, record) for shard in range(2)
              for record in journals.of_backup(out, shard, tmp_path / "court.key")]
    assert attack(opened, truth, probes) == VOTERS  # an auditor with a probe: docs/security.md


def operators_socket(one, context, replica):
    keys = dict(line.split() for line in
                (one.directory / "keys/operator.key").read_text().splitlines())
    socket = context.socket(zmq.DEALER)
    socket.curve_serverkey = replica["public_key"].encode()
    socket.curve_publickey = keys["public"].encode()
    socket.curve_secretkey = keys["secret"].encode()
    socket.linger = 0
    socket.connect(replica["address"])
    return socket


def test_what_a_shard_sends_the_operator_tells_no_choice(town):
    """Every message that asks for something, by hand: none is answered with a record."""
    one, _, _ = town
    digests = secrets(one)
    with zmq.Context() as context:
        for shard in one.description["shards"]:
            socket = operators_socket(one, context, shard["replicas"][0])
            requests = [cluster_pb2.ClusterMessage(protocol=2) for _ in range(6)]
            requests[0].journal_request.first = 1
            requests[1].seal_request.first = 0
            requests[2].seal_request.first, requests[2].seal_request.last = 1, 3
            requests[3].watch.wait_ms = 1
            requests[4].report_request.request_id = 0
            requests[5].status_request.request_id = 0
            for number, request in enumerate(requests, 1):
                body = getattr(request, request.WhichOneof("body"))
                setattr(body, "watch_id" if number == 4 else "request_id", number)
                socket.send(request.SerializeToString())
            answers = {}
            while len(answers) < len(requests) - 1:  # the first gets none
                assert socket.poll(30000), answers.keys()
                data = socket.recv()
                answer = cluster_pb2.ClusterMessage.FromString(data)
                body = getattr(answer, answer.WhichOneof("body"))
                answers[getattr(body, "watch_id", 0) or getattr(body, "request_id", 0)] = data
                assert not any(digest in data for digest in digests)
            assert 1 not in answers and len(answers[3]) > 4096
            socket.close()
