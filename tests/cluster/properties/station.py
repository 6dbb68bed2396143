"""A station written from docs/protocol.md and proto/client.proto alone.

It shares no line with the other clients. It can be told to lose the answers that come, and it
keeps every answer of a ballot, not the first one only, so that they can be compared.
"""

import hashlib
import importlib
import json
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq

NAMES = {1: "counted", 2: "replayed", 3: "double_vote", 4: "not_eligible", 5: "invalid",
         6: "closed"}


def messages():
    """The module that protoc makes of client.proto."""
    proto = Path(__file__).resolve().parents[3] / "proto"
    with tempfile.TemporaryDirectory(prefix="psephos-station-") as folder:
        subprocess.run(["protoc", f"-I{proto}", f"--python_out={folder}", "client.proto"],
                       check=True)
        sys.path.append(folder)
        try:
            return importlib.import_module("client_pb2")
        finally:
            sys.path.remove(folder)


pb = messages()


class Sending:
    """A ballot that was sent: how often, when again, and what came back."""

    def __init__(self, ballot):
        self.ballot = ballot
        self.sends = 0
        self.due = None  # monotonic seconds; None: answered
        self.answers = []  # (verdict, first, shard, index), in the order they came


class Station:
    def __init__(self, directory, key=None):
        directory = Path(directory)
        cluster = json.loads((directory / "cluster.json").read_text())
        self.hash = hashlib.sha256((directory / cluster["election"]).read_bytes()).digest()
        key = Path(key or directory / "clients" / "local.key")
        self.key = dict(line.split() for line in key.read_text().splitlines())
        self.router = cluster["routers"][0]
        self.batches = {}  # batch_id -> its sendings, by row
        self.sendings = []
        self.number = random.SystemRandom().getrandbits(48)
        self.deaf_until = 0.0
        self.socket = None
        self.connect()

    def connect(self):
        """A new connection; what the old one would have brought is lost."""
        if self.socket is not None:
            self.socket.close(linger=0)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.curve_serverkey = self.router["public_key"].encode()
        self.socket.curve_publickey = self.key["public"].encode()
        self.socket.curve_secretkey = self.key["secret"].encode()
        self.socket.linger = 0
        self.socket.immediate = 1
        self.socket.connect(self.router["address"])

    def post(self, data):
        """Sends bytes as they are; connects anew where nothing takes them."""
        for _ in range(120):
            if self.socket.poll(500, zmq.POLLOUT):
                return self.socket.send(data)
            self.connect()
        raise TimeoutError("no router takes the connection")

    def request(self, sendings, protocol=1, definition_hash=None):
        """The bytes of a batch of rows, and its number."""
        self.number += 1
        one = pb.ClientRequest(protocol=protocol, features=1)
        one.rows.batch_id = self.number
        one.rows.definition_hash = definition_hash or self.hash
        for sending in sendings:
            one.rows.ballots.add().CopyFrom(sending.ballot)
            one.rows.ballots[-1].resent = sending.sends > 0
        return one.SerializeToString()

    def send(self, sendings):
        """One batch, now. A sending may be sent again while it is on the way, or answered."""
        data = self.request(sendings)
        self.batches[self.number] = list(sendings)
        self.post(data)
        for sending in sendings:
            if sending not in self.sendings:
                self.sendings.append(sending)
            sending.sends += 1
            sending.due = time.monotonic() + min(2 * 2 ** min(sending.sends - 1, 4), 30)

    def lose_answers(self, seconds):
        self.deaf_until = time.monotonic() + seconds

    def settle(self, seconds=60):
        """Sends again, as the page says, until every ballot has the verdict of its last send."""
        end = time.monotonic() + seconds
        while any(one.due is not None for one in self.sendings):
            now = time.monotonic()
            assert now < end, "ballots without a verdict"
            late = [one for one in self.sendings if one.due is not None and one.due <= now]
            for first in range(0, len(late), 500):
                self.send(late[first:first + 500])
            if self.socket.poll(20):
                data = self.socket.recv()
                if time.monotonic() >= self.deaf_until:
                    self.take(pb.ClientReply.FromString(data))

    def take(self, reply):
        kind = reply.WhichOneof("body")
        body = getattr(reply, kind)
        batch = self.batches.get(body.batch_id)
        if batch is None or kind == "welcome":
            return
        rows = [row for row, in struct.iter_unpack("<H", body.rows)] or range(len(batch))
        if kind == "verdicts":
            for row, byte in zip(rows, body.verdicts, strict=True):
                first = byte >> 4 if byte & 15 == 2 else byte & 15
                batch[row].answers.append((NAMES[byte & 15], NAMES[first], body.shard, body.index))
                batch[row].due = None
            return
        assert body.code in (pb.BUSY, pb.UNKNOWN, pb.CONFIGURATION), body
        for row in rows:
            if batch[row].due is not None:
                batch[row].due = time.monotonic() + random.uniform(0.05, 0.4)

    def refusal(self, data):
        """What a message that is refused as a whole is answered with: its code's name."""
        self.post(data)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.socket.poll(1000):
                reply = pb.ClientReply.FromString(self.socket.recv())
                if reply.WhichOneof("body") == "refusal" and reply.refusal.batch_id in (
                        0, self.number):
                    return pb.RefusalCode.Name(reply.refusal.code)
                self.take(reply)
        raise TimeoutError("no answer to a message that is refused")
