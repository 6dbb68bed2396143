#!/usr/bin/env python3
"""A station in Python, written from docs/protocol.md alone, to test that page.

Needs Debian's python3-zmq, python3-protobuf and protobuf-compiler; the messages are
compiled from proto/client.proto at run time.

    python_client.py DIR FILE.ndjson      casts the ballots of the file into the cluster in DIR
    python_client.py DIR --hello          shows what the router says of itself

A line of the file: {"voter_id", "unit", "method", "cast_at_ms"?, "ballot_id"? (hex),
"style"?, "contests": {id: [choice, ...]}}. Prints one JSON object: how many ballots got each
outcome, and how many were sent again.
"""

import argparse
import collections
import hashlib
import importlib
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq

PROTO = Path(__file__).resolve().parents[3] / "proto"
DISPOSITIONS = {1: "counted", 2: "replayed", 3: "double_vote", 4: "not_eligible", 5: "invalid",
                6: "closed"}

Receipt = collections.namedtuple("Receipt", "verdict first shard index")
NOT_ALLOWED = Receipt("not_allowed", "not_allowed", None, None)  # says nothing of earlier sends
KNOWS_NOT_ALLOWED_ROWS = 1  # a bit of `features`


def compile_messages(name, *needed):
    """NAME_pb2 of NAME.proto, which imports `needed`; made in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={folder}",
                        *(f"{one}.proto" for one in (name, *needed))], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(f"{name}_pb2")
        finally:
            sys.path.remove(folder)


pb = compile_messages("client")


class Refused(Exception):
    """The router refuses this client for good; `code` is a RefusalCode."""

    def __init__(self, code, text):
        super().__init__(f"{pb.RefusalCode.Name(code)}: {text}")
        self.code = code
        self.text = text


class Batch:
    def __init__(self, ballots, deadline):
        self.ballots = ballots  # by row
        self.deadline = deadline


class Client:
    def __init__(self, directory, key_path=None, router=0, timeout_s=2.0,
                 features=KNOWS_NOT_ALLOWED_ROWS):
        directory = Path(directory)
        cluster = json.loads((directory / "cluster.json").read_text())
        election = (directory / cluster["election"]).read_bytes()
        self.definition_hash = hashlib.sha256(election).digest()
        assert self.definition_hash.hex() == cluster["definition_hash"]
        key_path = Path(key_path or directory / "clients" / "local.key")
        keys = dict(line.split() for line in key_path.read_text().splitlines())
        self.timeout_s = timeout_s
        self.features = features  # 0: as a client of 0.1.0
        self.batch_number = random.getrandbits(40)
        self.resent = 0
        self.context = zmq.Context()
        self.keys = keys
        self.router = cluster["routers"][router]
        self.socket = self.connect(self.router)

    def connect(self, peer):
        """A socket to a process of the cluster, as cluster.json describes it."""
        socket = self.context.socket(zmq.DEALER)
        socket.curve_serverkey = peer["public_key"].encode()
        socket.curve_publickey = self.keys["public"].encode()
        socket.curve_secretkey = self.keys["secret"].encode()
        socket.linger = 0
        socket.immediate = 1
        socket.connect(peer["address"])
        return socket

    def close(self):
        self.context.destroy(linger=0)  # with every socket made from it

    def send(self, request, give_up_s=30.0):
        """Sends bytes or a message; waits until there is a connection."""
        data = request if isinstance(request, bytes) else request.SerializeToString()
        end = time.monotonic() + give_up_s
        while not self.socket.poll(1000, zmq.POLLOUT):
            if time.monotonic() > end:
                raise TimeoutError("no router takes the connection: is the key known there?")
            # After a refused handshake libzmq does not try again by itself.
            self.socket.close()
            self.socket = self.connect(self.router)
        self.socket.send(data)

    def receive(self, timeout_s):
        """A ClientReply, or None."""
        if not self.socket.poll(int(timeout_s * 1000)):
            return None
        return pb.ClientReply.FromString(self.socket.recv())

    def ask(self, request, timeout_s=30.0):
        """Sends, and returns the next answer, whatever it is."""
        self.send(request)
        reply = self.receive(timeout_s)
        if reply is None:
            raise TimeoutError("no answer")
        return reply

    def hello(self):
        request = pb.ClientRequest(protocol=1)
        request.hello.SetInParent()
        return self.ask(request).welcome

    def rows(self, ballots, batch_id=None):
        """The request that casts these ballots."""
        if batch_id is None:
            self.batch_number += 1
            batch_id = self.batch_number
        request = pb.ClientRequest(protocol=1, features=self.features)
        request.rows.batch_id = batch_id
        request.rows.definition_hash = self.definition_hash
        request.rows.ballots.extend(ballots)
        return request

    def cast(self, ballots, batch_rows=1000, give_up_s=60.0, resent=False):
        """A receipt for each ballot, in order. Sends again until it has them all.

        `resent`: an earlier run may have sent them.
        """
        return Casting(self, ballots, batch_rows, resent).run(give_up_s)


class Casting:
    """The state of one cast(): which ballots are to be sent, on the way, answered."""

    def __init__(self, client, ballots, batch_rows, resent):
        self.client = client
        self.ballots = ballots
        self.batch_rows = batch_rows
        self.receipts = {}
        self.batches = {}
        self.due = {i: 0.0 for i in range(len(ballots))}  # not on the way: when to send
        self.timeouts = [0] * len(ballots)
        self.pauses = [0] * len(ballots)
        self.sent = [resent] * len(ballots)  # a send before the next one may have arrived

    def run(self, give_up_s):
        end = time.monotonic() + give_up_s
        while len(self.receipts) < len(self.ballots):
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.ballots) - len(self.receipts)} without a verdict")
            self.expire()
            self.send_due()
            reply = self.client.receive(0.05)
            while reply is not None:
                self.take(reply)
                reply = self.client.receive(0)
        return [self.receipts[i] for i in range(len(self.ballots))]

    def send_due(self):
        now = time.monotonic()
        ready = [i for i, at in self.due.items() if at <= now]
        for first in range(0, len(ready), self.batch_rows):
            chosen = ready[first:first + self.batch_rows]
            request = self.client.rows([self.ballots[i] for i in chosen])
            for one, i in zip(request.rows.ballots, chosen):
                one.resent = self.sent[i]
            self.client.send(request)
            wait = max(min(self.client.timeout_s * 2 ** self.timeouts[i], 30) for i in chosen)
            self.batches[request.rows.batch_id] = Batch(chosen, now + wait * random.uniform(1, 1.2))
            for i in chosen:
                del self.due[i]

    def expire(self):
        """No answer means unknown: the same ballots again, in a new batch."""
        now = time.monotonic()
        for batch in self.batches.values():
            if batch.deadline is None or batch.deadline > now:
                continue
            batch.deadline = None  # stays in the table: late answers are valid
            for i in self.open_ballots(batch, range(len(batch.ballots))):
                self.timeouts[i] += 1
                self.sent[i] = True
                self.client.resent += 1
                self.due[i] = now

    def open_ballots(self, batch, rows):
        """Those of the rows that are neither answered nor waiting to be sent already."""
        chosen = [batch.ballots[row] for row in rows]
        return [i for i in chosen if i not in self.receipts and i not in self.due]

    def take(self, reply):
        kind = reply.WhichOneof("body")
        if kind == "verdicts":
            self.take_verdicts(reply.verdicts)
        elif kind == "refusal":
            self.take_refusal(reply.refusal)

    def take_verdicts(self, verdicts):
        batch = self.batches.get(verdicts.batch_id)
        if batch is None:
            return
        rows = [row for row, in struct.iter_unpack("<H", verdicts.rows)]
        assert len(rows) == len(verdicts.verdicts)
        for row, verdict in zip(rows, verdicts.verdicts):
            disposition = verdict & 15
            first = verdict >> 4 if disposition == 2 else disposition
            self.receipts.setdefault(
                batch.ballots[row],
                Receipt(DISPOSITIONS[disposition], DISPOSITIONS[first], verdicts.shard,
                        verdicts.index))
            self.due.pop(batch.ballots[row], None)

    def take_refusal(self, refusal):
        if refusal.code not in (pb.BUSY, pb.UNKNOWN, pb.CONFIGURATION, pb.NOT_ALLOWED_ROWS):
            raise Refused(refusal.code, refusal.text)
        batch = self.batches.get(refusal.batch_id)
        if batch is None or batch.deadline is None:
            return
        rows = [row for row, in struct.iter_unpack("<H", refusal.rows)]
        shortest, longest = (0.02, 2) if refusal.code == pb.BUSY else (0.05, 5)
        for i in self.open_ballots(batch, rows or range(len(batch.ballots))):
            if refusal.code == pb.NOT_ALLOWED_ROWS:  # these end, the others go on
                self.receipts[i] = NOT_ALLOWED
                continue
            self.sent[i] = self.sent[i] or refusal.code != pb.BUSY
            pause = min(shortest * 2 ** self.pauses[i], longest)
            self.pauses[i] += 1
            self.client.resent += refusal.code == pb.UNKNOWN
            self.due[i] = time.monotonic() + pause * random.uniform(1, 1.3)


def ballot(voter_id, unit, method, contests, ballot_id=None, cast_at_ms=0, style=""):
    """A Ballot. `contests`: {contest: [choice, ...]}, or pairs, to name one twice."""
    if isinstance(voter_id, str):
        voter_id = voter_id.encode()
    one = pb.Ballot(voter_id=voter_id, ballot_id=ballot_id or os.urandom(16), unit=unit,
                    method=method, cast_at_ms=cast_at_ms, style=style)
    for contest, choices in contests.items() if isinstance(contests, dict) else contests:
        one.marks.add(contest=contest, choices=choices)
    return one


def ballot_of_line(line):
    one = json.loads(line)
    ballot_id = bytes.fromhex(one["ballot_id"]) if "ballot_id" in one else None
    return ballot(one["voter_id"], one["unit"], one["method"], one.get("contests", {}), ballot_id,
                  one.get("cast_at_ms", 0), one.get("style", ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", help="the cluster's folder")
    parser.add_argument("file", nargs="?", help="ballots, one JSON object a line")
    parser.add_argument("--hello", action="store_true", help="show what the router says of itself")
    parser.add_argument("--key", help="key file (DIR/clients/local.key)")
    options = parser.parse_args()
    if options.hello == bool(options.file):
        parser.error("give either a file or --hello")
    client = Client(options.directory, options.key)
    try:
        if options.hello:
            welcome = client.hello()
            print(json.dumps({"cluster_id": welcome.cluster_id.hex(),
                              "definition_hash": welcome.definition_hash.hex(),
                              "election_id": welcome.election_id,
                              "batch_rows_max": welcome.batch_rows_max,
                              "message_bytes_max": welcome.message_bytes_max}))
            return 0
        with open(options.file, encoding="utf-8") as lines:
            ballots = [ballot_of_line(line) for line in lines if line.strip()]
        receipts = client.cast(ballots)
        counts = collections.Counter(receipt.first for receipt in receipts)
        print(json.dumps({"cast": len(ballots), **{name: counts[name] for name in
                                                   DISPOSITIONS.values() if name != "replayed"},
                          "not_allowed": counts["not_allowed"], "resent": client.resent}))
        return 0
    except (Refused, TimeoutError) as error:
        print(f"python_client: {error}", file=sys.stderr)
        return 1
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main())
