"""A station makes its own key; whoever runs the cluster sees the public half only."""

import itertools
import json
import shutil
import struct

import pytest

import python_client
from harness import FIXTURES, SLOWER, run_psephos, wait_until
from python_client import pb
from test_round_trip import assert_replayed

TOWN = FIXTURES / "town.json"
BALLOTS = "".join(json.dumps({"voter_id": f"v{i}", "unit": "north-1", "method": "booth",
                              "contests": {}}) + "\n" for i in range(5))


@pytest.fixture
def one(cluster):
    return cluster(TOWN, shards=1)


@pytest.fixture
def machine(tmp_path):
    folder = tmp_path / "machine"
    folder.mkdir()
    return folder


def keygen(key):
    return run_psephos("station", "keygen", key, check=0).stdout.strip()


def cast(one, machine, check=0):
    for name in ("cluster.json", "election.json"):
        shutil.copy(one.directory / name, machine)
    return run_psephos("cast", "--json", "--cluster", machine / "cluster.json",
                       "--key", machine / "school.key", "-", stdin=BALLOTS, check=check)


def test_a_station_makes_its_key_and_the_operator_sees_the_public_half(one, machine):
    key = machine / "school.key"
    public = keygen(key)
    assert {p.name: p.stat().st_mode & 0o777 for p in machine.iterdir()} == {
        "school.key": 0o600, "school.key.ids": 0o600, "school.key.pub": 0o644}
    assert len(public) == 40 and (machine / "school.key.pub").read_text() == public + "\n"
    assert key.read_text().startswith(f"public {public}\n")
    before = sorted(p.name for p in (one.directory / "clients").iterdir())
    told = one.call("client", "add", "school", "--public-key", machine / "school.key.pub", check=0)
    assert "with the key that it made" in told.stdout
    assert sorted(p.name for p in (one.directory / "clients").iterdir()) == before
    clients = json.loads((one.directory / "clients.json").read_text())
    local, school = clients["clients"]
    assert (clients["format"], local["number"], local["name"]) == (2, 1, "local")
    assert school == {"number": 2, "name": "school", "public_key": public}
    assert json.loads(cast(one, machine).stdout)["counted"] == 5
    # Its IDs follow from its own secret: again is again.
    assert_replayed(json.loads(cast(one, machine).stdout), 5)
    total = one.accounting()["total"]
    assert (total["counted"], total["replayed"], total["double_vote"]) == (5, 5, 0)
    one.call("client", "revoke", "school", check=0)
    again = json.loads(one.call("client", "add", "school", "--public-key", public, "--json",
                                check=0).stdout)
    # Another station now: the old number stays listed, as revoked.
    assert again == {"station": "school", "number": 3, "may_cast": True, "key": None,
                     "ballot_ids": None}
    assert_replayed(json.loads(cast(one, machine).stdout), 5)
    listed = json.loads(one.call("client", "list", "--json", check=0).stdout)["stations"]
    assert [(s["number"], s["name"], s["public_key"] == public, s["revoked"] is None)
            for s in listed] == [(1, "local", False, True), (2, "school", True, False),
                                 (3, "school", True, True)]


def test_a_key_is_never_made_over_another(machine):
    key = machine / "school.key"
    keygen(key)
    text = key.read_bytes()
    refused = run_psephos("station", "keygen", key, check=1)
    assert "is there already" in refused.stderr and refused.stdout == ""
    assert key.read_bytes() == text
    nowhere = run_psephos("station", "keygen", machine / "no" / "school.key", check=1)
    assert str(machine / "no" / "school.key") in nowhere.stderr
    for wrong in ([], ["keygen"], ["keygen", key, key], ["show", key]):
        assert run_psephos("station", *wrong).returncode == 2


def test_a_new_key_of_a_station_keeps_what_its_ballot_ids_follow_from(machine):
    key = machine / "school.key"
    first = keygen(key)
    ids = (machine / "school.key.ids").read_text()
    key.unlink()
    assert keygen(key) != first
    assert (machine / "school.key.ids").read_text() == ids
    assert key.read_text().split()[1] == (machine / "school.key.pub").read_text().strip()


