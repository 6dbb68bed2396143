"""What stations send, as bytes, well-formed and otherwise; sockets; a stranger's first bytes."""

import hashlib
import json
import os
import socket
import struct
import sys
from pathlib import Path

import zmq

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "counting"))
from python_client import DISPOSITIONS, pb  # noqa: E402, F401

INGEST_BYTES_MAX = (4 << 20) + (64 << 10)
ROWS_MAX = 8192
GREETING = b"\xff" + b"\0" * 7 + b"\x01\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" * 32


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


class Target:
    """A cluster's folder, as one station sees it."""

    def __init__(self, directory, key=None):
        self.directory = Path(directory)
        self.cluster = json.loads((self.directory / "cluster.json").read_text())
        election = (self.directory / self.cluster["election"]).read_bytes()
        self.definition_hash = hashlib.sha256(election).digest()
        units = json.loads(election)["units"]
        parents = {unit.get("parent") for unit in units}
        self.leaves = [(at, unit["id"]) for at, unit in enumerate(units)
                       if unit["id"] not in parents]
        self.method = json.loads(election)["methods"][0]["id"]
        self.key_path = self.directory / "clients" / f"{key}.key" if key else None
        self.context = zmq.Context.instance()

    def address(self, role="router"):
        """(host, port) of the first process of the role."""
        if role == "shard":
            at = self.cluster["shards"][0]["replicas"][0]["address"]
        else:
            at = self.cluster[f"{role}s"][0]["address"]
        host, _, port = at.removeprefix("tcp://").rpartition(":")
        return host, int(port)

    @property
    def keys(self):
        return dict(line.split() for line in self.key_path.read_text().splitlines())

    def connect(self, **options):
        """A DEALER of the station to the first router."""
        keys, router = self.keys, self.cluster["routers"][0]
        made = self.context.socket(zmq.DEALER)
        made.linger = 0
        made.curve_serverkey = router["public_key"].encode()
        made.curve_publickey = keys["public"].encode()
        made.curve_secretkey = keys["secret"].encode()
        for name, value in options.items():
            setattr(made, name, value)
        made.connect(router["address"])
        return made

    def row(self, voter, ballot_id=None, batch_id=1):
        """A request of one blank ballot."""
        request = pb.ClientRequest(protocol=1, features=1)
        request.rows.batch_id = batch_id
        request.rows.definition_hash = self.definition_hash
        request.rows.ballots.add(voter_id=voter.encode(), ballot_id=ballot_id or os.urandom(16),
                                 unit=self.leaves[0][1], method=self.method)
        return request

    def columns(self, voters, batch_id=1, unit=None, ballot_ids=None):
        """A request of blank ballots as columns; `unit`: a position, else the first leaf's."""
        n = len(voters)
        unit = self.leaves[0][0] if unit is None else unit
        request = pb.ClientRequest(protocol=1, features=1)
        body = request.columns
        body.batch_id = batch_id
        body.definition_hash = self.definition_hash
        body.n = n
        body.voter_lengths = bytes(map(len, voters))
        body.voter_ids = b"".join(voters)
        body.ballot_ids = ballot_ids or os.urandom(16 * n)
        body.units = struct.pack("<I", unit) * n
        body.methods = bytes(n)
        body.cast_at_ms = bytes(8 * n)
        body.marks = bytes(n)
        return request

    def bomb(self, kind, size=INGEST_BYTES_MAX - 1024):
        """Large messages that are refused: of two million empty things, or of rubbish."""
        head = b"\x08\x01"
        batch = b"\x08\x07" + field(2, self.definition_hash)
        if kind == "ballots":
            return head + field(3, batch + b"\x1a\0" * (size // 2))
        if kind == "marks":
            return head + field(3, batch + field(3, b"\x32\0" * (size // 2)))
        if kind == "fields":
            return head + b"\x7a\0" * (size // 2)
        if kind == "zeros":
            return bytes(size)
        assert kind == "costly", kind
        mark = field(6, field(1, b"c") + field(2, b"x") * 200)
        ballot = field(1, b"v") + field(2, bytes(16)) + field(3, b"u") + field(4, b"m") + mark * 25
        return head + field(3, batch + field(3, ballot) * 26 + field(3, b""))


def answer(reply):
    """(what kind, batch ID, rows) of a reply's bytes."""
    message = pb.ClientReply.FromString(reply)
    body = message.WhichOneof("body")
    if body == "verdicts":
        return body, message.verdicts.batch_id, len(message.verdicts.verdicts)
    if body == "refusal":
        name = pb.RefusalCode.Name(message.refusal.code)
        return name, message.refusal.batch_id, len(message.refusal.rows) // 2
    return body, 0, 0


def stranger(address, kind):
    """A plain connection that has said something, and has no key."""
    made = socket.create_connection(address, 3)
    made.settimeout(3)
    first = {"silent": b"", "greeting": GREETING, "rubbish": os.urandom(200),
             "hello": GREETING + bytes([4, 200]) + b"\x05HELLO\x01\0" + os.urandom(192),
             "frame": GREETING + b"\x06" + struct.pack(">Q", 4 << 20)}[kind]
    made.sendall(first)
    return made
