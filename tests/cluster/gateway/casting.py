"""A cluster with a gateway, requests to it, and published returns as lines of ballots."""

import csv
import hashlib
import http.client
import json
import random
import socket


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def with_gateway(cluster, election, **kwargs):
    """(the cluster, "host:port" of its gateway)."""
    address = f"127.0.0.1:{free_port()}"
    options = [*kwargs.pop("up_options", ()), "--gateway", address]
    return cluster(election, up_options=options, **kwargs), address


def add(one, name, *options):
    """The token of a new station."""
    told = json.loads(one.call("client", "add", name, "--http", "--json", *options, check=0).stdout)
    assert set(told) == {"name", "number", "token"} and told["name"] == name
    return told["token"]


def ballot_id(*what):
    return hashlib.sha256(repr(what).encode()).hexdigest()[:32]


def ballot(voter, **members):
    """Blank, of the fixture town.json."""
    return {"voter_id": voter, "ballot_id": ballot_id(voter), "unit": "north-1",
            "method": "booth", "contests": {}} | members


def ndjson(ballots):
    return "".join(json.dumps(b) + "\n" for b in ballots).encode()


def request(address, method, path, body=None, headers=None, timeout=90, source=None):
    """(status, headers, body). `source`: the address to come from."""
    connection = http.client.HTTPConnection(address, timeout=timeout,
                                            source_address=source and (source, 0))
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def post(address, token, body, headers=None, timeout=90, source=None):
    """(status, headers, lines of the answer, or the problem)."""
    if not isinstance(body, bytes):
        body = ndjson(body)
    sent = {"Content-Type": "application/x-ndjson"} | (headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    status, got, text = request(address, "POST", "/api/v1/ballots", body, sent, timeout, source)
    if got["Content-Type"] == "application/x-ndjson":
        return status, got, [json.loads(line) for line in text.splitlines()]
    assert got["Content-Type"] == "application/problem+json", (status, got, text)
    problem = json.loads(text)
    assert problem["status"] == status and problem["detail"]
    return status, got, problem


def ballots_of_returns(returns, election, seed=1):
    """Ballots that make up just these returns: one vote in each contest at most."""
    definition = json.loads(election.read_text())
    parties = {p["id"]: p["name"] for p in definition["parties"]}
    units = {u["name"]: u["id"] for u in definition["units"] if u.get("ballot_styles")}
    choices = {(contest["office"], choice["name"], parties.get(choice.get("party"), "")):
               (contest["id"], choice["id"])
               for contest in definition["contests"] for choice in contest["choices"]}
    votes = {}
    for row in csv.DictReader(returns.open(encoding="utf-8")):
        contest, choice = choices[row["office"], row["candidate"], row["party"]]
        votes.setdefault(units[row["county"]], {}).setdefault(contest, []).extend(
            [choice] * int(row["votes"]))
    rng = random.Random(seed)
    ballots = []
    for unit, contests in votes.items():
        for marked in contests.values():
            rng.shuffle(marked)
        for i in range(max(map(len, contests.values()))):
            voter = f"{unit}-{i}"
            ballots.append({"voter_id": voter, "ballot_id": ballot_id(seed, voter), "unit": unit,
                            "contests": {c: [m[i]] for c, m in contests.items() if i < len(m)}})
    rng.shuffle(ballots)
    return ballots
