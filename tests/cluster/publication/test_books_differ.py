"""Books that do not add up are told, whatever the collector says of them: one that speaks for
itself is put in its place."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import run_psephos

DISPOSITIONS = ("counted", "replayed", "double_vote", "not_eligible", "invalid", "closed")
VERSION = {"id": "1-2-3", "number": 1, "cluster": "00" * 16, "shards": []}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        body = json.dumps(self.server.answers.get(path, {})).encode()
        self.send_response(200 if path in self.server.answers else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    """api(answers by path) -> the URL of who gives them."""
    servers = []

    def serve(answers):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.answers = answers
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def books(counted, **more):
    """Balanced, but for what is said otherwise."""
    return {"received": counted, "added_ballots": counted, "voters_counted": counted,
            "balanced": True, "shown": counted, "held": 0, "forgotten": 0} | {
        name: counted if name == "counted" else 0 for name in DISPOSITIONS} | more


def accounting(total, *shards, diverged=False):
    common = {"version": VERSION, "as_of": None, "stale": False, "mode": "live",
              "publication": "immediate", "status": "unofficial"}
    return {"/api/v1/accounting": common | {
                "total": total,
                "shards": [{"shard": i} | shard for i, shard in enumerate(shards)]},
            "/api/v1/election": common | {"election": {"state": "open"}},
            "/api/v1/shards": common | {"shards": [{"shard": i, "diverged": diverged}
                                                   for i in range(len(shards))]}}


@pytest.mark.parametrize("total, shards, good", [
    (books(12), [books(7), books(5)], True),
    (books(12), [books(7, received=8), books(5, received=4)], False),  # they make up for each other
    (books(12), [books(7, voters_counted=6), books(5, voters_counted=6)], False),
    (books(12), [books(7), books(4)], False),
    (books(12, closed=1), [books(7), books(5, closed=1)], False),
], ids=["good", "received", "voters", "the sum", "closed"])
def test_accounting_adds_up_for_itself(api, total, shards, good):
    told = run_psephos("accounting", "--json", "--api", api(accounting(total, *shards)),
                       check=0 if good else 1)
    assert ("the books do not balance" in told.stderr) == (not good)


def test_accounting_with_replicas_that_disagree_is_not_good(api):
    told = run_psephos("accounting", "--json", "--api",
                       api(accounting(books(7), books(7), diverged=True)), check=1)
    assert "replicas of shard 0 disagree" in told.stderr


@pytest.mark.parametrize("balanced", [True, False])
def test_books_by_station_that_do_not_add_up_are_told(api, balanced):
    counters = {"received": 5, "forgotten": 0} | {
        name: 5 if name == "counted" else 0 for name in DISPOSITIONS}
    answer = {"version": VERSION, "as_of": None, "stale": False, "mode": "live",
              "publication": "immediate", "status": "unofficial", "balanced": balanced,
              "stations": [{"number": 1, "name": "local", "units": None} | counters],
              "total": counters}
    told = run_psephos("stations", "--json", "--api", api({"/stations": answer}),
                       check=0 if balanced else 1)
    assert json.loads(told.stdout)["balanced"] is balanced
