"""What a request to the gateway gets, line by line, and what is refused before it is sent."""

import concurrent.futures
import json
import shutil
import signal
import socket
import time

import pytest

from casting import add, ballot, ballot_id, ndjson, post, request, with_gateway
from harness import FIXTURES, run_psephos, wait_until

TOWN = FIXTURES / "town.json"
MEMBERS = ["line", "ballot_id", "disposition", "first", "shard", "index", "reason"]


@pytest.fixture
def town(cluster):
    return with_gateway(cluster, TOWN)


def shown(lines, *members):
    return [tuple(line[m] for m in members) for line in lines]


def test_every_line_gets_its_verdict_in_order(town):
    one, address = town
    token = add(one, "web")
    sent = [ballot("a"), ballot("b", unit="nowhere"), ballot("c"),
            ballot("a", ballot_id=ballot_id("another"))]
    status, headers, lines = post(address, token, sent)
    assert status == 200 and "Retry-After" not in headers
    assert [list(line) for line in lines] == [MEMBERS] * 4
    assert shown(lines, "line", "ballot_id") == [(i + 1, b["ballot_id"])
                                                 for i, b in enumerate(sent)]
    assert shown(lines, "disposition", "first") == [
        ("counted", "counted"), ("invalid", "invalid"), ("counted", "counted"),
        ("double_vote", "double_vote")]
    assert [line["reason"] for line in lines] == [
        None, 'unknown unit "nowhere"', None, "another ballot of this voter has been counted"]
    assert all(line["index"] > 0 and line["shard"] in (0, 1) for line in lines)
    status, _, again = post(address, token, sent)
    assert status == 200
    assert shown(again, "disposition", "first") == [("replayed", line["first"]) for line in lines]
    # Verdicts are there before the collector has heard of them.
    wait_until(lambda: one.accounting()["total"]["received"] == 8, what="all that came")
    total = one.accounting()["total"]
    assert (total["counted"], total["replayed"], total["invalid"]) == (2, 4, 1)
    # The books are the station's.
    stations = json.loads(one.call("stations", "--json", check=0).stdout)["stations"]
    assert {s["name"]: s["received"] for s in stations if s["received"]} == {"web": 8}


def test_one_object_and_windows_line_ends_are_taken(town):
    one, address = town
    token = add(one, "web")
    status, _, lines = post(address, token, json.dumps(ballot("a"), indent=2).encode(),
                            {"Content-Type": "application/json; charset=utf-8"})
    assert status == 200 and shown(lines, "line", "disposition") == [(1, "counted")]
    status, _, lines = post(address, token, ndjson([ballot("b"), ballot("c")])
                            .replace(b"\n", b"\r\n") + b"\r\n\r\n")
    assert status == 200 and shown(lines, "disposition") == [("counted",)] * 2


def test_what_is_no_ballot_is_told_with_its_line_and_nothing_is_sent(town):
    one, address = town
    token = add(one, "web")
    good = ndjson([ballot("a")])
    for bad, line, why in [
            (b"x\n", 2, ""), (b"[]\n", 2, "array"), (b"{}\n", 2, "voter_id"),
            (b"\n" + good, 2, "is empty"), (b'{"voter_id": "v"', 2, ""),
            (ndjson([ballot("b", ballot_id=None)]), 2, "choose one yourself (32 hex digits)"),
            (ndjson([ballot("b", weight=2)]), 2, "weight"),
            (ndjson([ballot("b" * 300)]), 2, "255"),
            (b"\xff\n", 2, ""), (b'{"a":' * 5000 + b"\n", 2, ""),
            (b" " * (1 << 20) + b"{}\n", 2, "1048576")]:
        status, _, problem = post(address, token, good + bad)
        assert status == 400, (bad[:80], problem)
        assert problem["detail"].startswith(f"line {line}: ") and why in problem["detail"], problem
    for nothing in (b"", b"\n", b" \r\n\n"):
        assert post(address, token, nothing)[0] == 400
    assert post(address, token, good + b"{", {"Content-Type": "application/json"})[0] == 400
    assert one.accounting()["total"]["received"] == 0


def test_a_token_holds_from_add_to_revoke(town):
    one, address = town
    body = ndjson([ballot("a")])
    for number in range(5):
        token = add(one, f"web-{number}")
        status, _, lines = post(address, token, body)  # at once: the routers look, too
        assert status == 200 and lines[0]["first"] == "counted", lines
        one.call("client", "revoke", f"web-{number}", check=0)
        status, headers, problem = post(address, token, body)
        assert status == 401 and headers["WWW-Authenticate"] == "Bearer"
        assert "client add" in problem["detail"]
    token = add(one, "web")
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    for header in (None, "", "Bearer", "Bearer ", f"Basic {token}", f"Bearer {wrong}",
                   f"Bearer {token}0", f"Bearer {token.replace('_', '_0', 1)}", "Bearer x" * 100,
                   f"Bearer psephos_1_{token.rpartition('_')[2]}"):
        headers = {} if header is None else {"Authorization": header}
        assert post(address, None, body, headers)[0] == 401, header
    assert post(address, None, body, {"Authorization": f"bearer  {token}"})[0] == 200
    clients = (one.directory / "clients.json").read_text()
    assert token not in clients and token.rpartition("_")[2] not in clients
    listed = json.loads(one.call("client", "list", "--json", check=0).stdout)["stations"]
    assert [(s["name"], s["http"], s["public_key"] is None) for s in listed[:2]] == [
        ("local", False, False), ("web-0", True, True)]
    assert token not in one.call("client", "list", check=0).stdout
    for wrong_call in (["add", "x", "--http", "--public-key", "k"], ["revoke", "web", "--http"]):
        assert one.call("client", *wrong_call).returncode == 2


