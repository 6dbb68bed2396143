"""OpenSearch out against a stand-in node: what is busy, too large, newer or held.

A real node is asked by tests/bridges.
"""

import collections
import json
import subprocess
import zlib

import pytest

from casting import ballots_of_returns, free_port
from harness import BIN, ROOT, wait_until
from search_node import SearchNode
from test_round_trip import scaled_down

COUNTIES = ROOT / "demo" / "vermont-2020-county.csv"


class Bridge:
    def __init__(self, folder, one, node, **sink):
        folder.mkdir(parents=True, exist_ok=True)
        self.one, self.log, self.file = one, folder / "bridge.log", folder / "bridge.json"
        self.file.write_text(json.dumps({
            "format": 1, "name": "search", "http_local": f"127.0.0.1:{free_port()}",
            "sink": {"opensearch": {"url": node.url, **sink}}}))
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "psephos-bridge", "--cluster", self.one.directory / "cluster.json",
                 "--config", self.file], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def beside(cluster, import_returns, tmp_path):
    """beside((user, password), bytes_max, certificate, **sink) -> (cluster, node, bridge)."""
    made = []

    def make(password=None, bytes_max=None, certificate=None, **sink):
        returns = scaled_down(COUNTIES, tmp_path / "returns.csv", 50)
        one = cluster(import_returns(returns))
        one.returns = returns
        node = SearchNode(password, bytes_max, certificate)
        made.append(node)
        door = Bridge(tmp_path / "bridge", one, node, **sink)
        made.append(door)
        return one, node, door

    yield make
    for thing in made:
        if isinstance(thing, SearchNode):
            thing.stop()
        elif thing.process:
            thing.kill()


def is_level(one, node):
    held = node.documents("psephos-version").get("held")
    return held and held["written"] and held["shards"] == one.get_json(
        "/api/v1/election")["version"]["shards"]


def assert_level(one, node):
    wait_until(lambda: is_level(one, node), timeout=30, what="the newest version in the index")
    lines = list(map(json.loads, one.get("/api/v1/changes")[2].splitlines()[:-1]))
    results = {f"{r['contest']}/{r['unit']}/{r['method'] or ''}": r
               for r in lines if r["kind"] == "result"}
    found = node.documents("psephos-results")
    assert set(found) == set(results)
    for key, wanted in results.items():
        assert found[key]["held"] is False
        assert {c["choice"]: c["votes"] for c in found[key]["choices"]} == {
            c["choice"]: c["votes"] for c in wanted["choices"]}
        assert all(found[key][name] == wanted[name]
                   for name in ("ballots", "undervotes", "overvotes", "revision"))
    turnout = {t["unit"]: t for t in lines if t["kind"] == "turnout"}
    found = node.documents("psephos-turnout")
    assert {k: d["ballots_counted"] for k, d in found.items()} == {
        k: t["ballots_counted"] for k, t in turnout.items()}


def test_a_node_that_refuses_gets_every_row_in_the_end(beside, tmp_path):
    """TLS and a password; 429 of all and of documents, 413; a second start writes all again."""
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    pem = tmp_path / "node.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=node", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", tmp_path / "ca.pem"],
                   check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "ca.pem").read_text())
    one, node, door = beside(("count", "s3cret"), 20000, pem, user="count",
                             password_file=str(secret), ca_file=str(tmp_path / "ca.pem"))
    tries = collections.Counter()

    def some_twice(identity):
        tries[identity] += 1
        return 429 if zlib.crc32(identity.encode()) % 5 == 0 and tries[identity] < 3 else None

    refused = []
    node.refuse_document = some_twice
    node.refuse_request = lambda path: (refused.append(path) or 429) if (
        path == "/_bulk" and len(refused) < 2) else None
    door.start()
    one.cast("--returns", one.returns)
    assert_level(one, node)
    assert len(refused) == 2 and 0 < node.largest <= 20000
    assert max(tries.values()) >= 3
    assert node.template["index_patterns"] == ["psephos-results", "psephos-turnout"]
    before = len(node.bulks)
    door.kill()
    door.start()  # everything once more: the same version is taken again
    wait_until(lambda: sum(map(len, node.bulks[before:])) >= len(
        node.documents("psephos-results")) and is_level(one, node), what="all of it again")
    assert_level(one, node)


def test_a_newer_document_stays_and_what_is_no_longer_shown_is_held(beside):
    one, node, door = beside()
    newest = {"contest": "president", "unit": "vt", "method": "", "held": False,
              "version": {"number": 1 << 60}, "choices": "of a newer bridge"}
    old = newest | {"version": {"number": 1}, "unit": "gone"}
    node.make("psephos-results")
    node.keep("psephos-results", "president/vt/", 1 << 60, newest)
    node.keep("psephos-results", "president/gone/", 1, old)
    door.start()
    wait_until(lambda: is_level(one, node), timeout=30, what="the newest version in the index")
    found = node.documents("psephos-results")
    assert found["president/vt/"] == newest
    gone = found["president/gone/"]
    assert gone["held"] is True and gone["unit"] == "gone" and "choices" not in gone
    # Another bridge claimed what is newer: this one writes nothing of what is older.
    held = node.documents("psephos-version")["held"]
    ahead = held | {"shards": [s | {"index": s["index"] + 1000000} for s in held["shards"]]}
    node.keep("psephos-version", "held", None, ahead)
    bulks = len(node.bulks)
    one.cast("--returns", one.returns)
    # Where all of it was one answer nothing more changes: it asks again after 30 s.
    wait_until(lambda: "shows what is older" in door.log.read_text(), timeout=60,
               what="that it waits")
    assert len(node.bulks) == bulks and node.documents("psephos-version")["held"] == ahead


def test_indices_that_were_emptied_get_everything_anew(beside, tmp_path):
    """Only one county changes afterwards: the others' rows do not come in that answer."""
    one, node, door = beside()
    door.start()
    one.cast("--returns", one.returns)
    assert_level(one, node)
    with node.lock:
        for documents in node.indices.values():
            documents.clear()
    ballot = ballots_of_returns(one.returns, one.directory / "election.json")[0]
    late = tmp_path / "late.ndjson"
    late.write_text(json.dumps(ballot | {"voter_id": "late", "ballot_id": 32 * "a"}) + "\n")
    one.cast(late)
    assert_level(one, node)


@pytest.mark.parametrize("refuse, words", [
    ("document", "president/vt/: refused: by the test (status 400)"),
    ("password", "wants a user and a password"),
    ("rights", "does not let this user do that"),
])
def test_what_will_never_be_taken_ends_it_with_words(beside, refuse, words):
    one, node, door = beside(("a", "b") if refuse == "password" else None)
    if refuse == "document":
        node.refuse_document = lambda key: 400 if key == "president/vt/" else None
    if refuse == "rights":
        node.refuse_request = lambda path: 403
    door.start()
    assert door.process.wait(30) == 1
    assert words in door.log.read_text()
