"""What lies in the shards of reports: the last one's bytes, and all that were taken, from the
logs."""

import collections

import journals
import python_client
from harness import SLOWER

Taken = collections.namedtuple("Taken", "number leaves final again")
FINAL = {1: "yes", 2: "no", 3: "unchanged"}


class Shards:
    """Asks the shards of a cluster (of one replica each) with the operator's key."""

    def __init__(self, one):
        self.one = one
        self.pb = python_client.compile_messages("cluster", "ballots")
        self.log = python_client.compile_messages("log", "ballots")
        self.client = python_client.Client(one.directory,
                                           one.directory / "keys" / "operator.key")
        self.sockets = {}
        self.id = 0

    def ask(self, shard, name, **fields):
        """The answer to a request; the socket stays open, for what comes next must be quick."""
        if shard not in self.sockets:
            self.sockets[shard] = self.client.connect(
                self.one.description["shards"][shard]["replicas"][0])
        self.id += 1
        ask = self.pb.ClusterMessage(protocol=2)
        ask_body = getattr(ask, name)
        ask_body.request_id = self.id
        for field, value in fields.items():
            setattr(ask_body, field, value)
        self.sockets[shard].send(ask.SerializeToString())
        while True:
            assert self.sockets[shard].poll(10_000 * SLOWER), f"shard {shard} does not answer"
            answer = self.pb.ClusterMessage.FromString(self.sockets[shard].recv())
            body = getattr(answer, answer.WhichOneof("body"))
            if body.request_id == self.id:
                return body

    def held(self, shard):
        """The bytes of its last report."""
        return self.ask(shard, "report_request").report

    def tell(self, shard, report):
        """This report to this shard alone, as a call does that ends in the middle."""
        leaves, position = bytearray(), 0
        for leaf in report.leaves:
            leaves.append(leaf - position)
            position = leaf + 1
        data = bytes([0x08, report.number, 0x12, len(leaves), *leaves, 0x18,
                      {word: number for number, word in FINAL.items()}[report.final]])
        answer = self.ask(shard, "operate", operation=self.pb.REPORT, report=data)
        assert answer.status == 0, answer.text

    def epoch(self, shard):
        return self.ask(shard, "report_request").epoch

    def entries(self, shard):
        """Everything in its log that is an entry; on its host, since it tells nobody."""
        for record in journals.of_log(self.one.directory / f"data/shard-{shard}-0/log"):
            if record.type == journals.COMMAND:
                yield self.log.LogEntry.FromString(record.payload)

    def taken(self, shard):
        """The reports it took, in order: those with a number above all before."""
        found = []
        for entry in self.entries(shard):
            if entry.WhichOneof("body") != "report":
                continue
            report = entry.report
            if not found or report.number > found[-1].number:
                found.append(Taken(report.number, tuple(leaves_of(report.leaves)),
                                   FINAL[report.final], report.again))
        return found

    def one_history(self):
        """The reports that all shards took, which are the same, to the last byte of the last."""
        shards = range(self.one.shards)
        histories = [self.taken(shard) for shard in shards]
        assert all(history == histories[0] for history in histories), histories
        assert len({self.held(shard) for shard in shards}) == 1
        return histories[0]


def leaves_of(data):
    """Positions, from the gaps between them (each below 128 here)."""
    position = 0
    for gap in data:
        yield position + gap
        position += gap + 1