def test_the_named_stations_bounds_hold(town):
    one, address = town
    bounded = add(one, "hall", "--units", "south", "--methods", "mail")
    free = add(one, "web")
    inside = ballot("a", unit="south", method="mail")
    sent = [inside, ballot("b"), ballot("c", unit="south"), ballot("d", unit="nowhere")]
    status, _, lines = post(address, bounded, sent)
    assert status == 200
    assert shown(lines, "disposition", "first", "shard", "index")[1:] == [
        ("not_allowed", "not_allowed", None, None)] * 3
    assert lines[0]["disposition"] == "counted"
    assert "token" in lines[1]["reason"]
    # What another station cast is known; of what nobody cast the refusal stays.
    assert shown(post(address, free, [ballot("b")])[2], "disposition") == [("counted",)]
    assert shown(post(address, bounded, sent)[2], "disposition", "first")[:3] == [
        ("replayed", "counted"), ("replayed", "counted"), ("not_allowed", "not_allowed")]
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    short = add(one, "short", "--until", soon)
    assert shown(post(address, short, [ballot("s1")])[2], "disposition") == [("counted",)]
    wait_until(lambda: shown(post(address, short, [ballot(f"s{time.time()}")])[2],
                             "disposition") == [("not_allowed",)], what="the end of its time")
    assert shown(post(address, short, [ballot("s1")])[2], "first") == [("counted",)]


