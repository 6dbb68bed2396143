"""Everything that leaves a cluster, as (where, text): answers, streams, output, logs, files.

`answers` asks what openapi.json of the collector lists, and fails when that has a path or a
parameter that nobody taught it to ask.
"""

import http.client
import itertools
import json
import re
import threading
import time
import urllib.parse

import python_client
from telling import METHODS

ID_OF = {"/api/v1/candidates/{id}": ["ann", "cy"], "/api/v1/units/{id}": ["us", "a", "a1", "b3"],
         "/api/v1/candidates/{id}/photo": ["ann"]}
UNITS = [None, "a", "a2"]
STREAM = "/api/v1/stream"
VALUES = {  # parameter -> what to ask for
    "contest": [None, "mayor"], "unit": UNITS, "parent": UNITS,
    "level": [None, "county", "leaf"],
    "method": [None, METHODS[1]], "by": [None, "method"], "choice": [None, "ann"],
    "q": [None], "cursor": [None], "limit": [None], "Last-Event-ID": [None],
    "lang": [None], "group": [None], "standing": [None, "1"], "choices": [None],
    "spreadsheet": [None, "1"],
    "sort": [None, "ballots", "turnout", "votes:ann"], "order": [None, "asc"],
    "version": [None], "since": [None], "wait": [None], "kind": [None, "turnout"],
}
SORTED = {"contest": "mayor", "level": "leaf", "order": 0, "sort": 0}  # the lists to sort
NEEDS = {"/api/v1/leaders": "contest", "/api/v1/series": "contest"}

# Numbers that move by themselves and count nothing of the election.
MOVING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\dZ]*"
    r"|\"(?:age_ms|pid|wall_ms)\": ?\d+"
    r"|\b[0-9a-f]+-[0-9a-f]{16}-[0-9a-f]{16}\b(?:\.\d)?"  # version.id
    r"|\"number\": ?\d+, ?\"cluster\""
    r"|^Content-Length: .*$|\b\d+ ms\b"
    r"|^psephos_(?:http|stream|changes|partial|publishes|board_commit)\w*(?:\{[^}]*\})? .*$"
    r"|^(?:process|go)_.*$", re.M)
NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
GROUPED = re.compile(r"\b\d{1,3}(?:,\d{3})+\b")


def numbers(text):
    """Every whole number in it."""
    return set(map(int, NUMBER.findall(MOVING.sub(" ", text))))


def questions(path, names):
    """The queries to ask of a path that has parameters of these names."""
    unknown = set(names) - set(VALUES) - {"id"}
    assert not unknown, f"{path}: teach leaving.py to ask with {unknown}"
    names = [name for name in names if name != "id"]
    for values in itertools.product(*(VALUES[name] for name in names)):
        query = {name: value for name, value in zip(names, values) if value}
        sort = query.get("sort")
        if sort and {**query, "order": 0, "sort": 0} != SORTED:
            continue
        if "order" in query and not sort or NEEDS.get(path, "contest") not in (*query, "contest"):
            continue
        yield query


