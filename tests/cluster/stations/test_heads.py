"""The collector's key stops no shard; a shard that lost acknowledged ballots stops itself.

A collector sends a shard the newest state that it holds of it, as the shard signed it.
"""

import json
import os
import shutil
import subprocess
import time

import python_client
from casting import ballot
from harness import BIN, FIXTURES, SLOWER, wait_until

TOWN = FIXTURES / "town.json"
LOST = "acknowledged ballots were lost"


class Collector:
    """Somebody who holds the collector's key."""

    def __init__(self, one):
        self.one = one
        self.pb = python_client.compile_messages("cluster", "ballots")
        self.client = python_client.Client(one.directory, one.directory / "keys/collector-0.key")
        self.sockets = {}
        self.number = 0

    def watch(self, shard, head=None, **members):
        """The partial that answers a Watch; `head` as a tuple of its four members."""
        if shard not in self.sockets:
            peer = self.one.description["shards"][shard]["replicas"][0]
            self.sockets[shard] = self.client.connect(peer)
        self.number += 1
        message = self.pb.ClusterMessage(protocol=2)
        message.watch.watch_id = 1 << 40 | self.number
        message.watch.wait_ms = 100
        for name, value in members.items():
            setattr(message.watch, name, value)
        if head:
            names = ("epoch", "index", "state_hash", "signature")
            for name, value in zip(names, head):
                setattr(message.watch.head, name, value)
        self.sockets[shard].send(message.SerializeToString())
        end = time.monotonic() + 30
        while True:
            left = end - time.monotonic()
            assert left > 0 and self.sockets[shard].poll(int(left * 1000)), "no answer"
            answer = self.pb.ClusterMessage.FromString(self.sockets[shard].recv()).partial
            if answer.watch_id == message.watch.watch_id and answer.part + 1 >= answer.parts:
                return answer


def shard_log(one, shard):
    return (one.directory / "logs" / f"shard-{shard}-0.log").read_text(errors="replace")


def cast(one, path, first, n):
    path.write_text("".join(json.dumps(ballot(f"voter-{first + i}")) + "\n" for i in range(n)))
    assert one.cast(path)["counted"] == n  # returns when the board covers its receipts


def test_whoever_has_the_collectors_key_stops_no_shard(cluster, tmp_path):
    one = cluster(TOWN, shards=2)
    collector = Collector(one)
    before = {shard: one.pids("shard", shard) for shard in range(2)}
    far = 1 << 40
    for shard in range(2):
        true = collector.watch(shard)
        signed = (true.epoch, true.index, true.state_hash, true.signature)
        assert len(true.signature) == 64
        # As it was done: a base that never was. Then heads that the shard did not sign so.
        told = [collector.watch(shard, base_index=far, base_epoch=true.epoch, after_index=far)]
        for head in ((true.epoch, far, true.state_hash, os.urandom(64)),
                     (true.epoch, far, *signed[2:]), (true.epoch, true.index + 1, *signed[2:]),
                     (true.epoch, far, bytes(32), bytes(64))):
            told.append(collector.watch(shard, head))
            time.sleep(0.06)  # each is looked at
        other = collector.watch(1 - shard)
        told.append(collector.watch(shard, (other.epoch, other.index + far, other.state_hash,
                                            other.signature)))
        told.append(collector.watch(shard, signed))  # its own, and not past the log
        assert all(one.index >= true.index for one in told)
        wait_until(lambda: "this shard did not sign that" in shard_log(one, shard), timeout=30,
                   what="a line in the shard's log")
    assert {shard: one.pids("shard", shard) for shard in range(2)} == before
    collector.client.close()
    cast(one, tmp_path / "ballots.ndjson", 0, 40)
    one.recount()


def test_a_lone_replica_that_lost_its_tail_stops_for_its_own_signature(cluster, tmp_path):
    one = cluster(TOWN, shards=1)
    cast(one, tmp_path / "early.ndjson", 0, 20)
    one.down()
    data = one.directory / "data" / "shard-0-0"
    shutil.copytree(data, one.directory / "earlier")
    one.up()
    cast(one, tmp_path / "later.ndjson", 100, 30)
    shown = one.get_json("/api/v1/accounting")["total"]
    assert shown["counted"] == 50
    one.down()
    shutil.rmtree(data)
    (one.directory / "earlier").rename(data)  # as a backup of the disk would be put back
    one.start_collector()
    done = subprocess.run(
        [BIN / "psephos-shard", "--cluster", one.directory / "cluster.json", "--shard", "0",
         "--replica", "0", "--data", data],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60 * SLOWER)
    assert done.returncode == 1 and LOST in done.stderr, done.stderr
    assert "signed by the shard, but its log ends at" in done.stderr
    assert one.get_json("/api/v1/accounting")["total"] == shown