def test_a_public_key_that_cannot_be_added_is_refused_with_words(one, machine):
    key = machine / "school.key"
    public = keygen(key)
    one.call("client", "add", "school", "--public-key", public, check=0)
    clients = (one.directory / "clients.json").read_text()

    def refused(name, public_key, check=1):
        done = one.call("client", "add", name, "--public-key", public_key, check=check)
        assert (one.directory / "clients.json").read_text() == clients
        return done.stderr

    assert 'is the key of the station "school" already' in refused("hall", public)
    assert 'there is a station "school" already' in refused("school", public)
    assert "is no public key" in refused("hall", public[:39])
    assert "holds a secret key" in refused("hall", key)
    assert key.read_text().split()[3] not in refused("hall", key)
    assert "holds no public key" in refused("hall", one.directory / "cluster.json")
    assert "is no public key" in refused("hall", machine / "nothing")
    # A router would take no list with one of these in it.
    for kind, whose in (("routers", "a router"), ("collectors", "a collector"),
                        ("operators", "an operator")):
        taken = one.description[kind][0]["public_key"]
        assert f"is the key of {whose} of this cluster" in refused("hall", taken)
    taken = one.description["shards"][0]["replicas"][0]["public_key"]
    assert "is the key of a shard of this cluster" in refused("hall", taken)
    (one.directory / "clients" / "hall.key").write_text("left by hand")
    assert "the secret of another key" in refused("hall", keygen(machine / "other.key"))
    assert one.call("client", "revoke", "school", "--public-key", public).returncode == 2


def test_bounds_are_checked_against_the_election_and_kept(one):
    def refused(*options):
        before = (one.directory / "clients.json").read_text()
        done = one.call("client", "add", "hall", *options, check=1)
        assert (one.directory / "clients.json").read_text() == before
        return done.stderr

    assert 'election.json has no unit "west"' in refused("--units", "north,west")
    assert 'election.json has no unit ""' in refused("--units", "north,")
    assert 'election.json has no method "fax"' in refused("--methods", "fax")
    assert "a time with its zone" in refused("--until", "2126-11-03T20:00:00")
    assert "is past" in refused("--until", "2020-11-03T20:00:00Z")
    assert not (one.directory / "clients" / "hall.key").exists()
    one.call("client", "add", "hall", "--units", "south,north,south", "--methods", "mail",
             "--until", "2126-11-03T15:00:00-05:00", check=0)
    kept = json.loads((one.directory / "clients.json").read_text())["clients"][1]
    bounds = {"units": ["north", "south"], "methods": ["mail"], "until": "2126-11-03T20:00:00Z"}
    assert {name: kept[name] for name in bounds} == bounds
    listed = json.loads(one.call("client", "list", "--json", check=0).stdout)["stations"]
    assert listed[1] == {**kept, "http": False, "revoked": None}
    assert listed[0]["units"] is listed[0]["methods"] is listed[0]["until"] is None
    table = one.call("client", "list", check=0).stdout.splitlines()
    assert table[0].split() == ["number", "name", "by", "units", "methods", "until", "revoked"]
    assert table[-1].split() == ["2", "hall", "key", "north,south", "mail",
                                 "2126-11-03T20:00:00Z", "-"]
    for wrong in (["list", "hall"], ["list", "--units", "north"],
                  ["revoke", "hall", "--until", "2126-11-03T20:00:00Z"]):
        assert one.call("client", *wrong).returncode == 2


def line(voter, unit, method="booth"):
    return json.dumps({"voter_id": voter, "unit": unit, "method": method, "contests": {}}) + "\n"


def received(one):
    return one.accounting()["total"]["received"]


def test_ballots_outside_are_not_judged_and_the_others_are(one, machine):
    public = keygen(machine / "school.key")
    one.call("client", "add", "school", "--public-key", public, "--units", "north", "--methods",
             "booth", check=0)
    for name in ("cluster.json", "election.json"):
        shutil.copy(one.directory / name, machine)
    # A county means its wards; a unit that nobody knows is outside, too.
    outside = [("south", "booth"), ("north-1", "mail"), ("north", "booth"), ("us", "booth")]
    text = "".join(line(f"in{i}", ("north-1", "north-rest")[i % 2]) +
                   line(f"out{i}", *outside[i % 4]) for i in range(400))
    for verdict, options in (("counted", []), ("replayed", ["--rows"])):
        done = run_psephos("cast", "--json", "--cluster", machine / "cluster.json", "--key",
                           machine / "school.key", *options, "-", stdin=text, check=1)
        told = json.loads(done.stdout)
        assert (told["cast"], told[verdict], told["not_allowed"]) == (800, 400, 400), done
    total = one.accounting()["total"]
    assert (total["received"], total["counted"], total["replayed"]) == (800, 400, 400)
    # To whoever has no bounds a unit that nobody knows is a ballot like others.
    assert json.loads(one.call("cast", "--json", "-", stdin=line("x", "nowhere"),
                               check=1).stdout)["invalid"] == 1