class Asker:
    """One connection that stays open."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)

    def get(self, target, headers=None):
        self.connection.request("GET", target, headers=headers or {})
        answer = self.connection.getresponse()
        head = "".join(f"{name}: {value}\n" for name, value in answer.getheaders())
        return answer.status, f"{head}\n{answer.read().decode(errors='replace')}"

    def first_event(self, target):
        self.connection.request("GET", target)
        answer = self.connection.getresponse()
        lines = []
        while not (lines and lines[-1] == b"\n" and any(x.startswith(b"data:") for x in lines)):
            lines.append(answer.readline())
        self.connection.close()
        return b"".join(lines).decode()


def answers(one):
    """(where, text) of every path, with every parameter, of both addresses."""
    for address in (one.api, one.api_local):
        asker = Asker(address)
        paths = json.loads(asker.get("/openapi.json")[1].partition("\n\n")[2])
        for path, item in paths["paths"].items():
            yield from answers_of_path(asker, paths, path, item["get"])
        yield "/", asker.get("/")[1]


def answers_of_path(asker, document, path, operation):
    names = [name_of(document, one) for one in operation.get("parameters", [])]
    for query in questions(path, [name for name in names if name != "If-None-Match"]):
        for chosen in ID_OF[path] if "{id}" in path else [""]:
            target = path.replace("{id}", chosen)
            if query:
                target += "?" + urllib.parse.urlencode(query)
            if path == STREAM:
                if asker.get("/api/v1/shards")[0] == 200:
                    yield target, asker.first_event(target)
            else:
                yield target, asker.get(target)[1]
    if path in ("/api/v1/results", "/api/v1/turnout"):
        yield path + " as CSV", asker.get(path + "?level=leaf", {"Accept": "text/csv"})[1]


def name_of(document, parameter):
    if "$ref" in parameter:
        parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
    return parameter["name"]


COMMANDS = [
    *(["results", "--format", form] for form in ("table", "json", "csv", "openelections")),
    *(["results", "--level", level, "--format", form]
      for level in ("county", "precinct") for form in ("table", "csv")),
    *([call, *form] for call in ("accounting", "status", "zero", "stations", "recount")
      for form in ([], ["--json"])),
    ["client", "list"],
]


def outputs(one):
    """(where, text) of what the command prints; its exit code is not asked for."""
    for words in COMMANDS:
        done = one.call(*words)
        text = done.stdout + "\n" + done.stderr
        yield "psephos " + " ".join(words), GROUPED.sub(lambda one: one[0].replace(",", ""), text)


def files(one):
    """(path, bytes) of every file but the shards' data."""
    for path in sorted(one.directory.rglob("*")):
        relative = path.relative_to(one.directory)
        if path.is_file() and not str(relative).startswith("data/shard-"):
            yield str(relative), path.read_bytes()


class Listener(threading.Thread):
    """Keeps what the event stream says of a contest, through restarts of the collector."""

    def __init__(self, one):
        super().__init__(daemon=True)
        self.api = one.api
        self.lines = []
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                asker = Asker(self.api)
                asker.connection.request("GET", STREAM + "?contest=mayor")
                for line in asker.connection.getresponse():
                    self.lines.append(line.decode(errors="replace"))
                    if self.is_over:
                        return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    def votes(self):
        """Each result that came, as the votes of its choices; None where they were held."""
        events = (line.removeprefix("data: ") for line in self.lines
                  if line.startswith("data: ") and line.endswith("}\n"))
        results = (json.loads(event).get("result") for event in events)
        return [result["choices"] and tuple(one["votes"] for one in result["choices"])
                for result in results if result]


class Operator:
    """A holder of the operator's key, who asks and tells shards one by one."""

    REPORT = 6  # Operation of cluster.proto

    def __init__(self, one):
        self.one = one
        self.pb = python_client.compile_messages("cluster", "ballots")
        self.client = python_client.Client(one.directory, one.directory / "keys" / "operator.key")

    def ask(self, shard, message):
        """What shard 0's replica 0 answers, as bytes."""
        socket = self.client.connect(self.one.description["shards"][shard]["replicas"][0])
        message.protocol = 2
        socket.send(message.SerializeToString())
        assert socket.poll(10_000), f"shard {shard} does not answer"
        return socket.recv()

    def partial(self, shard):
        """The bytes of all that a shard tells those who watch it."""
        message = self.pb.ClusterMessage()
        message.watch.watch_id = 1
        return self.ask(shard, message)

    def tell(self, shard, number, leaves, final=2):
        """A report, told to one shard alone: 1 final, 2 not."""
        gaps = bytes([leaves[0], *(b - a - 1 for a, b in zip(leaves, leaves[1:]))])
        message = self.pb.ClusterMessage()
        message.operate.request_id = 1
        message.operate.operation = self.REPORT
        message.operate.report = bytes([8, number, 18, len(gaps)]) + gaps + bytes([24, final])
        answer = self.pb.ClusterMessage.FromString(self.ask(shard, message)).operated
        assert answer.status == 0, answer


def partials(one):
    """(where, bytes) of what each shard tells whoever watches it."""
    operator = Operator(one)
    for shard in range(one.shards):
        if one.pids("shard", shard):
            yield f"partial of shard {shard}", operator.partial(shard)
    operator.client.close()