def test_more_than_a_request_may_have_is_413_before_it_is_read(town):
    one, address = town
    token = add(one, "web")
    host, _, port = address.partition(":")
    # Only the headers are sent: the answer cannot have waited for the body.
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(f"POST /api/v1/ballots HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                    f"Content-Length: {(16 << 20) + 1}\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 413 ")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"POST /api/v1/ballots HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 401 ")
    line = ndjson([ballot("a")])
    status, _, problem = post(address, token, line * 65537)
    assert status == 413 and "65536" in problem["detail"]
    assert one.accounting()["total"]["received"] == 0
    status, _, lines = post(address, token, [ballot(f"v{i}") for i in range(65536)])
    assert status == 200 and len(lines) == 65536
    assert {line["first"] for line in lines} == {"counted"}
    wait_until(lambda: one.accounting()["total"]["counted"] == 65536, what="the count")


def test_without_a_shard_lines_stay_open_and_sending_all_again_is_safe(town):
    one, address = town
    token = add(one, "web")
    ballots = [ballot(f"v{i}") for i in range(200)]
    one.kill("shard", 0)
    begun = time.monotonic()
    status, headers, lines = post(address, token, ballots)
    assert status == 503 and headers["Retry-After"] == "1"
    assert 29 < time.monotonic() - begun < 40
    assert [line["line"] for line in lines] == list(range(1, 201))
    open_lines = [line for line in lines if line["disposition"] is None]
    assert 0 < len(open_lines) < 200
    assert {tuple(line[m] for m in ("first", "shard", "index")) for line in open_lines} == {
        (None, None, None)}
    assert all("again" in line["reason"] for line in open_lines)
    assert {line["shard"] for line in lines if line["disposition"]} == {1}
    # What was given up is on the way still, and counts against the station.
    many = [ballot(f"w{i}") for i in range(65536 - len(open_lines) + 1)]
    status, headers, busy = post(address, token, many)
    assert status == 429 and headers["Retry-After"] == "1" and len(busy) == len(many)
    assert {line["disposition"] for line in busy} == {None}
    assert busy[0]["ballot_id"] == many[0]["ballot_id"]
    one.up()
    status, _, again = post(address, token, ballots)
    assert status == 200 and {line["first"] for line in again} == {"counted"}
    wait_until(lambda: one.accounting()["total"]["counted"] == 200, what="the count")


def test_paths_and_methods(town):
    one, address = town
    for path, kind in (("/healthz", "text/plain"), ("/readyz", "text/plain"),
                       ("/openapi.json", "application/json")):
        status, headers, body = request(address, "GET", path)
        assert status == 200 and headers["Content-Type"].startswith(kind) and body
        assert request(address, "HEAD", path)[0] == 200
        status, headers, _ = request(address, "POST", path, b"x")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert json.loads(request(address, "GET", "/openapi.json")[2])["openapi"] == "3.1.0"
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        status, headers, _ = request(address, method, "/api/v1/ballots")
        assert (status, headers["Allow"]) == (405, "POST, OPTIONS")
    for path in ("/", "/api/v1/ballots/", "/api/v1", "/metrics", "/%00", "/healthz%00x",
                 "/api/v1/ballots%00"):
        status, headers, _ = request(address, "GET", path)
        assert (status, headers["Content-Type"]) == (404, "application/problem+json"), path
    status, headers, _ = request(address, "OPTIONS", "/api/v1/ballots",
                                 headers={"Origin": "https://vote.example.org"})
    assert status == 204 and not any(name.startswith("Access-Control") for name in headers)
    local = one.description["gateways"][0]["http_local"]
    token = add(one, "web")
    post(address, token, [ballot("a")])
    metrics = request(local, "GET", "/metrics")[2].decode()
    assert 'psephos_gateway_verdicts_total{disposition="counted"} 1\n' in metrics
    assert "psephos_gateway_ready 1\n" in metrics and "psephos_gateway_held_bytes 0\n" in metrics
    assert request(local, "POST", "/api/v1/ballots", b"{}")[0] == 404


def test_up_status_and_down_know_the_gateway(town):
    one, address = town
    assert f"http://{address}/api/v1/ballots" in one.up().stdout
    gateway = one.processes()[-1]
    assert (gateway["role"], gateway["state"], gateway["address"]) == ("gateway", "ready", address)
    one.kill("gateway")
    done = one.call("status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["processes"][-1]["state"] == "down"
    one.up()
    pid = one.processes()[-1]["pid"]
    assert pid != gateway["pid"]
    one.kill("router")
    wait_until(lambda: request(address, "GET", "/readyz")[0] == 503, what="not ready")
    assert one.processes()[-1]["state"] == "not ready"
    one.up()
    assert one.kill("gateway", sig=signal.SIGTERM) == [pid]
    other = run_psephos("up", "--dir", one.directory, "--gateway", "127.0.0.1:1")
    assert other.returncode == 1 and "--gateway" in other.stderr
    assert "5 processes" not in one.down().stdout


def test_a_gateway_of_another_host_is_not_asked_and_nothing_is_wrong(town, tmp_path):
    """A control node has cluster.json and the operator's key; /readyz is on the host's loopback."""
    one, _ = town
    (tmp_path / "node" / "keys").mkdir(parents=True)
    shutil.copy(one.directory / "cluster.json", tmp_path / "node")
    shutil.copy(one.directory / "keys" / "operator.key", tmp_path / "node" / "keys")

    def row():
        done = run_psephos("status", "--dir", tmp_path / "node", "--json")
        told = json.loads(done.stdout)
        gateway = next(p for p in told["processes"] if p["role"] == "gateway")
        return done.returncode, told["healthy"], gateway["state"]
    assert row() == (0, True, "ready")
    one.kill("gateway")
    assert row() == (0, True, "not asked")
    one.kill("router")
    assert row() == (1, False, "not asked")
    one.kill()
    done = run_psephos("status", "--dir", tmp_path / "node", "--json", check=3)
    assert {p["state"] for p in json.loads(done.stdout)["processes"]} == {"down"}


def test_a_request_under_way_at_the_end_of_the_gateway_is_answered(town):
    one, address = town
    token = add(one, "web")
    one.kill("shard", 0)
    host, _, port = address.partition(":")
    body = ndjson(ballot(f"v{i}") for i in range(50))
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(f"POST /api/v1/ballots HTTP/1.0\r\nAuthorization: Bearer {token}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(1)
        one.kill("gateway", sig=signal.SIGTERM)
        answer = b""
        while piece := raw.recv(65536):
            answer += piece
    # An answer, whole or not: never one that says more than is known.
    assert b" 200 " not in answer.partition(b"\r\n")[0]


def test_the_same_ballots_from_three_stations_are_in_the_books_of_who_sent_them(town, tmp_path):
    """Two tokens at once, again and again, and a key after them: counted once, and each time
    that they came is in the books of the station that they came from."""
    one, address = town
    ballots, lines = [ballot(f"v{i}") for i in range(300)], tmp_path / "same.ndjson"
    lines.write_bytes(ndjson(ballots))
    tokens = [add(one, name) for name in ("first", "second")] * 4
    with concurrent.futures.ThreadPoolExecutor(len(tokens)) as pool:
        assert [answer[0] for answer in pool.map(lambda token: post(address, token, ballots),
                                                 tokens)] == [200] * 8
    one.call("cast", lines, check=0)
    wait_until(lambda: one.accounting()["total"]["received"] == 2700, what="all that came")
    local = one.description["collectors"][0]["http_local"]
    books = json.loads(request(local, "GET", "/stations")[2])
    assert {row["name"]: row["received"] for row in books["stations"]} == {
        "first": 1200, "second": 1200, "local": 300}
    assert sum(row["counted"] for row in books["stations"]) == 300 and books["balanced"]
