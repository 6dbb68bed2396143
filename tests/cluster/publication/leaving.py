"""Everything that leaves a cluster, as (where, text): answers, streams, output, logs, files.

`answers` asks what openapi.json of the collector lists, and fails when that has a path or a
parameter that nobody taught it to ask.
"""

import http.client
import itertools
import json
import re
import threading
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
    "sort": [None, "ballots", "turnout", "votes:ann"], "order": [None, "asc"],
}
NEEDS = {"/api/v1/leaders": "contest", "/api/v1/series": "contest"}

# Numbers that move by themselves and count nothing of the election.
MOVING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\dZ]*"
    r"|\"(?:age_ms|pid|wall_ms)\": ?\d+"
    r"|^Content-Length: .*$"
    r"|^psephos_(?:http|stream|partial|publishes|board_commit)\w*(?:\{[^}]*\})? .*$"
    r"|^(?:process|go)_.*$", re.M)
NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
GROUPED = re.compile(r"\b\d{1,3}(?:,\d{3})+\b")


def numbers(text):
    """Every whole number in it, also written with commas."""
    text = MOVING.sub(" ", text)
    found = set(map(int, NUMBER.findall(text)))
    return found | {int(one.replace(",", "")) for one in GROUPED.findall(text)}


def questions(path, names):
    """The queries to ask of a path that has parameters of these names."""
    unknown = set(names) - set(VALUES) - {"id"}
    assert not unknown, f"{path}: teach leaving.py to ask with {unknown}"
    names = [name for name in names if name != "id"]
    for values in itertools.product(*(VALUES[name] for name in names)):
        query = {name: value for name, value in zip(names, values) if value}
        sort = query.get("sort")
        if sort and (query.get("contest") != "mayor" or "unit" in query):
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
    *([call, *form] for call in ("accounting", "status", "zero", "stations")
      for form in ([], ["--json"])),
    ["client", "list"],
]


def outputs(one):
    """(where, text) of what the command prints; its exit code is not asked for."""
    for words in COMMANDS:
        done = one.call(*words)
        yield "psephos " + " ".join(words), done.stdout + "\n" + done.stderr


def files(one):
    """(path, bytes) of every file but the shards' data."""
    for path in sorted(one.directory.rglob("*")):
        relative = path.relative_to(one.directory)
        if path.is_file() and not str(relative).startswith("data/shard-"):
            yield str(relative), path.read_bytes()


class Listener(threading.Thread):
    """Keeps all that the event stream says of the contests, through restarts of the collector."""

    def __init__(self, one):
        super().__init__(daemon=True)
        self.api = one.api
        self.text = []
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                asker = Asker(self.api)
                asker.connection.timeout = 1
                asker.connection.request("GET", STREAM + "?contest=mayor")
                answer = asker.connection.getresponse()
                for line in answer:
                    self.text.append(line.decode(errors="replace"))
                    if self.is_over:
                        return
            except (OSError, http.client.HTTPException):
                continue

    def heard(self):
        """All that came so far."""
        return "".join(self.text)

    def events(self):
        """The data of every event so far."""
        return [json.loads(line.removeprefix("data: ")) for line in self.heard().splitlines()
                if line.startswith("data: ") and line.endswith("}")]


class Watcher:
    """Asks shards as a collector does, with a key of the cluster."""

    def __init__(self, one, key="operator"):
        self.one = one
        self.client = python_client.Client(one.directory,
                                           one.directory / "keys" / f"{key}.key")
        self.pb = python_client.compile_messages("cluster", "ballots")

    def partial(self, shard):
        """The bytes of a shard's whole count as told now, and the message."""
        socket = self.client.connect(self.one.description["shards"][shard]["replicas"][0])
        ask = self.pb.ClusterMessage(protocol=2)
        ask.watch.watch_id = 1
        socket.send(ask.SerializeToString())
        assert socket.poll(10_000), f"shard {shard} does not answer"
        data = socket.recv()
        return data, self.pb.ClusterMessage.FromString(data).partial


def partials(one):
    """(where, bytes) of what each shard tells whoever watches it."""
    watcher = Watcher(one)
    for shard in range(one.shards):
        yield f"partial of shard {shard}", watcher.partial(shard)[0]
    watcher.client.close()