@pytest.fixture
def school(one, request):
    """A client of a station that was added without bounds."""
    one.call("client", "add", "school", check=0)
    client = python_client.Client(one.directory, one.directory / "clients/school.key",
                                  timeout_s=2 * SLOWER)
    request.addfinalizer(client.close)
    return client


def bound(one, **bounds):
    """Writes the bounds of the station "school", as `client add` would have."""
    path = one.directory / "clients.json"
    clients = json.loads(path.read_text())
    clients["clients"][1].update(bounds)
    path.write_text(json.dumps(clients))


def asked(client, ballots, features=1):
    """{voter: (code or verdict byte)} of one request, whoever answers it."""
    request = client.rows(ballots)
    request.features = features
    client.send(request)
    told = {}
    while len(told) < len(ballots):
        reply = client.receive(30)
        assert reply is not None, told
        body = getattr(reply, reply.WhichOneof("body"))
        rows = [row for row, in struct.iter_unpack("<H", body.rows)]
        said = body.verdicts if reply.HasField("verdicts") else [pb.RefusalCode.Name(body.code)
                                                                ] * len(rows)
        told.update((ballots[row].voter_id.decode(), what) for row, what in zip(rows, said))
    return told


def ballot(voter, resent=False, unit="north-1"):
    return pb.Ballot(voter_id=voter.encode(), ballot_id=voter.encode().ljust(16), unit=unit,
                     method="booth", resent=resent)


def test_after_its_time_a_station_learns_of_what_it_cast_and_nothing_else(one, school):
    assert asked(school, [ballot("ann"), ballot("bob"), ballot("eve", unit="us")]) == {
        "ann": 1, "bob": 1, "eve": 5}
    wait_until(lambda: received(one) == 3)
    bound(one, until="2020-11-03T20:00:00Z")
    number = itertools.count()
    wait_until(lambda: asked(school, [ballot(f"late{next(number)}")]).popitem()[1] ==
               "NOT_ALLOWED_ROWS", what="the end of the station's time")
    judged = 3 + next(number) - 1
    ballots = [ballot("ann"), ballot("bob", resent=True), ballot("eve", resent=True, unit="us"),
               ballot("zoe"), ballot("joe", resent=True)]
    assert asked(school, ballots) == {
        "ann": "NOT_ALLOWED_ROWS", "bob": 0x12, "eve": 0x52,
        "zoe": "NOT_ALLOWED_ROWS", "joe": "NOT_ALLOWED_ROWS"}
    # Who knows no code of rows hears the old one.
    assert asked(school, ballots, features=0) == {
        "ann": "NOT_ALLOWED", "bob": 0x12, "eve": 0x52, "zoe": "NOT_ALLOWED",
        "joe": "NOT_ALLOWED"}
    wait_until(lambda: received(one) >= judged + 4, what="the board")
    total = one.accounting()["total"]
    assert (total["received"], total["replayed"]) == (judged + 4, 4)
    wait_until(lambda: "outside the units, methods or time" in
               (one.directory / "logs" / "router-0.log").read_text(), what="a line in the log")
    # joe never was anybody's ballot: without bounds it is counted.
    assert json.loads(one.call("cast", "--json", "-", stdin=line("joe", "north-1")).stdout)[
        "counted"] == 1


def test_a_list_of_0_1_0_is_refused_with_words(one):
    (one.directory / "clients.json").write_text('{"format": 1, "clients": []}')
    told = one.call("client", "add", "hall", check=1).stderr
    assert "clients.json: /format: written by Psephos 0.1.0" in told
